import type { Connection } from '../connection/connection.ts'
import type { ChatState } from '../state/chat-state.ts'
import type { Store } from '../state/store.ts'
import { EMPTY_TIMELINE, type Timeline } from '../state/timeline.ts'
import type { AccountDatabase } from '../storage/database.ts'

/** What the parts of a signed-in session share. */
export interface ChatContext {
  /** Bare JID. */
  readonly account: string
  readonly domain: string
  readonly store: Store<ChatState>
  readonly connection: Connection
  readonly database: () => AccountDatabase
  /** The server's clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Changes the timeline of one conversation. */
export function updateTimeline(store: Store<ChatState>, peer: string, change: (timeline: Timeline) => Timeline): void {
  store.update((state) => {
    const before = state.timelines[peer] ?? EMPTY_TIMELINE
    const after = change(before)
    return after === before ? state : { ...state, timelines: { ...state.timelines, [peer]: after } }
  })
}

export function isOnline(store: Store<ChatState>): boolean {
  return store.get().connection.kind === 'online'
}
