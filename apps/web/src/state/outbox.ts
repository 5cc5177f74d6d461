/**
 * What is on its way out, as a pure state machine. An item is written to the durable store before anything is sent and
 * leaves it only when the server has made the message durable, so that reload, crash and forced update lose nothing.
 */
import type { Media } from '../protocol/media.ts'

export interface OutboxItem {
  /** Origin-id and stanza id, fixed when first written: a resend is recognized by it. */
  readonly id: string
  readonly peer: string
  readonly body: string
  readonly media: Media | undefined
  /** Milliseconds since 1970, by the clock of this device. */
  readonly createdAt: number
  /** Order of writing, over all conversations. */
  readonly position: number
  readonly state: 'queued' | 'sent' | 'uncertain' | 'failed'
  readonly failure: SendFailure | undefined
  /** The page that sends it; another page takes over when that one is gone. */
  readonly owner: string
}

export interface SendFailure {
  /** Condition of the stanza error (RFC 6120 §8.3.3). */
  readonly condition: string
  /** The server's words, if it had any. */
  readonly text: string
}

/** Not an error of a stanza: the message was held, and an administrator has decided that nobody gets it. */
export const DISCARDED = { condition: 'discarded', type: 'cancel', text: '' } as const

/** Not an error of a stanza either: the server would end the stream on it, again and again. */
export const TOO_LONG = { condition: 'too-long', text: '' } as const

export type OutboxEvent =
  | { readonly type: 'sent' }
  /** The stream could not be resumed, or the page is new: the server may have it or not. */
  | { readonly type: 'link-lost' }
  | { readonly type: 'found-in-archive' }
  | { readonly type: 'missing-in-archive' }
  | { readonly type: 'acknowledged' }
  /** `isTemporary`: the service refuses now and will accept later. */
  | { readonly type: 'refused'; readonly failure: SendFailure; readonly isTemporary: boolean }
  | { readonly type: 'retry' }

/** The item after `event`; `done` when it has no business in the outbox any more. */
export function nextOutboxItem(item: OutboxItem, event: OutboxEvent): OutboxItem | 'done' {
  switch (event.type) {
    case 'sent':
      return item.state === 'queued' ? { ...item, state: 'sent' } : item
    case 'link-lost':
      return item.state === 'sent' ? { ...item, state: 'uncertain' } : item
    case 'found-in-archive':
    case 'acknowledged':
      // An error overtakes the acknowledgement of the same stanza: the refusal must stay visible.
      return item.state === 'failed' ? item : 'done'
    case 'missing-in-archive':
      return item.state === 'uncertain' ? { ...item, state: 'queued' } : item
    case 'refused':
      return event.isTemporary ? { ...item, state: 'queued' } : { ...item, state: 'failed', failure: event.failure }
    case 'retry':
      return item.state === 'failed' ? { ...item, state: 'queued', failure: undefined } : item
  }
}

/**
 * What may be sent now, in order. Nothing overtakes within a conversation: an item whose fate is still being looked up
 * holds back what was written after it. A failed one does not; whoever wrote it decides.
 */
export function sendable(items: readonly OutboxItem[]): OutboxItem[] {
  const held = new Set<string>()
  const ready: OutboxItem[] = []
  for (const item of [...items].sort((a, b) => a.position - b.position)) {
    if (item.state === 'uncertain') held.add(item.peer)
    if (item.state === 'queued' && !held.has(item.peer)) ready.push(item)
  }
  return ready
}

/** Takes over what pages that are gone have left, with an unknown fate for what they had sent. */
export function adoptOrphans(items: readonly OutboxItem[], self: string, alive: ReadonlySet<string>): OutboxItem[] {
  return items
    .filter(({ owner }) => owner === self || !alive.has(owner))
    .map((item) =>
      item.owner === self ? item : { ...item, owner: self, state: item.state === 'sent' ? 'uncertain' : item.state },
    )
}
