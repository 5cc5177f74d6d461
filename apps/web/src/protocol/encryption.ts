import { NS_EME, NS_OMEMO, NS_OMEMO_LEGACY, NS_OPENPGP, NS_OPENPGP_LEGACY } from '@drawbridge/xmpp'
import type { Element, Xml } from '../connection/element.ts'

/** What the server lets pass between two people; unknown words are as strict as the strictest. */
export const ENCRYPTION_POLICIES = ['refuse', 'text-only', 'allow'] as const
export type EncryptionPolicy = (typeof ENCRYPTION_POLICIES)[number]

const NS_DRAWBRIDGE_E2EE = 'urn:drawbridge:e2ee:0'
/** Names of XEP-0380 §3. */
const SCHEMES: Readonly<Record<string, string>> = {
  [NS_OMEMO]: 'OMEMO',
  [NS_OMEMO_LEGACY]: 'OMEMO',
  [NS_OPENPGP]: 'OpenPGP',
  [NS_OPENPGP_LEGACY]: 'OpenPGP',
  'urn:xmpp:otr:0': 'OTR',
}
const UNKNOWN_SCHEME = '?'

/**
 * By what a message was encrypted end to end, which this client cannot undo; undefined for what can be read. Keys alone
 * (XEP-0384 §5.8: no payload) are nothing to show: `keys`.
 */
export function findEncryption(stanza: Element): { readonly scheme: string } | 'keys' | undefined {
  const encrypted = stanza.getChildElements().find((child) => Object.hasOwn(SCHEMES, child.getNS() ?? ''))
  const announced = stanza.getChild('encryption', NS_EME)?.attrs['namespace']
  if (!encrypted && announced === undefined) return undefined
  if (encrypted?.getChild('header') && !encrypted.getChild('payload')) return 'keys'
  const namespace = announced ?? encrypted?.getNS() ?? ''
  return { scheme: Object.hasOwn(SCHEMES, namespace) ? (SCHEMES[namespace] ?? UNKNOWN_SCHEME) : UNKNOWN_SCHEME }
}

export function buildPolicyRequest(xml: Xml): Element {
  return xml('query', { xmlns: NS_DRAWBRIDGE_E2EE })
}

export function parsePolicy(iq: Element): EncryptionPolicy {
  const word = iq.getChild('query', NS_DRAWBRIDGE_E2EE)?.attrs['policy']
  return ENCRYPTION_POLICIES.find((known) => known === word) ?? 'refuse'
}
