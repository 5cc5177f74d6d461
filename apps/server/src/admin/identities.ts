import { Refusal } from '@drawbridge/contract'
import { appendAudit, endGrants, linkIdentity, listIdentities, unlinkIdentity } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { localpartFrom } from '../routing/account-name.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

/** Who accounts are at issuers: what the first sign-in by token says, and administrators may say before or afterwards. */
export function identityHandlers(context: AdminContext): AdminHandlers<'getIdentities' | 'setIdentity'> {
  const { db, domain, accounts, closeSessions, emit, now } = context
  const find = (name: string) => {
    const account = accounts.find(localpartFrom(name, domain))
    if (!account) throw new Refusal('no-such-account')
    return account
  }
  const view = async (tx: Db, { id, localpart }: { readonly id: string; readonly localpart: string }) => {
    const identities = (await listIdentities(tx, id)).map(({ issuer, subject, linkedAt }) => ({
      issuer,
      subject,
      linkedAt: linkedAt.toISOString(),
    }))
    return { name: localpart, identities }
  }
  return {
    getIdentities: ({ params }) => view(db, find(params.name)),
    async setIdentity(request) {
      const account = find(request.params.name)
      const { issuer, subject } = request.body
      const at = now()
      const { changed, clients } = await db.transaction(async (tx) => {
        const before = (await listIdentities(tx, account.id)).find((identity) => identity.issuer === issuer)?.subject
        if (before === (subject ?? undefined)) return { changed: await view(tx, account), clients: undefined }
        const ended = before === undefined ? undefined : await endGrants(tx, account.id, at)
        if (before !== undefined) await unlinkIdentity(tx, account.id, issuer)
        if (subject !== null && !(await linkIdentity(tx, account.id, { issuer, subject }, at)))
          throw new Refusal('identity-taken')
        const action = subject === null ? 'unlink-identity' : 'link-identity'
        const detail = { issuer, ...(before === undefined ? {} : { before }), ...(subject === null ? {} : { subject }) }
        await appendAudit(tx, { actor: actorOf(request).name, action, target: account.bareJid, detail }, at)
        return { changed: await view(tx, account), clients: ended }
      })
      if (clients) closeSessions(account.localpart, 'ended-by-administrator')
      for (const id of clients ?? []) emit('client.revoked', { account, id })
      return changed
    },
  }
}
