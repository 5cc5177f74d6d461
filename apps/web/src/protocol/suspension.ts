import type { Element } from '../connection/element.ts'
import { isAboutEverything } from '@drawbridge/contract/browser'
import { findSuspensions as findNotices, NS_DRAWBRIDGE_SUSPENSION } from '@drawbridge/xmpp'

/** Mildest first, by what they do to sending. */
const MODES = ['announce', 'hold', 'read-only', 'reject', 'cut'] as const

export type SuspensionMode = (typeof MODES)[number]

/** A suspension in force. Instants are milliseconds since 1970. */
export interface Suspension {
  readonly id: string
  /** `service`, a feature such as `images`, or a kind with a value such as `group:sales`. */
  readonly scopes: readonly string[]
  readonly mode: SuspensionMode
  readonly reason: string
  /** The reason in other languages, by language tag. */
  readonly reasons: Readonly<Record<string, string>>
  readonly since: number | undefined
  readonly until: number | undefined
}

/**
 * The suspensions an element carries, as `<suspensions>` with all that are active (none: back to normal) or, in a stream
 * error, as a lone `<suspension>`. Undefined when the element says nothing about them.
 */
export function findSuspensions(element: Element): Suspension[] | undefined {
  return findNotices(element)?.flatMap((notice) => suspensionFrom({ ...notice }) ?? [])
}

/** The server keeps a message of ours back: its origin-id, or else its id in the archive. */
export function findHeldNotice(element: Element): string | undefined {
  const held = element.getChild('held', NS_DRAWBRIDGE_SUSPENSION)
  return held && nameOf(held)
}

/** Messages of ours that the server keeps back no longer, named in the same way; undefined when it says nothing of any. */
export function findReleased(element: Element): string[] | undefined {
  const released = element.getChild('released', NS_DRAWBRIDGE_SUSPENSION)
  return released?.getChildren('message').flatMap((message) => nameOf(message) ?? [])
}

/** What the server says when it is asked what holds for this session: nothing else knows it after a reload. */
export function parseServiceState(answer: Element): { suspensions: Suspension[]; held: string[] } | undefined {
  const state = answer.getChild('state', NS_DRAWBRIDGE_SUSPENSION)
  const suspensions = state && findSuspensions(state)
  if (!suspensions) return undefined
  return { suspensions, held: state.getChildren('held').flatMap((held) => nameOf(held) ?? []) }
}

function nameOf({ attrs }: Element): string | undefined {
  return attrs['id'] ?? attrs['stanza-id']
}

/** Messages of ours that were held and will never be delivered, by the ids that we gave them. */
export function findDiscarded(element: Element): string[] {
  return element.getChildren('discarded', NS_DRAWBRIDGE_SUSPENSION).flatMap(({ attrs }) => attrs['id'] ?? [])
}

/** What the server says of itself to everybody. */
export interface ServiceStatus {
  readonly suspensions: Suspension[]
  /** When this client may come back, in milliseconds: from the end of a cut on, or from now on when it is over. */
  readonly returnMs: number | undefined
}

/** Longer than any crowd takes; a document that says more is broken. */
const RETURN_MAX_MS = 3_600_000

/** What `/status.json` says; undefined when the document is not one of ours. */
export function parseStatusDocument(document: unknown): ServiceStatus | undefined {
  if (typeof document !== 'object' || document === null || !('state' in document)) return undefined
  const { suspensions, retryAfterMs } = document as Record<string, unknown>
  const items: unknown[] = Array.isArray(suspensions) ? suspensions : []
  return {
    suspensions: items.flatMap((item) =>
      typeof item === 'object' && item !== null ? (suspensionFrom(item as Record<string, unknown>) ?? []) : [],
    ),
    returnMs: typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? Math.min(retryAfterMs, RETURN_MAX_MS) : undefined,
  }
}

function suspensionFrom(fields: Record<string, unknown>): Suspension | undefined {
  const given: unknown = fields['scopes']
  const scopes = Array.isArray(given) ? given.filter((scope) => typeof scope === 'string') : []
  const mode = MODES.find((known) => known === fields['mode'])
  if (scopes.length === 0 || !mode) return undefined
  return {
    id: String(fields['id'] ?? ''),
    scopes,
    mode,
    reason: typeof fields['reason'] === 'string' ? fields['reason'] : '',
    reasons: textsFrom(fields['reasons']),
    since: instantFrom(fields['since']),
    until: instantFrom(fields['until']),
  }
}

function textsFrom(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** The session is to be closed, or was: nothing goes on but waiting. */
export function isCut(suspension: Suspension): boolean {
  return suspension.mode === 'cut' && isAboutEverything(suspension)
}

function instantFrom(value: unknown): number | undefined {
  const ms = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** Features that sending something needs. */
const NEEDS = {
  message: ['messages'],
  image: ['messages', 'images', 'files'],
  file: ['messages', 'files'],
} as const satisfies Record<string, readonly string[]>

/** The one that decides about sending something: the strictest of those that are about it. */
export function suspensionFor(suspensions: readonly Suspension[], what: keyof typeof NEEDS): Suspension | undefined {
  const needs: readonly string[] = NEEDS[what]
  const matching = suspensions.filter(
    (suspension) => isAboutEverything(suspension) || suspension.scopes.some((scope) => needs.includes(scope)),
  )
  return MODES.toReversed()
    .map((mode) => matching.find((suspension) => suspension.mode === mode))
    .find((found) => found !== undefined)
}

/** Messages are not to be seen now, those neither that are here already (control §4.2). */
export function hidesMessages(suspensions: readonly Suspension[]): boolean {
  return suspensionFor(suspensions, 'message')?.mode === 'reject'
}

/** What one sends under this suspension does not reach the server's archive now. */
export function stopsSending(suspension: Suspension | undefined): boolean {
  return suspension !== undefined && ['read-only', 'reject', 'cut'].includes(suspension.mode)
}
