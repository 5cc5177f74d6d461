/** Every reason a rule may refuse with. `packages/contract` must have a row for each: its types check it. */
export const POLICY_CODES = [
  'client-too-old',
  'client-not-allowed',
  'media-withheld',
  'media-recalled',
  'client-unknown',
  'suspended',
  'federation-off',
  'policy-stale',
  'internal',
] as const
export type PolicyCode = (typeof POLICY_CODES)[number]

/** Small plain facts about a refusal that a client may be told: rule id, minimum version, expected end. */
export type VerdictDetails = Readonly<Record<string, string>>

/** The question may go on. */
export interface Pass {
  readonly action: 'pass'
}

/** Say no. `reason` is for the log and the audit row; what a user reads comes from the error table and `details`. */
export interface Refuse {
  readonly action: 'refuse'
  readonly code: PolicyCode
  readonly reason: string
  /** True when the same request may pass later without the user changing anything. */
  readonly retryable: boolean
  readonly details: VerdictDetails
}

/** Accept and archive, but deliver only when the suspension ends. */
export interface Hold {
  readonly action: 'hold'
  readonly suspensionId: string
}

/** Drop without an answer. */
export interface Discard {
  readonly action: 'discard'
  readonly reason: string
}

/** A closed union: whoever asks must handle every case, and a boolean can never stand for an answer. */
export type Verdict = Pass | Refuse | Hold | Discard

export const PASS: Pass = Object.freeze({ action: 'pass' })

/** Builds a refusal. Details default to none and a refusal to final. */
export function refuse(
  code: PolicyCode,
  reason: string,
  options: { readonly retryable?: boolean; readonly details?: VerdictDetails } = {},
): Refuse {
  return { action: 'refuse', code, reason, retryable: options.retryable ?? false, details: options.details ?? {} }
}
