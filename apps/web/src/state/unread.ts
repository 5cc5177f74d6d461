/**
 * Which messages of a conversation are unread, as one pure reducer. The marker is a position in time that only moves
 * forward; the count is derived, never added to, so it cannot drift.
 */
import type { ChatMessage } from './timeline.ts'

/** How far a conversation has been read, in milliseconds since 1970 by the clock that stamped the messages. */
export type ReadMarkers = Readonly<Record<string, number>>

export type ReadEvent =
  /** The person looked at everything up to `at`. */
  | { readonly type: 'seen'; readonly peer: string; readonly at: number }
  /** Something of ours went out, from any device: whoever answers has read. */
  | { readonly type: 'answered'; readonly peer: string; readonly at: number }
  /** Markers from storage or another device. */
  | { readonly type: 'synced'; readonly markers: ReadMarkers }

export function readReducer(markers: ReadMarkers, event: ReadEvent): ReadMarkers {
  const news = event.type === 'synced' ? Object.entries(event.markers) : [[event.peer, event.at] as const]
  const forward = news.filter(([peer, at]) => at > (markers[peer] ?? Number.NEGATIVE_INFINITY))
  return forward.length === 0 ? markers : { ...markers, ...Object.fromEntries(forward) }
}

/** Messages from the other side after the marker. */
export function unreadCount(messages: readonly ChatMessage[], readUpTo: number | undefined): number {
  let count = 0
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as ChatMessage
    if (readUpTo !== undefined && message.at <= readUpTo) break
    if (!message.mine) count++
  }
  return count
}

/** Key of the first unread message, above which the divider goes; undefined when all is read. */
export function firstUnreadKey(messages: readonly ChatMessage[], readUpTo: number | undefined): string | undefined {
  let key: string | undefined
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as ChatMessage
    if (readUpTo !== undefined && message.at <= readUpTo) break
    if (!message.mine) key = message.key
  }
  return key
}
