import {
  NS_BYTESTREAMS,
  NS_CLIENT,
  NS_EME,
  NS_IBB,
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OOB_IQ,
  NS_OPENPGP,
  NS_OPENPGP_LEGACY,
  NS_SI,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { Visited } from './walk.ts'

/**
 * Ways to hand a file from client to client, past the sanitizer (images §6, rows 22, 23 and 35). What clients say that
 * they can do (XEP-0030) is passed on as it is: it is under a hash that their presence carries (XEP-0115, XEP-0390) and
 * that would have to be made anew from an answer which the server may not have yet; what is tried is refused here.
 */
const TRANSFERS: ReadonlySet<string> = new Set([
  NS_IBB,
  NS_BYTESTREAMS,
  NS_SI,
  'http://jabber.org/protocol/si/profile/file-transfer',
  'http://jabber.org/protocol/sipub',
  NS_OOB_IQ,
  'urn:xmpp:fis:0',
  'urn:xmpp:jinglepub:1',
  'urn:xmpp:jingle:jet:0',
  'urn:xmpp:jingle:jet-omemo:0',
  'http://jabber.org/protocol/jinglenodes',
  'http://jabber.org/protocol/jinglenodes#channel',
  'urn:xmpp:http',
  'urn:xmpp:webxdc:0',
])

/** Calls pass: what they carry goes from peer to peer, and is no file. Everything else that Jingle can do is refused. */
const JINGLE = /^urn:xmpp:jingle:(?:apps|transports):/
const CALLS = /^urn:xmpp:jingle:(?:apps:(?:rtp|grouping|dtls):|transports:(?:ice-udp|ice|raw-udp):)/

/** What the server cannot read, it cannot check (rows 24 and 25). */
const ENCRYPTION: ReadonlySet<string> = new Set([
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OPENPGP,
  NS_OPENPGP_LEGACY,
  NS_EME,
  'urn:xmpp:esfs:0',
  'urn:xmpp:encrypted:0',
  'http://www.xmpp.org/extensions/xep-0200.html#ns',
])
/** XEP-0364: encrypted text, or the offer of it, in a body. */
const OTR = /^\s*\?OTR(?:[:|,?]|v\d)/

/** Refuses what can carry an image in a way that nobody can look into. @throws StanzaFault */
export function assertAllowed({ element, namespace }: Visited): void {
  if (TRANSFERS.has(namespace) || (JINGLE.test(namespace) && !CALLS.test(namespace))) {
    throw new StanzaFault({
      condition: 'not-allowed',
      text: 'Files are not passed from client to client here. Please share the file by upload (XEP-0363).',
    })
  }
  const isOtr = namespace === NS_CLIENT && element.name === 'body' && OTR.test(element.getText())
  if (isOtr || ENCRYPTION.has(namespace)) {
    throw new StanzaFault({
      condition: 'policy-violation',
      text: 'End-to-end encrypted content is not accepted here, since it cannot be checked for images. Please turn it off for this conversation.',
    })
  }
}
