import type { ChatMessage } from './timeline.ts'

/** How a message stands in the list, given the one before it. */
export interface Row {
  readonly message: ChatMessage
  /** First of a run by one author: carries picture and name. */
  readonly isGroupStart: boolean
  readonly showsDay: boolean
  readonly showsUnread: boolean
}

const GROUP_MS = 5 * 60_000

/** Groups messages by author and time, and places the dividers. */
export function rowsFrom(messages: readonly ChatMessage[], unreadKey: string | undefined): Row[] {
  return messages.map((message, i) => {
    const before = messages[i - 1]
    const showsDay = !before || new Date(before.at).toDateString() !== new Date(message.at).toDateString()
    const showsUnread = message.key === unreadKey
    const continues =
      before !== undefined &&
      before.mine === message.mine &&
      Math.abs(message.at - before.at) < GROUP_MS &&
      !showsDay &&
      !showsUnread
    return { message, isGroupStart: !continues, showsDay, showsUnread }
  })
}
