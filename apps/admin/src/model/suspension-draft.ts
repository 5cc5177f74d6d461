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

/** What is suspended, and how. */
export interface WhatDraft {
  readonly whole: readonly WholeScope[]
  /** Scopes with a value, such as `group:sales`, by lines or commas. */
  readonly narrow: string
  readonly mode: NewSuspension['mode']
}

/** What people are told, and what administrators are. */
export interface ReasonDraft {
  readonly reason: string
  readonly reasonDe: string
  readonly internalReason: string
}

/** Who can be left alone. */
export const EXEMPTED = ['accounts', 'units', 'rooms', 'bots'] as const

/** Who is left alone: names by lines or commas. */
export type ExemptionDraft = Readonly<Record<(typeof EXEMPTED)[number], string>>

/** A suspension as it is being written: texts as they stand in their fields. */
export interface SuspensionDraft extends WhatDraft, ReasonDraft, ExemptionDraft {
  /** `datetime-local`, in the zone of whoever writes, like the next ones; empty: at once. */
  readonly start: string
  /** Empty: a person ends it. */
  readonly until: string
  readonly reviewAt: string
  readonly isEmergency: boolean
  readonly isDrill: boolean
}

export const EMPTY_WHAT: WhatDraft = { whole: [], narrow: '', mode: 'hold' }
export const EMPTY_REASON: ReasonDraft = { reason: '', reasonDe: '', internalReason: '' }
export const EMPTY_EXEMPTIONS: ExemptionDraft = { accounts: '', units: '', rooms: '', bots: '' }

export const EMPTY_DRAFT: SuspensionDraft = {
  ...EMPTY_WHAT,
  ...EMPTY_REASON,
  ...EMPTY_EXEMPTIONS,
  start: '',
  until: '',
  reviewAt: '',
  isEmergency: false,
  isDrill: false,
}

/** What is suspended most often in a hurry. */
export const QUICK_STARTS = {
  images: { whole: ['images'], mode: 'hold' },
  files: { whole: ['files'], mode: 'hold' },
  messages: { whole: ['messages'], mode: 'hold' },
  service: { whole: ['service'], mode: 'cut' },
} as const satisfies Record<string, Pick<WhatDraft, 'whole' | 'mode'>>
export type QuickStart = keyof typeof QUICK_STARTS

/** For when there is no time to write one; it can be changed before anybody reads it. */
const STANDARD_REASON = {
  reason: 'A security problem is being examined.',
  reasonDe: 'Ein Sicherheitsproblem wird untersucht.',
} as const

/** The draft of what is suspended in a hurry, complete. */
export function quickDraft(what: QuickStart): SuspensionDraft {
  return { ...EMPTY_DRAFT, ...QUICK_STARTS[what], ...STANDARD_REASON }
}

export function scopesOf({ whole, narrow }: Pick<WhatDraft, 'whole' | 'narrow'>): string[] {
  return [...new Set([...whole, ...namedIn(narrow)])]
}

/** Scopes as the fields have them. */
export function whatOf({ scopes, mode }: Pick<NewSuspension, 'scopes' | 'mode'>): WhatDraft {
  const isWhole = (scope: string): scope is WholeScope => (WHOLE_SCOPES as readonly string[]).includes(scope)
  return {
    whole: scopes.filter(isWhole),
    narrow: scopes.filter((scope) => !isWhole(scope)).join(', '),
    mode,
  }
}

/** Names with commas or ends of lines between them, each once. */
export function namedIn(text: string): string[] {
  const named = text.split(/[\n,]/u).map((name) => name.trim())
  return [...new Set(named.filter((name) => name !== ''))]
}

/** Reasons as they are sent; those that were left empty are left out. */
export function reasonsFrom({ reason, reasonDe, internalReason }: ReasonDraft) {
  return {
    reason: reason.trim(),
    ...(reasonDe.trim() !== '' && { reasons: { de: reasonDe.trim() } }),
    ...(internalReason.trim() !== '' && { internalReason: internalReason.trim() }),
  }
}

/** Undefined when nobody is left alone. */
export function exemptionsFrom(draft: ExemptionDraft): NewSuspension['exemptions'] | undefined {
  const named = EXEMPTED.map((of) => [of, namedIn(draft[of])] as const).filter(([, names]) => names.length > 0)
  return named.length === 0 ? undefined : Object.fromEntries(named)
}

/** Exemptions as the fields have them. */
export function exemptionDraftOf(exemptions: NonNullable<NewSuspension['exemptions']>): ExemptionDraft {
  const texts = EXEMPTED.map((of) => [of, (exemptions[of] ?? []).join(', ')])
  return Object.fromEntries(texts) as ExemptionDraft
}

/** What is sent. Fields that were left empty are left out: the server has its own defaults. */
export function suspensionFrom(draft: SuspensionDraft): NewSuspension {
  const { mode, start, until, reviewAt, isEmergency, isDrill } = draft
  const exemptions = exemptionsFrom(draft)
  return {
    scopes: scopesOf(draft),
    mode,
    ...reasonsFrom(draft),
    ...(exemptions && { exemptions }),
    ...(start !== '' && { start: instantFrom(start) }),
    ...(until !== '' && { until: instantFrom(until) }),
    ...(reviewAt !== '' && until === '' && { reviewAt: instantFrom(reviewAt) }),
    ...(isEmergency && { isEmergency }),
    ...(isDrill && { isDrill }),
  }
}

/** The same as everybody will be told of it. */
export function publicSuspension(draft: SuspensionDraft, now: Date): PublicSuspension {
  const { scopes, mode, reason, reasons = {}, start, until } = suspensionFrom(draft)
  return { id: 'draft', scopes, mode, reason, reasons, since: start ?? now.toISOString(), until: until ?? null }
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
