import { NS_EME, NS_JINGLE_MESSAGE, NS_OMEMO, NS_OMEMO_LEGACY, NS_OPENPGP, NS_OPENPGP_LEGACY } from '@drawbridge/xmpp'
import type { MessageStanza } from '@drawbridge/xmpp'

const ENCRYPTED: ReadonlySet<string> = new Set([NS_EME, NS_OMEMO, NS_OMEMO_LEGACY, NS_OPENPGP, NS_OPENPGP_LEGACY])

/**
 * Whether somebody who is away should be woken up for a message: for a text, an encrypted one, and a call; not for what
 * follows from messages, such as receipts, markers and reactions, nor for errors and headlines.
 */
export function warrantsPush({ type, element }: MessageStanza): boolean {
  if (type === 'error' || type === 'headline') return false
  if (element.getChildText('body')) return true
  return element.getChildElements().some((child) => {
    const namespace = child.getNS() ?? ''
    return ENCRYPTED.has(namespace) || (namespace === NS_JINGLE_MESSAGE && child.name === 'propose')
  })
}
