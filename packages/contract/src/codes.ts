import { ACCESS_CODES } from './codes/access.ts'
import { ACCOUNT_CODES } from './codes/accounts.ts'
import { CLIENT_RULE_CODES } from './codes/client-rules.ts'
import { CONTENT_CODES } from './codes/content.ts'
import { FILE_CODES } from './codes/files.ts'
import { GENERAL_CODES } from './codes/general.ts'
import { RULE_CODES } from './codes/rules.ts'
import { SUSPENSION_CODES } from './codes/suspensions.ts'

export type { Code, StanzaErrorCondition, StanzaErrorType } from './codes/code.ts'

/** Every failure a user can meet, by area. Adding a row adds it to both protocols and to the docs. */
export const CODES = {
  ...RULE_CODES,
  ...ACCOUNT_CODES,
  ...ACCESS_CODES,
  ...CLIENT_RULE_CODES,
  ...SUSPENSION_CODES,
  ...CONTENT_CODES,
  ...FILE_CODES,
  ...GENERAL_CODES,
} as const

/** A row of {@link CODES}. */
export type ErrorCode = keyof typeof CODES

/** Whether a string is a row of the table. Own keys only, so `constructor` is not one. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(CODES, value)
}

/**
 * The stream error (RFC 6120 §4.9.3) that ends a live session for a reason that is not the peer's XML. A version block
 * is never `not-authorized`: clients would drop the password.
 */
export const SESSION_END = {
  'client-too-old': 'policy-violation',
  'client-unknown': 'policy-violation',
  suspended: 'system-shutdown',
  'account-disabled': 'not-authorized',
  'account-deleted': 'not-authorized',
  'password-changed': 'reset',
  'sign-in-ended': 'reset',
  'ended-by-administrator': 'reset',
  shutdown: 'system-shutdown',
} as const

/** Why a live session is ended by the server. */
export type SessionEndCode = keyof typeof SESSION_END
