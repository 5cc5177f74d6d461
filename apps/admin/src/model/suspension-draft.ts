import type { BodyOf, PublicSuspension } from '@drawbridge/contract'

type NewSuspension = BodyOf<'startSuspension'>

/** Scopes that are named by themselves; the others want a value behind a colon. */
export const WHOLE_SCOPES = [
  'service',
  'messages',
  'images',
  'files',
  'rooms',
  'presence',
  'search',
  'federation',
  'registration',
  'push',
  'bots',
] as const
export const NARROW_SCOPES = ['group', 'room', 'peer', 'client', 'zone', 'format', 'hash'] as const
export type WholeScope = (typeof WHOLE_SCOPES)[number]
export type NarrowScope = (typeof NARROW_SCOPES)[number]

/** From the mildest to the strictest. */
export const MODES = [
  'announce',
  'hold',
  'read-only',
  'reject',
  'cut',
] as const satisfies readonly NewSuspension['mode'][]

/** A suspension as it is being written: texts as they stand in their fields. */
export interface SuspensionDraft {
  readonly whole: readonly WholeScope[]
  /** Scopes with a value, such as `group:sales`, by lines or commas. */
  readonly narrow: string
  readonly mode: NewSuspension['mode']
  readonly reason: string
  readonly reasonDe: string
  readonly internalReason: string
  /** `datetime-local`, in the zone of whoever writes; empty: a person ends it. */
  readonly until: string
  readonly reviewAt: string
  readonly isEmergency: boolean
  readonly isDrill: boolean
}

export const EMPTY_DRAFT: SuspensionDraft = {
  whole: [],
  narrow: '',
  mode: 'hold',
  reason: '',
  reasonDe: '',
  internalReason: '',
  until: '',
  reviewAt: '',
  isEmergency: false,
  isDrill: false,
}

export function scopesOf({ whole, narrow }: Pick<SuspensionDraft, 'whole' | 'narrow'>): string[] {
  const named = narrow
    .split(/[\n,]/u)
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '')
  return [...new Set([...whole, ...named])]
}

/** What is sent. Fields that were left empty are left out: the server has its own defaults. */
export function suspensionFrom(draft: SuspensionDraft): NewSuspension {
  const { mode, reason, reasonDe, internalReason, until, reviewAt, isEmergency, isDrill } = draft
  return {
    scopes: scopesOf(draft),
    mode,
    reason: reason.trim(),
    ...(reasonDe.trim() !== '' && { reasons: { de: reasonDe.trim() } }),
    ...(internalReason.trim() !== '' && { internalReason: internalReason.trim() }),
    ...(until !== '' && { until: instantFrom(until) }),
    ...(reviewAt !== '' && { reviewAt: instantFrom(reviewAt) }),
    ...(isEmergency && { isEmergency }),
    ...(isDrill && { isDrill }),
  }
}

/** The same as everybody will be told of it. */
export function publicSuspension(draft: SuspensionDraft, now: Date): PublicSuspension {
  const { scopes, mode, reason, reasons = {}, until } = suspensionFrom(draft)
  return { id: 'draft', scopes, mode, reason, reasons, since: now.toISOString(), until: until ?? null }
}

/** The instant of a `datetime-local` field. */
export function instantFrom(local: string): string {
  return new Date(local).toISOString()
}

/** What a `datetime-local` field shows for an instant. */
export function localFrom(instant: Date): string {
  const shifted = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 16)
}
