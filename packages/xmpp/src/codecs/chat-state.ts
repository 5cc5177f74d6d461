import type { Element } from '../element.ts'
import { NS_CHAT_STATES, NS_HINTS, NS_SID } from '../ns.ts'

/** XEP-0085 */
export const CHAT_STATES = ['active', 'composing', 'paused', 'inactive', 'gone'] as const
export type ChatState = (typeof CHAT_STATES)[number]

/** The chat state that a message carries. */
export function findChatState(message: Element): ChatState | undefined {
  return CHAT_STATES.find((state) => message.getChild(state, NS_CHAT_STATES) !== undefined)
}

/** Whether a message says nothing, or nothing but a chat state. Ids, hints and the thread do not count as content. */
export function isBareChatState(message: Element): boolean {
  const content = message.getChildElements().filter((child) => {
    const namespace = child.getNS()
    return !(namespace === NS_HINTS || namespace === NS_SID || child.getName() === 'thread')
  })
  return content.every((child) => child.getNS() === NS_CHAT_STATES)
}
