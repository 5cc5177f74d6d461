import type { ChatMessage, Timeline } from './timeline.ts'

/** How a message stands in the list, given the one before it. */
export interface Row {
  readonly message: ChatMessage
  /** First of a run by one author: carries picture and name. */
  readonly isGroupStart: boolean
  readonly showsDay: boolean
  readonly showsUnread: boolean
}

const GROUP_MS = 5 * 60_000

/** With fewer messages than this all are shown, whatever may stand before them. */
const FEW = 10

/**
 * Groups messages by author and time, and places the dividers.
 *
 * The oldest message is left out while older ones are still in the archive: how tall it is depends on the one before it,
 * and a row that changes when older ones are loaded would move what is being read.
 */
export function rowsFrom(timeline: Timeline, unreadKey: string | undefined): Row[] {
  const rows = allRows(timeline.messages, unreadKey)
  return timeline.isComplete || rows.length < FEW ? rows : rows.slice(1)
}

function allRows(messages: readonly ChatMessage[], unreadKey: string | undefined): Row[] {
  // The day of the message before; asking the calendar for each of thousands would be slow.
  let dayStart = Number.NaN
  let dayEnd = Number.NaN
  return messages.map((message, i) => {
    const before = messages[i - 1]
    const showsDay = !(message.at >= dayStart && message.at < dayEnd)
    if (showsDay) {
      const day = new Date(message.at)
      dayStart = day.setHours(0, 0, 0, 0)
      dayEnd = day.setDate(day.getDate() + 1)
    }
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
