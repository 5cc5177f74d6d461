import type { Element } from '../element.ts'
import {
  NS_BOB,
  NS_CONFERENCE,
  NS_CORRECTION,
  NS_EME,
  NS_FASTEN,
  NS_MARKERS,
  NS_MODERATION,
  NS_MUC_USER,
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OOB,
  NS_OPENPGP,
  NS_OPENPGP_LEGACY,
  NS_REACTIONS,
  NS_REFERENCE,
  NS_RETRACTION,
  NS_RETRACTION_0,
  NS_SFS,
  NS_SIMS,
  NS_XHTML_IM,
} from '../ns.ts'
import { isBareChatState } from './chat-state.ts'
import { hasHint } from './hints.ts'

// What makes a message worth keeping, besides a text: namespaces of its child elements.
const DURABLE_NAMESPACES: ReadonlySet<string> = new Set([
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OPENPGP,
  NS_OPENPGP_LEGACY,
  NS_EME,
  NS_OOB,
  NS_SIMS,
  NS_SFS,
  NS_REFERENCE,
  NS_BOB,
  NS_XHTML_IM,
  NS_CORRECTION,
  NS_RETRACTION,
  NS_RETRACTION_0,
  NS_MODERATION,
  NS_FASTEN,
  NS_REACTIONS,
  NS_CONFERENCE,
])

/**
 * Whether a message must be stored before it is delivered or acknowledged. The one place that decides this.
 *
 * Yes for a text, an encrypted payload, a file reference, a correction, a retraction, a reaction, a displayed marker, an
 * invitation and a subject; no for errors, headlines, what the sender marked with `no-store` or `no-permanent-store`
 * (XEP-0334), and for what only tells a state, such as "is typing" (XEP-0085), or asks for a receipt.
 */
export function isDurable(message: Element): boolean {
  const { type } = message.attrs
  // Any other type is chat, normal or groupchat, or unknown, which means normal (RFC 6121 §5.2.2).
  if (type === 'error' || type === 'headline') return false
  if (hasHint(message, 'no-store') || hasHint(message, 'no-permanent-store')) return false
  if (hasHint(message, 'store') && !isBareChatState(message)) return true
  return message.getChildElements().some(isDurableContent)
}

function isDurableContent(child: Element): boolean {
  const namespace = child.getNS() ?? ''
  const name = child.getName()
  if (namespace === 'jabber:client' || namespace === 'jabber:server') return name === 'body' || name === 'subject'
  if (namespace === NS_MARKERS) return name === 'displayed' || name === 'received' || name === 'acknowledged'
  if (namespace === NS_MUC_USER)
    return child.getChild('invite') !== undefined || child.getChild('decline') !== undefined
  return DURABLE_NAMESPACES.has(namespace)
}
