import type { Element } from '../connection/element.ts'
import { findSuspensions as findNotices, NS_DRAWBRIDGE_SUSPENSION } from '@drawbridge/xmpp'

const SCOPES = ['service', 'images', 'files', 'federation'] as const
/** Mildest first, by what they do to sending. */
const MODES = ['announce', 'hold', 'read-only', 'reject', 'cut'] as const

export type SuspensionScope = (typeof SCOPES)[number]
export type SuspensionMode = (typeof MODES)[number]

/** A suspension in force. Instants are milliseconds since 1970. */
export interface Suspension {
  readonly id: string
  readonly scope: SuspensionScope
  readonly mode: SuspensionMode
  readonly reason: string
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

/** The server keeps a message of ours back: which one, and for which suspension. */
export function findHeldNotice(element: Element): { id: string; suspension: string } | undefined {
  const { id, suspension } = element.getChild('held', NS_DRAWBRIDGE_SUSPENSION)?.attrs ?? {}
  return id === undefined || suspension === undefined ? undefined : { id, suspension }
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
  const scope = SCOPES.find((known) => known === fields['scope'])
  const mode = MODES.find((known) => known === fields['mode'])
  if (!scope || !mode) return undefined
  return {
    id: String(fields['id'] ?? ''),
    scope,
    mode,
    reason: typeof fields['reason'] === 'string' ? fields['reason'] : '',
    since: instantFrom(fields['since']),
    until: instantFrom(fields['until']),
  }
}

function instantFrom(value: unknown): number | undefined {
  const ms = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** The one that decides about sending something: strictest first, `service` before the feature it belongs to. */
export function suspensionFor(
  suspensions: readonly Suspension[],
  what: 'message' | 'image' | 'file',
): Suspension | undefined {
  const scopes: readonly SuspensionScope[] =
    what === 'image' ? ['service', 'images', 'files'] : what === 'file' ? ['service', 'files'] : ['service']
  const matching = suspensions.filter(({ scope }) => scopes.includes(scope))
  return MODES.toReversed()
    .map((mode) => matching.find((suspension) => suspension.mode === mode))
    .find((found) => found !== undefined)
}

/** What one sends under this suspension does not reach the server's archive now. */
export function stopsSending(suspension: Suspension | undefined): boolean {
  return suspension !== undefined && ['read-only', 'reject', 'cut'].includes(suspension.mode)
}
