import type { SuspensionMode, SuspensionScope } from '@drawbridge/policy'

/**
 * The public status document at /status.json, readable without sign-in: what a suspended client polls, and what any
 * client that knows XEP-0455 §3.2 reads in the fields from `outage` on.
 */
export interface StatusDocument extends OutageStatus {
  readonly state: 'ok' | 'suspended'
  readonly suspensions: readonly PublicSuspension[]
  /**
   * When whoever asks is to come back, in milliseconds from the end of the cut, or from now if it is over: drawn anew for
   * each, so that not all come at once. Absent: whenever they like.
   */
  readonly retryAfterMs?: number
}

/** XEP-0455 §3.2. Without an outage there is nothing but the word. */
export interface OutageStatus {
  readonly outage: boolean
  /** Announced before it began. */
  readonly planned?: boolean
  /** RFC 3339. */
  readonly beginning?: string
  readonly expected_end?: string
  readonly message?: { readonly default: string } & Readonly<Record<string, string>>
}

/** What everybody may know about a suspension. Instants are RFC 3339; `until` is null when no end is known. */
export interface PublicSuspension {
  readonly id: string
  readonly scope: SuspensionScope
  readonly mode: SuspensionMode
  readonly reason: string
  readonly since: string
  readonly until: string | null
}

const WORDS = {
  en: {
    service: 'This service',
    feature: (scope: string) => `Sharing ${scope}`,
    announce: 'has a notice',
    hold: 'is on hold',
    'read-only': 'is read-only',
    reject: 'is suspended',
    cut: 'is suspended',
    reason: 'Reason',
    end: 'Expected end',
  },
  de: {
    service: 'Dieser Dienst',
    feature: (scope: string) => `Das Teilen (${scope})`,
    announce: 'hat einen Hinweis',
    hold: 'ist angehalten',
    'read-only': 'kann nur gelesen werden',
    reject: 'ist ausgesetzt',
    cut: 'ist ausgesetzt',
    reason: 'Grund',
    end: 'Voraussichtliches Ende',
  },
} as const

/** A suspension as a sentence for people whose client knows nothing of suspensions. */
export function suspensionText({ scope, mode, reason, until }: PublicSuspension, language: keyof typeof WORDS): string {
  const words = WORDS[language]
  const what = scope === 'service' ? words.service : words.feature(scope)
  const end = until === null ? '' : ` ${words.end}: ${until}.`
  return `${what} ${words[mode]}. ${words.reason}: ${reason}.${end}`
}

/** The status document of what is suspended now. */
export function buildStatus(suspensions: readonly PublicSuspension[]): StatusDocument {
  const active = suspensions.filter(({ mode }) => mode !== 'announce')
  const state = active.length > 0 ? 'suspended' : 'ok'
  const [first] = active.length > 0 ? active : suspensions
  if (!first) return { state, suspensions, outage: false }
  return {
    state,
    suspensions,
    outage: active.length > 0,
    planned: active.length === 0,
    beginning: first.since,
    ...(first.until === null ? {} : { expected_end: first.until }),
    message: { default: suspensionText(first, 'en'), en: suspensionText(first, 'en'), de: suspensionText(first, 'de') },
  }
}
