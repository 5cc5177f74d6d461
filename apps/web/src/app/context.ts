import type { Connection } from '../connection/connection.ts'
import type { ReceivedMessage } from '../protocol/message.ts'
import type { ChatState } from '../state/chat-state.ts'
import type { Store } from '../state/store.ts'
import { chatMessageFrom, EMPTY_TIMELINE, updateMessage, type ChatMessage, type Timeline } from '../state/timeline.ts'
import type { AccountDatabase } from '../storage/database.ts'

/** What the parts of a signed-in session share. */
export interface ChatContext {
  /** Bare JID. */
  readonly account: string
  readonly domain: string
  readonly store: Store<ChatState>
  readonly connection: Connection
  readonly database: () => AccountDatabase
  /** Ids of own messages that have reached the other side. */
  readonly delivered: Set<string>
  /** The server's clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Changes the timeline of one conversation; it is drawn with the next frame. */
export function updateTimeline(store: Store<ChatState>, peer: string, change: (timeline: Timeline) => Timeline): void {
  store.updateSoon((state) => {
    const before = state.timelines[peer] ?? EMPTY_TIMELINE
    const after = change(before)
    return after === before ? state : { ...state, timelines: { ...state.timelines, [peer]: after } }
  })
}

export function isOnline(store: Store<ChatState>): boolean {
  return store.get().connection.kind === 'online'
}

/** A message from the wire, with the receipt that came for it earlier. */
export function messageFrom({ delivered, now }: ChatContext, received: ReceivedMessage): ChatMessage {
  const message = chatMessageFrom(received, now())
  return message.mine && delivered.has(message.id ?? '') ? { ...message, state: 'delivered' } : message
}

/** A receipt says that the other side has it (XEP-0184). */
export function noteReceipt({ store, delivered, database }: ChatContext, peer: string, receiptFor: string): void {
  delivered.add(receiptFor)
  void database().putDelivered(receiptFor)
  updateTimeline(store, peer, (timeline) =>
    updateMessage(timeline, ({ mine, id }) => mine && id === receiptFor, { state: 'delivered', failure: undefined }),
  )
}
