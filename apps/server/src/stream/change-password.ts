import { forgetSignIns, setCredentials } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { SessionEndCode } from '@drawbridge/contract'
import type { Account } from '../routing/accounts.ts'
import type { Passwords } from './password.ts'
import type { Session } from './session.ts'

/** What belongs to a change of password beside the password. */
export interface PasswordChange {
  /** The session that asked for it goes on (XEP-0077 §3.3); every other one ends. */
  readonly keep?: Session
  /** Writes what belongs into the same transaction: the audit row. */
  readonly record?: (tx: Db) => Promise<unknown>
}

/**
 * Gives an account another password: verifiers are made anew, FAST tokens end, and so do its other sessions, what they are
 * pushed, and sign-ins that are under way (threats AU-23). Resolves with how many sessions ended. Throws `PasswordUnfit` and `PasswordBusy`.
 */
export type ChangePassword = (
  account: Pick<Account, 'id' | 'localpart'>,
  password: string,
  change?: PasswordChange,
) => Promise<number>

export interface PasswordChangeParts {
  readonly db: Db
  readonly passwords: Pick<Passwords, 'make'>
  /** Ends what the account has open, but for this session, and returns how many sessions there were. */
  closeSessions(localpart: string, why: SessionEndCode, keep?: Session): number
  /** Whatever else was given to those who knew the old password is to end. */
  changed(account: Pick<Account, 'id' | 'localpart'>, keep: Session | undefined): void
  readonly now: () => Date
}

export function createChangePassword({
  db,
  passwords,
  closeSessions,
  changed,
  now,
}: PasswordChangeParts): ChangePassword {
  return async ({ id, localpart }, password, { keep, record } = {}) => {
    const credentials = await passwords.make({ id, localpart }, password)
    await db.transaction(async (tx) => {
      await setCredentials(tx, id, credentials)
      await forgetSignIns(tx, id, now())
      await record?.(tx)
    })
    changed({ id, localpart }, keep)
    return closeSessions(localpart, 'password-changed', keep)
  }
}
