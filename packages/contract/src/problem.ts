import { CODES } from './codes.ts'
import type { ErrorCode } from './codes.ts'
import { Refusal } from './refusal.ts'
import type { RefusalDetails } from './refusal.ts'

/** Media type of an error body, RFC 9457 §3. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** An RFC 9457 problem document. Clients act on `type`, never on the status alone. */
export interface Problem {
  /** Relative reference such as `/problems/suspended`. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail?: string
  /** Under this id an `internal` failure is in the server's log. */
  readonly instance?: string
  readonly [extension: string]: unknown
}

export interface ProblemOptions {
  readonly details?: RefusalDetails
  readonly detail?: string
  readonly instance?: string
  readonly language?: 'en' | 'de'
}

const RESERVED = new Set(['type', 'title', 'status', 'code', 'detail', 'instance'])

/** Builds the problem document of a code. Details become extension members; they can never replace a standard one. */
export function problem(code: ErrorCode, options: ProblemOptions = {}): Problem {
  const row = CODES[code]
  const extensions = Object.fromEntries(Object.entries(options.details ?? {}).filter(([key]) => !RESERVED.has(key)))
  return {
    ...extensions,
    type: `/problems/${row.problem}`,
    title: row.text[options.language ?? 'en'],
    status: row.http,
    code,
    ...(options.detail === undefined ? {} : { detail: options.detail }),
    ...(options.instance === undefined ? {} : { instance: options.instance }),
  }
}

/** The problem of whatever was thrown: a `Refusal` says what it is, anything else is `internal` and says nothing. */
export function problemFrom(error: unknown, options: ProblemOptions = {}): Problem {
  if (error instanceof Refusal) {
    const { code, details, detail } = error
    return problem(code, { ...options, details, ...(detail !== undefined && { detail }) })
  }
  return problem('internal', options)
}
