import { Refusal } from '@drawbridge/contract'
import { appendAudit, findAccount, listBreakGlass, updateAccount } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { isRehearsal, transact } from '../policy/rehearsal.ts'
import { localpartFrom } from '../routing/account-name.ts'
import { hasFactor } from './access/second-factors.ts'
import { accountView } from './account-change.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

/** Fixed: each of them passes everything (control §4.3). */
const MAX_BREAK_GLASS = 5

/** Who passes every suspension and every lock-out. */
export function breakGlassHandlers({
  db,
  domain,
  accounts,
  secondFactors,
  breakGlassNetworks,
  policy,
  now,
}: AdminContext): AdminHandlers<'listBreakGlass' | 'setBreakGlass'> {
  const isCovered = async (id: string) => hasFactor(await secondFactors.of(id))
  return {
    async listBreakGlass() {
      const rows = await listBreakGlass(db)
      const found = rows.map(async ({ id, localpart, isDisabled }) => ({
        name: localpart,
        isDisabled,
        hasSecondFactor: await isCovered(id),
      }))
      return { accounts: await Promise.all(found), networks: breakGlassNetworks }
    },
    async setBreakGlass(request) {
      const localpart = localpartFrom(request.params.name, domain)
      const { isBreakGlass } = request.body
      const before = await findAccount(db, localpart)
      if (!before) throw new Refusal('no-such-account')
      if (isBreakGlass && !(await isCovered(before.id))) throw new Refusal('break-glass-factor')
      const actor = actorOf(request).name
      const change = async (tx: Db) => {
        // Locked, so that two at once do not make one too many, or leave none.
        const present = await listBreakGlass(tx, 'update')
        const others = present.filter(({ id }) => id !== before.id)
        if (isBreakGlass && others.length >= MAX_BREAK_GLASS) throw new Refusal('break-glass-limit')
        if (!isBreakGlass && others.every(({ isDisabled }) => isDisabled)) throw new Refusal('last-break-glass')
        const changed = await updateAccount(tx, localpart, { isBreakGlass })
        if (!changed) throw new Refusal('no-such-account')
        const action = isBreakGlass ? 'grant-break-glass' : 'revoke-break-glass'
        await appendAudit(tx, { actor, action, target: `${localpart}@${domain}` }, now())
        return changed
      }
      const work = async () => {
        const row = await transact(db, change)
        if (!isRehearsal()) accounts.put(row)
        return row
      }
      const row = await policy.operations.reclassify(work, { by: actor, parties: [before.id] })
      if (!isRehearsal()) policy.live.reconsider()
      return { account: accountView(row) }
    },
  }
}
