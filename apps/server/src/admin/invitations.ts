import { Refusal } from '@drawbridge/contract'
import type { InvitationView } from '@drawbridge/contract'
import { appendAudit, findInvitation, isUuid, listInvitations, revokeInvitation } from '@drawbridge/db'
import type { Invitation } from '@drawbridge/db'
import { localpartFrom } from '../routing/account-name.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

type Ids = 'listInvitations' | 'getInvitation' | 'createInvitation' | 'revokeInvitation'

/** Invitations as administrators make them; users make theirs by XEP-0401. */
export function invitationHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, domain, accounts, invitations, now } = context
  const view = (row: Invitation): InvitationView => {
    const { id, localpart, makesAccount, maxUses, uses, createdBy, createdAt, expiresAt, revokedAt } = row
    const inviter = invitations.inviterOf(row)?.localpart
    return {
      id,
      ...(localpart === null ? {} : { name: localpart }),
      ...(inviter === undefined ? {} : { inviter }),
      makesAccount,
      maxUses,
      uses,
      createdBy,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      ...(revokedAt === null ? {} : { revokedAt: revokedAt.toISOString() }),
    }
  }
  return {
    async listInvitations({ query: { cursor, limit = 100 } }) {
      if (cursor !== undefined && !isUuid(cursor)) throw new Refusal('bad-request')
      const rows = await listInvitations(db, limit + 1, cursor)
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.id : undefined
      return { invitations: page.map(view), ...(next === undefined ? {} : { next }) }
    },
    async getInvitation({ params: { id } }) {
      const row = isUuid(id) ? await findInvitation(db, id) : undefined
      if (!row) throw new Refusal('no-such-invitation')
      return { invitation: view(row) }
    },
    async createInvitation(request) {
      const { name, inviter: inviterName, maxUses, lifetimeS } = request.body
      const inviter = inviterName === undefined ? undefined : accounts.find(localpartFrom(inviterName, domain))
      if (inviterName !== undefined && !inviter) throw new Refusal('no-such-account')
      const { invitation, url, uri } = await invitations.create({
        actor: actorOf(request).name,
        makesAccount: true,
        inviter,
        localpart: name === undefined ? undefined : localpartFrom(name, domain),
        maxUses,
        lifetimeMs: lifetimeS === undefined ? undefined : lifetimeS * 1_000,
      })
      return { invitation: view(invitation), url, uri }
    },
    async revokeInvitation(request) {
      const { id } = request.params
      if (!isUuid(id)) throw new Refusal('no-such-invitation')
      const invitation = await db.transaction(async (tx) => {
        const row = await revokeInvitation(tx, id, now())
        if (!row) throw new Refusal('no-such-invitation')
        await appendAudit(tx, { actor: actorOf(request).name, action: 'revoke-invitation', target: id }, now())
        return row
      })
      return { invitation: view(invitation) }
    },
  }
}
