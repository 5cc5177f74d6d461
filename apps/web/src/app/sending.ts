/** Moves messages from the durable outbox to the server, and tells the timeline what became of them. */
import { RequestError, xml } from '../connection/connection.ts'
import type { Media } from '../protocol/media.ts'
import { buildMessage, textForXml, type MessageError } from '../protocol/message.ts'
import { stopsSending, suspensionFor } from '../protocol/suspension.ts'
import {
  adoptOrphans,
  DISCARDED,
  nextOutboxItem,
  sendable,
  TOO_LONG,
  type OutboxEvent,
  type OutboxItem,
} from '../state/outbox.ts'
import { appendNew, chatMessageFromOutbox, removeMessage, updateMessage, type ChatMessage } from '../state/timeline.ts'
import { readReducer } from '../state/unread.ts'
import type { ArchiveReader } from './archive-reader.ts'
import { isOnline, updateTimeline, type ChatContext } from './context.ts'

/** Clocks of this device and of the server may differ by this much. */
const CLOCK_SLACK_MS = 600_000
const MAX_LOOKUP_PAGES = 10
const RETRY_AFTER_MS = 5_000

export interface Sending {
  /** Shows the message at once, sends it when it is on disk and the way is free. */
  enqueue(peer: string, body: string, media?: Media): void
  retry(id: string): void
  /** Takes a failed or waiting message back; false when it has already gone out. */
  discard(id: string): boolean
  /** Sends whatever may go now. */
  pump(): void
  /** A session begins: nothing goes out before `resume`, or it would overtake what may have to be sent again. */
  pause(): void
  /** Finds out what became of messages sent in the session before, then goes on. */
  resume(isResumed: boolean): Promise<void>
  /** Of no message it is open whether the server has it. */
  isCertain(): boolean
  acknowledged(id: string): void
  refused(id: string, error: Pick<MessageError, 'condition' | 'type' | 'text'>): void
  /** Reads the outbox that earlier pages left. */
  restore(): Promise<void>
  countUnsent(): number
}

/** @param owner - names this page; its Web Lock `drawbridge-page:<owner>` says that it lives. */
export function createSending(context: ChatContext, archive: ArchiveReader, owner: string): Sending {
  const { store, connection } = context
  const items = new Map<string, OutboxItem>()
  let position = 0
  let sessions = 0
  /** The session whose messages may go out. */
  let resumed: number | undefined

  function show(item: OutboxItem, change: Partial<Pick<ChatMessage, 'state' | 'failure'>>): void {
    updateTimeline(store, item.peer, (timeline) => updateMessage(timeline, ({ key }) => key === item.id, change))
  }

  function apply(id: string, event: OutboxEvent): void {
    const item = items.get(id)
    if (!item) return
    const next = nextOutboxItem(item, event)
    if (next === item) return
    if (next === 'done') {
      items.delete(id)
      void context.database().deleteOutbox(id)
      show(item, { state: 'recorded', failure: undefined })
    } else {
      items.set(id, next)
      void context.database().putOutbox(next)
      show(next, { state: next.state === 'uncertain' ? 'sent' : next.state, failure: next.failure })
    }
  }

  function isHeldBack({ media }: OutboxItem): boolean {
    return stopsSending(suspensionFor(store.get().suspensions, media ? 'image' : 'message'))
  }

  function pump(): void {
    if (!isOnline(store) || resumed !== sessions) return
    for (const item of sendable([...items.values()])) {
      if (isHeldBack(item)) continue
      const stanza = buildMessage(xml, { id: item.id, to: item.peer, body: item.body, media: item.media })
      if (!connection.fits(stanza)) {
        apply(item.id, { type: 'refused', failure: TOO_LONG, isTemporary: false })
        continue
      }
      apply(item.id, { type: 'sent' })
      connection.send(stanza).catch(() => {
        // It never got to the socket: not uncertain, only not sent.
        apply(item.id, { type: 'link-lost' })
        apply(item.id, { type: 'missing-in-archive' })
      })
    }
  }

  /** Looks for the origin-ids of one conversation in the archive. */
  async function findRecorded(peer: string, uncertain: readonly OutboxItem[]): Promise<Set<string>> {
    const wanted = new Set(uncertain.map(({ id }) => id))
    const found = new Set<string>()
    const start = Math.min(...uncertain.map(({ createdAt }) => createdAt)) - CLOCK_SLACK_MS
    let after: string | undefined
    for (let page = 0; page < MAX_LOOKUP_PAGES; page++) {
      const { incoming, end } = await archive.read({ with: peer, start, after, max: 100 })
      for (const entry of incoming) {
        if (entry.kind !== 'chat' || !entry.message.mine) continue
        const id = entry.message.originId ?? entry.message.id
        if (id !== undefined && wanted.has(id)) found.add(id)
      }
      if (end.isComplete || end.last === undefined || found.size === wanted.size) break
      after = end.last
    }
    return found
  }

  async function resolveUncertain(): Promise<void> {
    const uncertain = [...items.values()].filter(({ state }) => state === 'uncertain')
    for (const peer of new Set(uncertain.map((item) => item.peer))) {
      const ofPeer = uncertain.filter((item) => item.peer === peer)
      const found = await findRecorded(peer, ofPeer)
      for (const { id } of ofPeer) apply(id, { type: found.has(id) ? 'found-in-archive' : 'missing-in-archive' })
    }
  }

  const sending: Sending = {
    enqueue(peer, text, media) {
      const body = textForXml(text)
      if (body.trim() === '') return
      position = Math.max(position + 1, Date.now())
      const item: OutboxItem = {
        id: crypto.randomUUID(),
        peer,
        body,
        media,
        createdAt: context.now(),
        position,
        state: 'queued',
        failure: undefined,
        owner,
      }
      updateTimeline(store, peer, (timeline) => appendNew(timeline, [chatMessageFromOutbox(item)]))
      store.update((state) => ({
        ...state,
        read: readReducer(state.read, { type: 'answered', peer, at: item.createdAt }),
      }))
      void context
        .database()
        .putOutbox(item)
        .catch(() => undefined) // Storage is full or forbidden: sending still beats not sending.
        .then(() => {
          items.set(item.id, item)
          pump()
        })
    },
    retry(id) {
      const item = items.get(id)
      // The server has it under this id, and would take it for the same one: what was discarded is said anew.
      if (item?.failure?.condition === DISCARDED.condition && sending.discard(id)) {
        return sending.enqueue(item.peer, item.body, item.media)
      }
      apply(id, { type: 'retry' })
      pump()
    },
    discard(id) {
      const item = items.get(id)
      if (!item || item.state === 'sent' || item.state === 'uncertain') return false
      items.delete(id)
      void context.database().deleteOutbox(id)
      updateTimeline(store, item.peer, (timeline) => removeMessage(timeline, id))
      return true
    },
    pump,
    pause: () => void sessions++,
    async resume(isResumed) {
      const session = sessions
      if (!isResumed) for (const id of items.keys()) apply(id, { type: 'link-lost' })
      try {
        await resolveUncertain()
      } catch (error) {
        // Lost again: the next session asks again. Refused: the origin-id lets the server recognize a resend.
        if (!(error instanceof RequestError)) return
        for (const id of items.keys()) apply(id, { type: 'missing-in-archive' })
      }
      resumed = session
      pump()
    },
    isCertain: () => [...items.values()].every(({ state }) => state !== 'sent' && state !== 'uncertain'),
    acknowledged: (id) => apply(id, { type: 'acknowledged' }),
    refused(id, error) {
      const failure = { condition: error.condition, text: error.text }
      const isTemporary = error.type === 'wait'
      if (!items.has(id)) {
        // Acknowledged first and refused afterwards: back into the outbox, so that the refusal survives a reload.
        const message = Object.values(store.get().timelines)
          .flatMap(({ messages }) => messages)
          .find((candidate) => candidate.mine && candidate.key === id)
        if (!message) return
        const { peer, body, media, at } = message
        items.set(id, { id, peer, body, media, createdAt: at, position: at, state: 'sent', failure: undefined, owner })
      }
      apply(id, { type: 'refused', failure, isTemporary })
      if (isTemporary) setTimeout(pump, RETRY_AFTER_MS)
    },
    async restore() {
      const stored = await context.database().listOutbox()
      const alive = await livingPages()
      for (const item of adoptOrphans(stored, owner, alive).sort((a, b) => a.position - b.position)) {
        items.set(item.id, item)
        position = Math.max(position, item.position)
        updateTimeline(store, item.peer, (timeline) => appendNew(timeline, [chatMessageFromOutbox(item)]))
        await context.database().putOutbox(item)
      }
    },
    countUnsent: () => items.size,
  }
  return sending
}

const LOCK_PREFIX = 'drawbridge-page:'

/** Holds a lock for as long as this page lives, so that others know whose outbox items are orphans. */
export function announcePage(owner: string): void {
  void navigator.locks?.request(LOCK_PREFIX + owner, () => new Promise(() => {})).catch(() => undefined)
}

async function livingPages(): Promise<Set<string>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {}
  return new Set(held.flatMap(({ name }) => (name?.startsWith(LOCK_PREFIX) ? [name.slice(LOCK_PREFIX.length)] : [])))
}
