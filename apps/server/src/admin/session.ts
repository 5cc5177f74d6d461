import { Refusal } from '@drawbridge/contract'
import { appendAudit, findAccount } from '@drawbridge/db'
import { withPasswordFaults } from '../stream/password-refusal.ts'
import { accountView } from './account-change.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { localpartFrom } from '../routing/account-name.ts'

const MINUTE_MS = 60_000

/** Signing in and out of the admin API. */
export function sessionHandlers(context: AdminContext): AdminHandlers<'signIn' | 'signOut'> {
  const { db, domain, accounts, passwords, throttle, tokens, now, log } = context
  const audit = (actor: string, action: string, detail: Record<string, unknown> = {}) =>
    appendAudit(db, { actor, action, target: '', detail }, now())
  /** When a refusal was last put on record, by account; names that nobody has share one entry. Oldest first. */
  const refusedAt = new Map<string, number>()
  /** At most one row per account and minute, so that whoever guesses cannot fill the log. Nobody waits for it. */
  const refused = (target: string, remoteAddress: string) => {
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
  return {
    async signIn({ body: { name, password }, remoteAddress }) {
      const localpart = readableLocalpart(name, domain)
      const keys = throttle.keysOf(remoteAddress, localpart ?? '')
      const delayMs = throttle.delayMs(keys)
      const account = localpart === undefined ? undefined : accounts.find(localpart)
      const target = account?.bareJid ?? ''
      if (delayMs > 0) {
        refused(target, remoteAddress)
        throw new Refusal('rate-limited', { retryAfterS: Math.ceil(delayMs / 1_000) })
      }
      // Unknown, disabled and wrong take the same time and get the same answer (threats §3.3).
      const isRight = await withPasswordFaults(passwords.verify(account?.id, password))
      if (!isRight || !account || account.isDisabled) {
        throttle.failed(keys)
        refused(target, remoteAddress)
        throw new Refusal('sign-in-failed')
      }
      throttle.succeeded(keys)
      if (!account.isAdmin) {
        refused(target, remoteAddress)
        throw new Refusal('forbidden')
      }
      const row = await findAccount(db, account.localpart)
      if (!row) throw new Refusal('sign-in-failed')
      const { token, expiresAt } = tokens.issue(account.localpart)
      await audit(account.bareJid, 'sign-in', { address: remoteAddress })
      return { token, expiresAt: expiresAt.toISOString(), account: accountView(row) }
    },
    async signOut(request) {
      const actor = actorOf(request)
      if (actor.kind !== 'account') throw new Refusal('forbidden')
      tokens.revoke(actor.token)
      await audit(actor.name, 'sign-out')
      return undefined
    },
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
