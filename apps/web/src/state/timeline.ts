/**
 * The messages of one conversation, as a pure value. Order is the archive's where it is known; what is newer than that
 * keeps the order of arrival, so a wrong clock on this device moves nothing.
 */
import type { Media } from '../protocol/media.ts'
import type { ReceivedMessage } from '../protocol/message.ts'
import type { OutboxItem, SendFailure } from './outbox.ts'

export type DeliveryState = 'queued' | 'sent' | 'recorded' | 'delivered' | 'failed'

export interface ChatMessage {
  /** Never changes while the page lives; not the archive's id, which comes later. */
  readonly key: string
  readonly mine: boolean
  readonly peer: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly body: string
  readonly media: Media | undefined
  readonly isUnstyled?: boolean | undefined
  /** The scheme it is encrypted by, end to end: then nothing of it can be shown. */
  readonly encryption?: string | undefined
  readonly id: string | undefined
  readonly originId: string | undefined
  readonly stanzaId: string | undefined
  /** Of messages from others: always `recorded`. */
  readonly state: DeliveryState
  readonly failure: SendFailure | undefined
}

export interface Timeline {
  readonly messages: readonly ChatMessage[]
  /** Nothing older is in the archive. */
  readonly isComplete: boolean
}

export const EMPTY_TIMELINE: Timeline = { messages: [], isComplete: false }

export function chatMessageFrom(received: ReceivedMessage, now: number): ChatMessage {
  const { mine, peer, body, media, isUnstyled, encryption, id, originId, stanzaId, stampedAt } = received
  return {
    key: (mine ? originId : undefined) ?? stanzaId ?? `${received.from} ${id ?? crypto.randomUUID()}`,
    mine,
    peer,
    at: stampedAt ?? now,
    body,
    media,
    isUnstyled,
    encryption,
    id,
    originId,
    stanzaId,
    state: 'recorded',
    failure: undefined,
  }
}

export function chatMessageFromOutbox(item: OutboxItem): ChatMessage {
  const { id, peer, body, media, createdAt, state, failure } = item
  return {
    key: id,
    mine: true,
    peer,
    at: createdAt,
    body,
    media,
    id,
    originId: id,
    stanzaId: undefined,
    state: state === 'uncertain' ? 'sent' : state,
    failure,
  }
}

/** Puts a page of older messages, oldest first, before what is there. */
export function prependPage(timeline: Timeline, page: readonly ChatMessage[], isComplete: boolean): Timeline {
  const messages = mergePage(timeline.messages, page, 0)
  return { messages, isComplete: isComplete || timeline.isComplete }
}

/** Adds what just happened, or what the archive has after the last message known, oldest first. */
export function appendNew(timeline: Timeline, page: readonly ChatMessage[]): Timeline {
  const { messages } = timeline
  // What has not left this device yet is newer than whatever the server can tell us.
  const isWaiting = ({ state }: ChatMessage) => state === 'queued' || state === 'sent' || state === 'failed'
  const last = page.at(-1)
  let end = messages.length
  if (last === undefined || !isWaiting(last)) while (end > 0 && isWaiting(messages[end - 1] as ChatMessage)) end--
  const merged = mergePage(messages, page, end)
  return merged === messages ? timeline : { ...timeline, messages: merged }
}

/** Changes one message of ours; the same timeline when there is none such or nothing changes. */
export function updateMessage(
  timeline: Timeline,
  matches: (message: ChatMessage) => boolean,
  change: Partial<Pick<ChatMessage, 'state' | 'failure'>>,
): Timeline {
  const index = timeline.messages.findLastIndex(matches)
  const found = timeline.messages[index]
  if (!found) return timeline
  // Delivered is the last word: an acknowledgement that comes after the receipt takes nothing back.
  if (found.state === 'delivered' && change.state !== 'delivered') return timeline
  return { ...timeline, messages: timeline.messages.with(index, { ...found, ...change }) }
}

export function removeMessage(timeline: Timeline, key: string): Timeline {
  return { ...timeline, messages: timeline.messages.filter((message) => message.key !== key) }
}

/**
 * Merges a page, in its order, into `messages`. Where they share a message, that is the anchor beside which the page's
 * other messages belong; a page without an anchor goes to `otherwiseAt`. A message never appears twice.
 */
function mergePage(messages: readonly ChatMessage[], page: readonly ChatMessage[], otherwiseAt: number) {
  const wanted = new Set(page.flatMap(idsOf))
  const index = new Map<string, number>()
  messages.forEach((message, i) => {
    for (const id of idsOf(message)) if (wanted.has(id)) index.set(id, i)
  })
  const insertBefore = new Map<number, ChatMessage[]>()
  const replaced = new Map<number, ChatMessage>()
  const seen = new Set<string>()
  let beforeAnchor: ChatMessage[] = []
  let cursor: number | undefined
  const insert = (at: number, some: ChatMessage[]) => insertBefore.set(at, [...(insertBefore.get(at) ?? []), ...some])

  for (const message of page) {
    const ids = idsOf(message)
    const at = ids.map((id) => index.get(id)).find((i) => i !== undefined)
    const isRepeated = ids.some((id) => seen.has(id))
    ids.forEach((id) => seen.add(id))
    if (at !== undefined) {
      const have = messages[at] as ChatMessage
      const merged = merge(have, message)
      if (merged !== have) replaced.set(at, merged)
      insert(at, beforeAnchor)
      beforeAnchor = []
      cursor = at + 1
    } else if (isRepeated) continue
    else if (cursor === undefined) beforeAnchor.push(message)
    else insert(cursor, [message])
  }
  insert(otherwiseAt, beforeAnchor)
  if (replaced.size === 0 && [...insertBefore.values()].every(({ length }) => length === 0)) return messages

  const result: ChatMessage[] = []
  for (let i = 0; i <= messages.length; i++) {
    result.push(...(insertBefore.get(i) ?? []))
    if (i < messages.length) result.push(replaced.get(i) ?? (messages[i] as ChatMessage))
  }
  return result
}

const knownIds = new WeakMap<ChatMessage, readonly string[]>()

/** Ids under which two copies of one message meet. Those chosen by a sender count for that sender only. */
function idsOf(message: ChatMessage): readonly string[] {
  const known = knownIds.get(message)
  if (known) return known
  const { mine, id, originId, stanzaId } = message
  const who = mine ? 'me' : 'peer'
  const ids = [
    ...(stanzaId === undefined ? [] : [`archive ${stanzaId}`]),
    ...(originId === undefined ? [] : [`${who} origin ${originId}`]),
    ...(originId === undefined && id !== undefined && stanzaId === undefined ? [`${who} id ${id}`] : []),
  ]
  knownIds.set(message, ids)
  return ids
}

function merge(have: ChatMessage, copy: ChatMessage): ChatMessage {
  const isNews = have.stanzaId === undefined && copy.stanzaId !== undefined
  const wasWaiting = have.state === 'queued' || have.state === 'sent'
  const isSettled = wasWaiting && (copy.state === 'recorded' || copy.state === 'delivered')
  if (!isNews && !isSettled) return have
  return {
    ...have,
    stanzaId: have.stanzaId ?? copy.stanzaId,
    // A link from the server is bound to this session; the one we sent is not.
    media: copy.media ?? have.media,
    ...(isSettled ? { state: copy.state, failure: undefined } : {}),
  }
}
