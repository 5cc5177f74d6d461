/** Fills timelines from the archive: the newest at first, what was missed after a gap, older pages on demand. */
import { RequestError } from '../connection/connection.ts'
import type { Incoming } from '../protocol/message.ts'
import { appendNew, EMPTY_TIMELINE, prependPage, type ChatMessage } from '../state/timeline.ts'
import { readReducer } from '../state/unread.ts'
import type { ArchiveReader } from './archive-reader.ts'
import { messageFrom, noteReceipt, updateTimeline, type ChatContext } from './context.ts'

const PAGE = 50
const FIRST_PAGE = 100
const FIRST_PAGES = 3
/** Contacts whose last message is fetched for the list when it is older than the newest pages. */
const MAX_PREVIEWS = 50
const PREVIEW = 20
const MAX_CATCH_UP_PAGES = 20

export interface HistoryLoader {
  /** Brings all timelines up to date after a session began. */
  catchUp(): Promise<void>
  /** Fetches the last messages of contacts that the newest pages do not show. */
  loadPreviews(): Promise<void>
  /** Loads the next older page of a conversation; resolves when it is there or has failed. */
  loadOlder(peer: string): Promise<void>
  /**
   * Takes a message that comes late: it waited for a device, or was held back. It may stand far above what is loaded, so
   * the archive is asked for what is really new.
   */
  takeLate(message: ChatMessage): void
  /** Remembers that the archive is known up to this id. */
  noteArchiveId(id: string): void
}

export function createHistoryLoader(context: ChatContext, archive: ArchiveReader): HistoryLoader {
  const { store } = context
  let newestId: string | undefined
  let late: ChatMessage[] = []
  let isTakingLate = false

  function messagesByPeer(incoming: readonly Incoming[]): Map<string, ChatMessage[]> {
    const byPeer = new Map<string, ChatMessage[]>()
    for (const entry of incoming) {
      if (entry.kind !== 'chat') continue
      const message = messageFrom(context, entry.message)
      byPeer.set(message.peer, [...(byPeer.get(message.peer) ?? []), message])
    }
    return byPeer
  }

  function applyReceipts(incoming: readonly Incoming[]): void {
    for (const entry of incoming) if (entry.kind === 'receipt') noteReceipt(context, entry.peer, entry.id)
  }

  async function loadNewest(): Promise<void> {
    let before = ''
    for (let page = 0; page < FIRST_PAGES; page++) {
      const { incoming, end } = await archive.read({ before, max: FIRST_PAGE })
      if (page === 0) newestId = end.last ?? newestId
      for (const [peer, messages] of messagesByPeer(incoming)) {
        updateTimeline(store, peer, (timeline) => prependPage(timeline, messages, false))
        assumeRead(peer)
      }
      applyReceipts(incoming)
      if (end.isComplete || end.first === undefined) return completeAll()
      before = end.first
    }
  }

  /** The whole archive has been read. */
  function completeAll(): void {
    for (const peer of Object.keys(store.get().timelines)) {
      updateTimeline(store, peer, (timeline) => ({ ...timeline, isComplete: true }))
    }
  }

  /** Without a marker of this device, what we answered is read. */
  function assumeRead(peer: string): void {
    store.update((state) => {
      if (state.read[peer] !== undefined) return state
      const answer = state.timelines[peer]?.messages.findLast(({ mine, state: sent }) => mine && sent !== 'queued')
      return answer ? { ...state, read: readReducer(state.read, { type: 'answered', peer, at: answer.at }) } : state
    })
  }

  async function loadMissed(): Promise<void> {
    for (let page = 0; page < MAX_CATCH_UP_PAGES; page++) {
      const { incoming, end } = await archive.read({ after: newestId, max: 100 })
      for (const [peer, messages] of messagesByPeer(incoming)) {
        updateTimeline(store, peer, (timeline) => appendNew(timeline, messages))
      }
      applyReceipts(incoming)
      if (end.last !== undefined) newestId = end.last
      if (end.isComplete || end.last === undefined) return
    }
    // Too much for one sitting: start over from the newest page, so that no timeline has a hole.
    forgetRecorded()
    await loadNewest()
  }

  function forgetRecorded(): void {
    store.update((state) => ({
      ...state,
      timelines: Object.fromEntries(
        Object.entries(state.timelines).map(([peer, { messages }]) => [
          peer,
          {
            ...EMPTY_TIMELINE,
            messages: messages.filter(
              (message) => message.mine && message.state !== 'recorded' && message.state !== 'delivered',
            ),
          },
        ]),
      ),
    }))
  }

  async function takeAllLate(): Promise<void> {
    isTakingLate = true
    while (late.length > 0) {
      const taken = late
      late = []
      try {
        await loadMissed()
        const peers = new Set(taken.map(({ peer }) => peer))
        for (const peer of peers) if (!hasMessages(peer)) await loadPage(peer, '', PREVIEW)
      } catch {
        // In a doubtful place is better than nowhere.
        for (const message of taken) updateTimeline(store, message.peer, (timeline) => appendNew(timeline, [message]))
      }
    }
    isTakingLate = false
  }

  function hasMessages(peer: string): boolean {
    return (store.get().timelines[peer]?.messages.length ?? 0) > 0
  }

  async function loadPage(peer: string, before: string, max: number): Promise<void> {
    const { incoming, end } = await archive.read({ with: peer, before, max })
    const page = messagesByPeer(incoming).get(peer) ?? []
    updateTimeline(store, peer, (current) => prependPage(current, page, end.isComplete || incoming.length === 0))
    applyReceipts(incoming)
    assumeRead(peer)
  }

  function setHistory(peer: string, isLoading: boolean, hasFailed: boolean): void {
    store.update((state) => ({ ...state, history: { ...state.history, [peer]: { isLoading, hasFailed } } }))
  }

  return {
    async catchUp() {
      if (newestId === undefined) return loadNewest()
      try {
        await loadMissed()
      } catch (error) {
        // The id may have been cleaned up by retention.
        if (!(error instanceof RequestError)) throw error
        forgetRecorded()
        await loadNewest()
      }
    },
    async loadPreviews() {
      const missing = Object.keys(store.get().roster).filter((jid) => !hasMessages(jid))
      for (const peer of missing.slice(0, MAX_PREVIEWS)) await loadPage(peer, '', PREVIEW)
    },
    async loadOlder(peer) {
      const { history, timelines } = store.get()
      const timeline = timelines[peer] ?? EMPTY_TIMELINE
      if (history[peer]?.isLoading || timeline.isComplete) return
      setHistory(peer, true, false)
      try {
        const before = timeline.messages.find(({ stanzaId }) => stanzaId !== undefined)?.stanzaId ?? ''
        await loadPage(peer, before, PAGE)
        setHistory(peer, false, false)
      } catch {
        setHistory(peer, false, true)
      }
    },
    takeLate(message) {
      late.push(message)
      if (!isTakingLate) void takeAllLate()
    },
    noteArchiveId(id) {
      newestId = id
    },
  }
}
