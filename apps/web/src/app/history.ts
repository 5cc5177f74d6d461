/** Fills timelines from the archive: the newest at first, what was missed after a gap, older pages on demand. */
import { RequestError } from '../connection/connection.ts'
import type { Incoming } from '../protocol/message.ts'
import { appendNew, chatMessageFrom, EMPTY_TIMELINE, prependPage, updateMessage, type ChatMessage } from '../state/timeline.ts'
import { readReducer } from '../state/unread.ts'
import type { ArchiveReader } from './archive-reader.ts'
import { updateTimeline, type ChatContext } from './context.ts'

const PAGE = 50
const FIRST_PAGE = 100
const MAX_CATCH_UP_PAGES = 20

export interface HistoryLoader {
  /** Brings all timelines up to date after a session began. */
  catchUp(): Promise<void>
  /** Loads the next older page of a conversation; resolves when it is there or has failed. */
  loadOlder(peer: string): Promise<void>
  /** Remembers that the archive is known up to this id. */
  noteArchiveId(id: string): void
}

export function createHistoryLoader(context: ChatContext, archive: ArchiveReader): HistoryLoader {
  const { store } = context
  let newestId: string | undefined

  function messagesByPeer(incoming: readonly Incoming[]): Map<string, ChatMessage[]> {
    const byPeer = new Map<string, ChatMessage[]>()
    for (const entry of incoming) {
      if (entry.kind !== 'chat') continue
      const message = chatMessageFrom(entry.message, context.now())
      byPeer.set(message.peer, [...(byPeer.get(message.peer) ?? []), message])
    }
    return byPeer
  }

  function applyReceipts(incoming: readonly Incoming[]): void {
    for (const entry of incoming) {
      if (entry.kind !== 'receipt') continue
      updateTimeline(store, entry.peer, (timeline) =>
        updateMessage(timeline, ({ mine, id }) => mine && id === entry.id, { state: 'delivered' }),
      )
    }
  }

  async function loadNewest(): Promise<void> {
    const { incoming, end } = await archive.read({ before: '', max: FIRST_PAGE })
    newestId = end.last ?? newestId
    for (const [peer, page] of messagesByPeer(incoming)) {
      updateTimeline(store, peer, (timeline) => prependPage(timeline, page, end.isComplete))
      assumeRead(peer)
    }
    applyReceipts(incoming)
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
          { ...EMPTY_TIMELINE, messages: messages.filter((message) => message.mine && message.state !== 'recorded' && message.state !== 'delivered') },
        ]),
      ),
    }))
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
    async loadOlder(peer) {
      const { history, timelines } = store.get()
      const timeline = timelines[peer] ?? EMPTY_TIMELINE
      if (history[peer]?.isLoading || timeline.isComplete) return
      setHistory(peer, true, false)
      try {
        const before = timeline.messages.find(({ stanzaId }) => stanzaId !== undefined)?.stanzaId ?? ''
        const { incoming, end } = await archive.read({ with: peer, before, max: PAGE })
        const page = messagesByPeer(incoming).get(peer) ?? []
        updateTimeline(store, peer, (current) => prependPage(current, page, end.isComplete || incoming.length === 0))
        applyReceipts(incoming)
        assumeRead(peer)
        setHistory(peer, false, false)
      } catch {
        setHistory(peer, false, true)
      }
    },
    noteArchiveId(id) {
      newestId = id
    },
  }
}
