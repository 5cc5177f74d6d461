import { Refusal } from '@drawbridge/contract'
import type { BodyOf } from '@drawbridge/contract'
import { appendAudit, findAccount, findAccountById } from '@drawbridge/db'
import type { Account } from '@drawbridge/db'
import { accountFrom } from '../../routing/accounts.ts'
import type { FactorByChat } from '../../routing/feature.ts'
import { localpartFrom } from '../../routing/account-name.ts'
import { withPasswordFaults } from '../../stream/password-refusal.ts'
import { isAdministrator } from '../actor.ts'
import type { AdminContext } from '../api.ts'
import { hasFactor } from './second-factors.ts'

const MINUTE_MS = 60_000

/** What somebody shows to prove who they are: a password, with a code where one is enrolled, or a passkey. */
export type Shown = WithoutSession<BodyOf<'signIn'>>
type WithoutSession<Body> = Body extends unknown ? Omit<Body, 'session'> : never
type ByPassword = Extract<Shown, { readonly password: string }>
type ByPasskey = Exclude<Shown, ByPassword>

/** Who it is, and whether that took two factors. */
export interface Proved {
  readonly account: Account
  readonly hasSecondFactor: boolean
}

/**
 * Finds out whether somebody is an administrator: by name, password and a code where a second factor is enrolled, or by
 * a passkey alone, which has verified its user itself. Wrong passwords and codes are slowed down. Rejects with `sign-in-failed` for
 * whatever is wrong with name or password, `second-factor-needed`, `second-factor-failed`, `passkey-failed`,
 * `rate-limited`, and `forbidden` for a user.
 */
export type Prove = (shown: Shown, remoteAddress: string) => Promise<Proved>

export function createProve(context: Omit<AdminContext, 'prove'>): Prove {
  const { db, domain, accounts, passwords, throttle, secondFactors, passkeys } = context
  const noteRefusal = createRefusalLog(context)

  /** No throttle: nobody guesses a signature, and whoever guesses passwords must not keep administrators out. */
  const byPasskey = async ({ passkey }: ByPasskey, remoteAddress: string): Promise<Proved> => {
    const accountId = await passkeys.verify(passkey)
    const account = accountId === undefined ? undefined : await findAccountById(db, accountId)
    const known = account && accountFrom(account, domain)
    if (known && !known.isDisabled && isAdministrator(known)) return { account, hasSecondFactor: true }
    noteRefusal(known?.bareJid ?? '', remoteAddress)
    throw new Refusal('passkey-failed')
  }

  const byPassword = async ({ name, password, code }: ByPassword, remoteAddress: string): Promise<Proved> => {
    const localpart = readableLocalpart(name, domain)
    const keys = throttle.keysOf(remoteAddress, localpart ?? '')
    const delayMs = throttle.delayMs(keys)
    const known = localpart === undefined ? undefined : accounts.find(localpart)
    const refuse = (refusal: Refusal): never => {
      noteRefusal(known?.bareJid ?? '', remoteAddress)
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
    const needsCode = hasFactor(await secondFactors.of(account.id))
    if (needsCode) {
      // A right password alone forgives no failure, or codes could be guessed in between.
      if (code === undefined) throw new Refusal('second-factor-needed')
      if (!(await secondFactors.take(account.id, code))) return fail('second-factor-failed')
    }
    throttle.succeeded(keys)
    return { account, hasSecondFactor: needsCode }
  }

  return (shown, remoteAddress) =>
    'passkey' in shown ? byPasskey(shown, remoteAddress) : byPassword(shown, remoteAddress)
}

/**
 * The second factor of whoever administers by chat, where signing in takes a password alone: a code of the authenticator
 * or from paper. Somebody who has only passkeys has codes on paper, and the console.
 */
export function createFactorByChat(context: Omit<AdminContext, 'prove'>): FactorByChat {
  const { throttle, secondFactors, settings } = context
  const noteRefusal = createRefusalLog(context)
  return {
    async isNeeded({ id }) {
      if (hasFactor(await secondFactors.of(id))) return true
      if (settings.secondFactor === 'required') throw new Refusal('second-factor-missing')
      return false
    },
    async show({ id, localpart, bareJid }, code, remoteAddress) {
      const keys = throttle.keysOf(remoteAddress, localpart)
      const delayMs = throttle.delayMs(keys)
      if (delayMs > 0) throw new Refusal('rate-limited', { retryAfterS: Math.ceil(delayMs / 1_000) })
      if (await secondFactors.take(id, code)) return
      throttle.failed(keys)
      noteRefusal(bareJid, remoteAddress)
      throw new Refusal('second-factor-failed')
    },
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
