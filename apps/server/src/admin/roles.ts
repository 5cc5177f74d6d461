import { Refusal } from '@drawbridge/contract'
import { appendAudit, deleteAdminSessions, findAccount, listBreakGlass, updateAccount } from '@drawbridge/db'
import { localpartFrom } from '../routing/account-name.ts'
import { accountView, keepAnAdministrator } from './account-change.ts'
import { rolesOf } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

/** Who may administer what, and getting in again after the second factor was lost. */
export function roleHandlers(context: AdminContext): AdminHandlers<'setRoles' | 'resetSecondFactor'> {
  const { db, domain, accounts, units, secondFactors, now } = context
  return {
    async setRoles(request) {
      const localpart = localpartFrom(request.params.name, domain)
      const wanted = new Set(request.body.roles)
      const administers = [...new Set(request.body.administers)]
      if (wanted.has('unit-administrator') !== administers.length > 0) {
        throw new Refusal('bad-request', { detail: 'A unit administrator has units, and nobody else does.' })
      }
      for (const name of administers) if (!units.find(name)) throw new Refusal('no-such-unit', { detail: name })
      const isAdmin = wanted.has('administrator')
      const roles = [...wanted].filter((role) => role !== 'administrator')
      const changed = await db.transaction(async (tx) => {
        if (!isAdmin) await keepAnAdministrator(tx, localpart)
        const before = await findAccount(tx, localpart)
        const row = await updateAccount(tx, localpart, { isAdmin, roles, administers })
        if (!before || !row) throw new Refusal('no-such-account')
        await deleteAdminSessions(tx, row.id)
        const detail = { from: rolesOf(before), to: rolesOf(row), administers }
        await appendAudit(
          tx,
          { actor: actorOf(request).name, action: 'set-roles', target: `${localpart}@${domain}`, detail },
          now(),
        )
        return row
      })
      accounts.put(changed)
      return { account: accountView(changed) }
    },
    async resetSecondFactor(request) {
      const localpart = localpartFrom(request.params.name, domain)
      const row = await findAccount(db, localpart)
      if (!row) throw new Refusal('no-such-account')
      // Unless it is the only one: then nobody could help.
      if (row.isBreakGlass && (await listBreakGlass(db)).length > 1) throw new Refusal('second-factor-required')
      await db.transaction(async (tx) => {
        await secondFactors.removeAll(tx, row.id)
        await deleteAdminSessions(tx, row.id)
        const entry = {
          actor: actorOf(request).name,
          action: 'reset-second-factor',
          target: `${localpart}@${domain}`,
        }
        await appendAudit(tx, entry, now())
      })
      return { account: accountView(row) }
    },
  }
}
