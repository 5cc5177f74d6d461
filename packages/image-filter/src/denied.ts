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
  NS_SIMS,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Visited } from './around.ts'
import { faultOf } from './pass.ts'
import type { Pass } from './pass.ts'

/**
 * Ways to hand a file from client to client, past the sanitizer (images §6, rows 22, 23 and 35). What clients say that
 * they can do (XEP-0030) is passed on as it is, under the hash that their presence carries (ADR 22); what is tried is
 * refused here.
 */
export const TRANSFERS = [
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
] as const

/** HTTP and small programs inside stanzas (row 35). */
export const TUNNELS = [
  'urn:xmpp:http',
  'http://jabber.org/protocol/http',
  'http://jabber.org/protocol/soap',
  'http://www.w3.org/2003/05/soap-envelope',
  'urn:xmpp:webxdc:0',
] as const

/** Calls pass: what they carry goes from peer to peer, and is no file. Everything else that Jingle can do is refused. */
export const TRANSFER_FAMILY =
  /^urn:xmpp:jingle:(?:apps:(?!(?:rtp|grouping|dtls):)|transports:(?!(?:ice-udp|ice|raw-udp):))/

/** What the server cannot read, it cannot check (rows 24 and 25). */
export const ENCRYPTION = [
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OPENPGP,
  NS_OPENPGP_LEGACY,
  NS_EME,
  'urn:xmpp:encrypted:0',
  'http://www.xmpp.org/extensions/xep-0200.html#ns',
  'urn:xmpp:otr:0',
] as const
/** XEP-0448: a file whose key is told in the message. */
export const ENCRYPTED_FILES = ['urn:xmpp:esfs:0'] as const
export const ENCRYPTED_FILES_FAMILY = /^urn:xmpp:esfs:/

/** Longest ciphertext under `text-only`: 8 KiB, in characters of base64. */
const MAX_CIPHERTEXT_LENGTH = Math.ceil((8_192 * 4) / 3)
/** XEP-0364: encrypted text, or the offer of it, in a body. */
const OTR = /^\s*\?OTR(?:[:|,?]|v\d)/
/** XEP-0454: a link to an encrypted file, with its key. */
const AESGCM = /\baesgcm:\/\//i

/** Rows 22, 23 and 35. @throws StanzaFault */
export function denyTransfer({ element, namespace }: Visited, pass: Pass): void {
  // Judged with its parent.
  if (element.parent?.getNS() === namespace) return
  // XEP-0385 describes a shared file with the element of XEP-0234; nothing is transferred.
  if (element.name === 'file' && element.parent?.is('media-sharing', NS_SIMS)) return
  pass.refuse(element, faultOf('file-transfer-refused'))
}

/** Rows 24 and 25: by the policy of whoever sends. @throws StanzaFault */
export function denyEncryption({ element }: Visited, pass: Pass): void {
  const { encryption } = pass.around
  if (encryption === 'refuse') pass.refuse(element, faultOf('encryption-refused'))
  else if (encryption === 'text-only' && ciphertextLength(element) > MAX_CIPHERTEXT_LENGTH) {
    pass.refuse(element, faultOf('encryption-too-long'))
  }
}

/** Row 25. @throws StanzaFault */
export function denyEncryptedFile({ element }: Visited, pass: Pass): void {
  if (pass.around.encryption !== 'allow') pass.refuse(element, faultOf('encryption-media-refused'))
}

/** Rows 24 and 25, in what is written: links to encrypted files anywhere, OTR in a body. @throws StanzaFault */
export function denyInText({ element, namespace }: Visited, pass: Pass): void {
  const { encryption } = pass.around
  if (encryption === 'allow') return
  const text = element.getText()
  if (AESGCM.test(text)) return pass.refuse(element, faultOf('encryption-media-refused'))
  if (namespace !== NS_CLIENT || element.name !== 'body' || !OTR.test(text)) return
  if (encryption === 'refuse') pass.refuse(element, faultOf('encryption-refused'))
  else if (text.length > MAX_CIPHERTEXT_LENGTH) pass.refuse(element, faultOf('encryption-too-long'))
}

/** Of the payload, where it stands beside keys for many devices (XEP-0384 §4); of the whole element otherwise. */
function ciphertextLength(element: Element): number {
  const payload = element.getChild('payload')
  let length = 0
  const work = [payload ?? element]
  for (let next = work.pop(); next; next = work.pop()) {
    length += next.getText().length
    work.push(...next.getChildElements())
  }
  return length
}
