import { CODES } from './codes.ts'
import type { ErrorCode } from './codes.ts'

/** Small plain facts that the refused side may read, for example the minimum version. Never internals. */
export type RefusalDetails = Readonly<Record<string, string | number | boolean>>

export interface RefusalOptions {
  readonly details?: RefusalDetails
  /** What exactly is wrong, as a sentence for whoever asked; becomes `detail` (RFC 9457 §3.1.4). */
  readonly detail?: string
  /** Seconds after which trying again makes sense; becomes Retry-After. */
  readonly retryAfterS?: number
  /** Logged, never sent. */
  readonly cause?: unknown
}

/**
 * A failure that the user may know about: its code names the row of the error table. Whatever else reaches an edge is a
 * bug and leaves as `internal`.
 */
export class Refusal extends Error {
  readonly code: ErrorCode
  readonly details: RefusalDetails
  readonly detail: string | undefined
  readonly retryAfterS: number | undefined

  constructor(code: ErrorCode, options: RefusalOptions = {}) {
    super(CODES[code].text.en, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Refusal'
    this.code = code
    this.details = options.details ?? {}
    this.detail = options.detail
    this.retryAfterS = options.retryAfterS
  }
}

/** The code of whatever was thrown: that of a `Refusal`, and `internal` for everything else. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof Refusal ? error.code : 'internal'
}
