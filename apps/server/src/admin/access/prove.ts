import { Refusal } from '@drawbridge/contract'
import { appendAudit, findAccount } from '@drawbridge/db'
import type { Account } from '@drawbridge/db'
import { accountFrom } from '../../routing/accounts.ts'
import { localpartFrom } from '../../routing/account-name.ts'
import { withPasswordFaults } from '../../stream/password-refusal.ts'
import { isAdministrator } from '../actor.ts'
import type { AdminContext } from '../api.ts'

const MINUTE_MS = 60_000

/** What somebody shows to prove who they are. */
export interface Shown {
  readonly name: string
  readonly password: string
  readonly code?: string | undefined
}

/** Who it is, and whether that took two factors. */
export interface Proved {
  readonly account: Account
  readonly hasSecondFactor: boolean
}

/**
 * Finds out whether somebody is the administrator whose name they give: by password, and by a code where a second factor
 * is enrolled. Wrong codes are slowed down like wrong passwords. Rejects with `sign-in-failed` for whatever is wrong with
 * name or password, `second-factor-needed`, `second-factor-failed`, `rate-limited`, and `forbidden` for a user.
 */
export type Prove = (shown: Shown, remoteAddress: string) => Promise<Proved>

export function createProve(context: Omit<AdminContext, 'prove'>): Prove {
  const { db, domain, accounts, passwords, throttle, secondFactors } = context
  const noteRefusal = createRefusalLog(context)
  return async ({ name, password, code }, remoteAddress) => {
    const localpart = readableLocalpart(name, domain)
    const keys = throttle.keysOf(remoteAddress, localpart ?? '')
    const delayMs = throttle.delayMs(keys)
    const known = localpart === undefined ? undefined : accounts.find(localpart)
    const target = known?.bareJid ?? ''
    const refuse = (refusal: Refusal): never => {
      noteRefusal(target, remoteAddress)
      throw refusal
    }
    if (delayMs > 0) refuse(new Refusal('rate-limited', { retryAfterS: Math.ceil(delayMs / 1_000) }))
    const fail = (why: 'sign-in-failed' | 'second-factor-failed'): never => {
      throttle.failed(keys)
      return refuse(new Refusal(why))
    }
    // Unknown, disabled and wrong take the same time and get the same answer (threats §3.3).
    const isRight = await withPasswordFaults(passwords.verify(known?.id, password))
    if (!isRight || !known || known.isDisabled) return fail('sign-in-failed')
    const account = await findAccount(db, known.localpart)
    if (!account || account.isDisabled) return fail('sign-in-failed')
    if (!isAdministrator(accountFrom(account, domain))) {
      throttle.succeeded(keys)
      return refuse(new Refusal('forbidden'))
    }
    const hasSecondFactor = (await secondFactors.of(account.id)).totp
    if (hasSecondFactor) {
      // A right password alone forgives no failure, or codes could be guessed in between.
      if (code === undefined) throw new Refusal('second-factor-needed')
      if (!(await secondFactors.take(account.id, code))) return fail('second-factor-failed')
    }
    throttle.succeeded(keys)
    return { account, hasSecondFactor }
  }
}

/**
 * Puts refused sign-ins on record: at most one row per account and minute, so that whoever guesses cannot fill the log;
 * names that nobody has share one entry. Nobody waits for it.
 */
function createRefusalLog({ db, now, log }: Pick<AdminContext, 'db' | 'now' | 'log'>) {
  /** When a refusal was last put on record, by account. Oldest first. */
  const refusedAt = new Map<string, number>()
  return (target: string, remoteAddress: string): void => {
    const at = now()
    for (const [key, since] of refusedAt) {
      if (at.getTime() - since < MINUTE_MS) break
      refusedAt.delete(key)
    }
    if (refusedAt.has(target)) return
    refusedAt.set(target, at.getTime())
    const row = { actor: 'server', action: 'refuse-admin-sign-in', target, detail: { remoteAddress } }
    void appendAudit(db, row, at).catch((error: unknown) => log.error('not audited', { error: String(error) }))
  }
}

/** A name that cannot be one is treated like one that nobody has. */
function readableLocalpart(name: string, domain: string): string | undefined {
  try {
    return localpartFrom(name, domain)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
