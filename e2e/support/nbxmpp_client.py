"""Gajim's library as a client driven by lines of JSON on stdin; what it sees is told as lines of JSON on stdout.

Debian's nbxmpp with GLib's main loop, as Gajim runs it: STARTTLS, SCRAM and Stream Management are its own.
"""

import json
import logging
import os
import sys
import urllib.request
from pathlib import Path

import gi

gi.require_version("Soup", "3.0")
from gi.repository import Gio, GLib  # noqa: E402
from nbxmpp.client import Client  # noqa: E402
from nbxmpp.const import ConnectionProtocol, ConnectionType  # noqa: E402
from nbxmpp.modules.receipts import build_receipt  # noqa: E402
from nbxmpp.modules.user_avatar import Avatar  # noqa: E402
from nbxmpp.namespaces import Namespace  # noqa: E402
from nbxmpp.protocol import JID, Message, NodeProcessed, Presence  # noqa: E402
from nbxmpp.structs import StanzaHandler  # noqa: E402


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def upload(slot, data, content_type):
    """Gajim does this with libsoup; the library only brings the slot."""
    request = urllib.request.Request(slot.put_uri, data, {**slot.headers, "Content-Type": content_type}, method="PUT")
    urllib.request.urlopen(request).close()
    return slot.get_uri


class Runner:
    def __init__(self, options):
        self.jid = JID.from_string(options["jid"])
        self.client = client = Client(log_context="interop")
        client.set_domain(self.jid.domain)
        client.set_username(self.jid.localpart)
        client.set_resource("nbxmpp")
        client.set_password(options["password"])
        client.set_custom_host(f"127.0.0.1:{options['port']}", ConnectionProtocol.TCP, ConnectionType.START_TLS)
        # As when somebody presses "accept this certificate" in Gajim.
        client.set_accepted_certificates([Gio.TlsCertificate.new_from_file(options["ca"])])
        for signal, handler in (
            ("connected", self.connected),
            ("connection-failed", self.failed),
            ("disconnected", self.failed),
        ):
            client.subscribe(signal, handler)
        client.register_handler(StanzaHandler("message", self.message, priority=60))
        client.register_handler(StanzaHandler("presence", self.presence, priority=60))
        client.register_handler(StanzaHandler("iq", self.roster_push, typ="set", ns=Namespace.ROSTER, priority=60))
        self.loop = GLib.MainLoop()
        client.connect()

    def failed(self, client, signal, *_):
        tell(signal, error=[str(part) for part in client.get_error()])
        self.loop.quit()

    def connected(self, client, *_):
        # What it chose is known to its SASL only.
        self.mechanism = client._sasl._mechanism.name
        client.get_module("Roster").request_roster(callback=self.rostered)

    def rostered(self, task):
        task.finish()
        self.client.send_stanza(Presence())
        tell("ready", mechanism=self.mechanism, jid=str(self.client.get_bound_jid()))

    def roster_push(self, *_):
        """The library has taken it in and answered; without this it would answer once more, with an error."""
        raise NodeProcessed

    def presence(self, _client, _stanza, properties):
        if properties.type.value == "subscribe":
            tell("subscribe", sender=str(properties.jid))
        else:
            tell("presence", sender=str(properties.jid), type=properties.type.value or "available")

    def message(self, _client, stanza, properties):
        if properties.receipt is not None and properties.receipt.is_received:
            tell("receipt", id=properties.receipt.id)
        elif properties.reactions is not None:
            tell("reactions", id=properties.reactions.id, values=sorted(properties.reactions.emojis))
        elif properties.body is not None:
            if properties.mam is not None:
                self.archived.append({"id": properties.mam.id, "body": properties.body, "from": str(properties.jid)})
                return
            tell(
                "message",
                sender=str(properties.jid),
                id=properties.id,
                body=properties.body,
                type=properties.type.value,
                replaces=properties.correction.id if properties.correction else None,
            )
            if properties.receipt is not None and properties.receipt.is_request:
                self.client.send_stanza(build_receipt(stanza))

    def run(self, command, answer):
        """Starts an operation; `answer` gets what it resulted in, or the library's error."""
        op, module, to = command["op"], self.client.get_module, command.get("to")

        def then(convert):
            def finish(task):
                try:
                    answer(convert(task.finish()))
                except Exception as error:  # whatever the library says is the answer
                    answer(error)

            # The library only has a weak reference.
            self.finish = finish
            return finish

        if op == "send":
            self.say(to, command)
        elif op == "groupchat":
            self.client.send_stanza(Message(to=command["room"], body=command["body"], typ="groupchat"))
        elif op == "correct":
            message = Message(to=to, body=command["body"], typ="chat")
            message.setCorrection(command["id"])
            self.client.send_stanza(message)
        elif op == "react":
            message = Message(to=to, typ="chat")
            message.setReactions(command["id"], {command["emoji"]})
            self.client.send_stanza(message)
        elif op == "subscribe":
            presences = module("BasePresence")
            (presences.subscribed if command.get("type") == "subscribed" else presences.subscribe)(to)
        elif op == "history":
            self.archived = []
            # Not by contact: the library's form for that fails in itself. Gajim asks by time.
            return module("MAM").make_query(self.jid, queryid="history", callback=then(lambda _: self.archived))
        elif op == "join":
            presence = Presence(to=f"{command['room']}/{command['nick']}")
            presence.setTag("x", namespace=Namespace.MUC).setTag("history", attrs={"maxstanzas": "20"})
            self.client.send_stanza(presence)
        elif op == "upload":
            path = Path(command["path"])
            data = path.read_bytes()
            put = then(lambda slot: upload(slot, data, command["type"]))
            return module("HTTPUpload").request_slot(self.jid.domain, path.name, len(data), command["type"], callback=put)
        elif op == "avatar":
            avatar = Avatar()
            avatar.add_image_source(Path(command["path"]).read_bytes(), "image/png", 48, 64)
            return module("UserAvatar").set_avatar(avatar, callback=then(lambda _: None))
        elif op == "block":
            return module("Blocking").block([JID.from_string(command["jid"])], callback=then(lambda _: None))
        else:
            raise ValueError(op)
        answer(None)

    def say(self, to, command):
        message = Message(to=to, body=command["body"], typ="chat")
        if command.get("id"):
            message.setID(command["id"])
        if command.get("receipt"):
            message.setReceiptRequest()
        if command.get("url"):
            message.setOOB(command["url"])
        self.client.send_stanza(message)

    def line(self, channel, _condition):
        line = channel.readline()
        command = json.loads(line) if line else {"op": "stop"}
        if command["op"] == "stop":
            self.client.disconnect()
            return False

        def answer(value):
            if isinstance(value, Exception):
                tell("failed", n=command["n"], condition=getattr(value, "condition", type(value).__name__), text=str(value))
            else:
                tell("done", n=command["n"], value=value)

        try:
            self.run(command, answer)
        except Exception as error:
            answer(error)
        return True


logging.basicConfig(level=os.environ.get("NBXMPP_LOG", "ERROR"))
runner = Runner(json.loads(sys.argv[1]))
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, runner.line)
runner.loop.run()
