import { Refusal } from '@drawbridge/contract'
import { appendAudit, findAccount } from '@drawbridge/db'
import { accountView, withPasswordFaults } from './account-change.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { localpartFrom } from './account-change.ts'

/** Signing in and out of the admin API. */
export function sessionHandlers(context: AdminContext): AdminHandlers<'signIn' | 'signOut'> {
  const { db, domain, accounts, passwords, throttle, tokens, now } = context
  const audit = (actor: string, action: string, detail: Record<string, unknown> = {}) =>
    appendAudit(db, { actor, action, target: '', detail }, now())
  return {
    async signIn({ body: { name, password }, remoteAddress }) {
      const localpart = readableLocalpart(name, domain)
      const keys = throttle.keysOf(remoteAddress, localpart ?? '')
      const delayMs = throttle.delayMs(keys)
      if (delayMs > 0) throw new Refusal('rate-limited', { retryAfterS: Math.ceil(delayMs / 1_000) })
      const account = localpart === undefined ? undefined : accounts.find(localpart)
      // Unknown, disabled and wrong take the same time and get the same answer (threats §3.3).
      const isRight = await withPasswordFaults(passwords.verify(account?.id, password))
      if (!isRight || !account || account.isDisabled) {
        throttle.failed(keys)
        throw new Refusal('sign-in-failed')
      }
      throttle.succeeded(keys)
      if (!account.isAdmin) throw new Refusal('forbidden')
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
