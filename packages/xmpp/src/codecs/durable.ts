import type { Element } from '../element.ts'
import { isBareChatState } from './chat-state.ts'
import { hasHint } from './hints.ts'
import { findPayload } from './payloads.ts'

/**
 * Whether a message must be stored before it is delivered or acknowledged. The one place that decides this, by the
 * table of payloads.
 *
 * No for errors, headlines and what the sender marked with `no-store` or `no-permanent-store` (XEP-0334 §4); yes for what
 * was marked with `store`, unless it only tells a state, such as "is typing" (XEP-0085).
 */
export function isDurable(message: Element): boolean {
  const { type } = message.attrs
  // Any other type is chat, normal or groupchat, or unknown, which means normal (RFC 6121 §5.2.2).
  if (type === 'error' || type === 'headline') return false
  let isStored = false
  for (const child of message.getChildElements()) {
    const durable = findPayload(child)?.durable
    if (durable === 'always') return true
    if (durable) isStored = true
  }
  if (hasHint(message, 'no-store') || hasHint(message, 'no-permanent-store')) return false
  return isStored || (hasHint(message, 'store') && !isBareChatState(message))
}
