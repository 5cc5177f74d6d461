import { domainpart, localpart } from '../protocol/jid.ts'
import type { ChatState } from './chat-state.ts'
import { unreadCount } from './unread.ts'

/** A line of the conversation list. */
export interface ConversationSummary {
  readonly peer: string
  readonly title: string
  readonly unread: number
  /** Milliseconds since 1970 of the last message; 0 when there is none. */
  readonly lastAt: number
}

/** What to call a contact: the name in the roster, else the localpart, with the domain when it is not ours. */
export function titleOf(state: Pick<ChatState, 'roster' | 'account'>, jid: string): string {
  const name = state.roster[jid]?.name
  if (name) return name
  return domainpart(jid) === domainpart(state.account) ? localpart(jid) || jid : jid
}

/** Conversations and contacts that match `filter`, latest first, then by name. */
export function listConversations(state: ChatState, filter: string): ConversationSummary[] {
  const peers = new Set([
    ...Object.keys(state.timelines),
    ...Object.keys(state.roster),
    ...(state.open ? [state.open] : []),
  ])
  const wanted = filter.trim().toLocaleLowerCase()
  const summaries: ConversationSummary[] = []
  for (const peer of peers) {
    const title = titleOf(state, peer)
    if (wanted !== '' && !title.toLocaleLowerCase().includes(wanted) && !peer.includes(wanted)) continue
    const messages = state.timelines[peer]?.messages ?? []
    // A conversation without a message is listed as a contact only.
    if (messages.length === 0 && !state.roster[peer] && state.open !== peer) continue
    summaries.push({ peer, title, unread: unreadCount(messages, state.read[peer]), lastAt: messages.at(-1)?.at ?? 0 })
  }
  return summaries.sort((a, b) => b.lastAt - a.lastAt || a.title.localeCompare(b.title))
}

export function totalUnread(state: ChatState): number {
  return Object.entries(state.timelines).reduce(
    (sum, [peer, { messages }]) => sum + unreadCount(messages, state.read[peer]),
    0,
  )
}
