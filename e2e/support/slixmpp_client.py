"""A standard XMPP client driven by lines of JSON on stdin; everything it sees is told as lines of JSON on stdout.

Debian's slixmpp, with its own STARTTLS and SASL, knows nothing of Drawbridge.
"""

import asyncio
import base64
import json
import ssl
import sys

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream import ET


PLUGINS = (
    "xep_0030",
    "xep_0045",
    "xep_0054",
    "xep_0066",
    "xep_0084",
    "xep_0153",
    "xep_0184",
    "xep_0191",
    "xep_0199",
    "xep_0308",
    "xep_0313",
    "xep_0363",
    "xep_0444",
)


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, options):
        super().__init__(options["jid"], options["password"])
        if options.get("mechanism"):
            self.only(options["mechanism"])
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.register_plugin("xep_0092", {"software_name": options.get("name", "slixmpp"), "version": options.get("version", "1.8.3"), "os": "test"})
        if options.get("management", True):
            self.register_plugin("xep_0198")
        # The server's certificate is self-signed; here it is the very file the server made.
        self.ca_certs = options.get("ca")
        self.options = options
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("message", self.message)
        self.add_event_handler("reactions", lambda m: tell("reactions", sender=str(m["from"]), id=m["reactions"]["id"], values=sorted(m["reactions"]["values"])))
        # A request is left to whoever drives the client.
        self.roster.auto_authorize = None if options.get("asks") else True
        self.add_event_handler("failed_auth", lambda failure: tell("failed_auth", text=str(failure)))
        self.add_event_handler("stream_error", lambda error: tell("stream_error", condition=error["condition"], text=error["text"]))
        self.add_event_handler("disconnected", lambda reason: tell("disconnected", reason=str(reason or "")))
        self.add_event_handler("presence_subscribe", lambda p: tell("subscribe", sender=str(p["from"])))
        self.add_event_handler("changed_status", lambda p: tell("presence", sender=str(p["from"]), type=p["type"]))
        self.add_event_handler("avatar_metadata_publish", self.avatar_metadata)
        self.add_event_handler("vcard_avatar_update", lambda p: tell("photo", sender=p["from"].bare, hash=p["vcard_temp_update"]["photo"]))
        self.add_event_handler("receipt_received", lambda m: tell("receipt", sender=str(m["from"]), id=m["receipt"]))

    def only(self, mechanism):
        """Signs in by this mechanism, without channel binding: on TLS 1.3 the library binds by tls-unique, which does not exist there."""
        feature = self["feature_mechanisms"]
        credentials = feature.sasl_callback
        feature.use_mech = mechanism
        feature.sasl_callback = lambda required, optional: {**credentials(required, optional - {"channel_binding"}), "channel_binding": None}

    async def started(self, _event):
        await self.get_roster()
        self.send_presence()
        mechanism = getattr(self["feature_mechanisms"], "mech", None)
        tell("ready", jid=str(self.boundjid), mechanism=getattr(mechanism, "name", None))

    def avatar_metadata(self, message):
        info = message.xml.find(".//{urn:xmpp:avatar:metadata}info")
        tell("avatar", sender=message["from"].bare, **(info.attrib if info is not None else {}))

    def message(self, message):
        if message["type"] == "error":
            error = message["error"]
            tell("error", id=message["id"], condition=error["condition"], text=error["text"])
            return
        tell(
            "message",
            sender=str(message["from"]),
            type=message["type"],
            id=message["id"],
            body=message["body"],
            subject=message["subject"],
            replaces=message["replace"]["id"] or None,
            xml=str(message),
        )

    async def run(self, command):
        op = command["op"]
        if op == "send":
            message = self.make_message(mto=command["to"], mbody=command["body"], mtype="chat")
            if command.get("receipt"):
                message["request_receipt"] = True
            if command.get("id"):
                message["id"] = command["id"]
            if command.get("url"):
                message["oob"]["url"] = command["url"]
            message.send()
            return None
        if op == "correct":
            message = self.make_message(mto=command["to"], mbody=command["body"], mtype="chat")
            message["replace"]["id"] = command["id"]
            message.send()
            return None
        if op == "react":
            self["xep_0444"].send_reactions(slixmpp.JID(command["to"]), command["id"], [command["emoji"]])
            return None
        if op == "block":
            await self["xep_0191"].block(slixmpp.JID(command["jid"]))
            return None
        if op == "join":
            _presence, _subject, _occupants, history = await self["xep_0045"].join_muc_wait(slixmpp.JID(command["room"]), command["nick"], maxstanzas=20, timeout=10)
            return [message["body"] for message in history]
        if op == "groupchat":
            self.send_message(mto=command["room"], mbody=command["body"], mtype="groupchat")
            return None
        if op == "subscribe":
            self.send_presence_subscription(pto=command["to"], ptype=command.get("type", "subscribe"))
            return None
        if op == "history":
            found = []
            async for row in self["xep_0313"].iterate(with_jid=slixmpp.JID(command["with"]) if command.get("with") else None, total=command.get("total", 100)):
                forwarded = row["mam_result"]["forwarded"]["stanza"]
                found.append({"id": row["mam_result"]["id"], "body": forwarded["body"], "from": str(forwarded["from"])})
            return found
        if op == "upload":
            from pathlib import Path

            path = Path(command["path"])
            # Its search for the service passes coroutines to asyncio.wait, which Python 3.11 forbids.
            self["xep_0363"].upload_service = slixmpp.JID(self.boundjid.domain)
            self["xep_0363"].max_file_size = float("inf")
            return str(await self["xep_0363"].upload_file(path, content_type=command.get("type"), timeout=30))
        if op == "avatar":
            data = open(command["path"], "rb").read()
            await self["xep_0084"].publish_avatar(data)
            info = {"id": self["xep_0084"].generate_id(data), "type": "image/png", "bytes": len(data)}
            await self["xep_0084"].publish_avatar_metadata([info])
            return info["id"]
        if op == "photo":
            await self["xep_0153"].set_avatar(avatar=open(command["path"], "rb").read(), mtype="image/png")
            return None
        if op == "avatar-data":
            answer = await self["xep_0084"].retrieve_avatar(slixmpp.JID(command["of"]), command["id"])
            return base64.b64encode(answer["pubsub"]["items"]["item"]["avatar_data"]["value"]).decode()
        if op == "stanza":
            self.send_raw(command["xml"])
            return None
        if op == "ask":
            iq = self.make_iq(itype=command["type"], ito=command.get("to"))
            iq.append(ET.fromstring(command["xml"]))
            return str(await iq.send())
        if op == "vcard":
            card = await self["xep_0054"].get_vcard(jid=slixmpp.JID(command["of"]).bare if command.get("of") else None, cached=False)
            photo = card["vcard_temp"]["PHOTO"]
            return {"type": photo["TYPE"], "bytes": base64.b64encode(photo["BINVAL"] or b"").decode()}
        if op == "iq":
            iq = self.make_iq_get(ito=command.get("to"))
            return str(await iq.send())
        raise ValueError(op)


async def commands(client):
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        if command["op"] == "stop":
            break
        try:
            value = await client.run(command)
            tell("done", n=command["n"], value=value)
        except (IqError, IqTimeout) as error:
            iq = error.iq if hasattr(error, "iq") else None
            tell("failed", n=command["n"], condition=iq["error"]["condition"] if iq is not None else "timeout", text=str(error))
        except Exception as error:  # whatever the library throws is the answer
            tell("failed", n=command["n"], condition=type(error).__name__, text=str(error))
    client.disconnect(wait=2.0)


async def main():
    options = json.loads(sys.argv[1])
    client = Client(options)
    if options.get("direct"):
        client.connect(("127.0.0.1", options["port"]), use_ssl=True, force_starttls=False, disable_starttls=True)
    else:
        client.connect(("127.0.0.1", options["port"]), force_starttls=True)
    work = asyncio.ensure_future(commands(client))
    await asyncio.wait({work, asyncio.ensure_future(client.disconnected)}, return_when=asyncio.ALL_COMPLETED if options.get("stay") else asyncio.FIRST_COMPLETED)
    if not work.done():
        await asyncio.sleep(0.1)


asyncio.get_event_loop().run_until_complete(main())
