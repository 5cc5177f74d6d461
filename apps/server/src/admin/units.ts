import { MAX_MEMBERS_PER_REQUEST, Refusal } from '@drawbridge/contract'
import type { UnitView } from '@drawbridge/contract'
import {
  addUnitMembers,
  appendAudit,
  bumpPolicyEpoch,
  deleteUnit,
  forgetNames,
  findAccount,
  findUnit,
  insertUnit,
  listUnitMembers,
  listUnits,
  removeUnitMembers,
  updateAccount,
  updateUnit,
} from '@drawbridge/db'
import type { Db, UnitRow } from '@drawbridge/db'
import type { Unit } from '../routing/units.ts'
import { recordForgotten } from '../policy/forgotten.ts'
import type { Regrouping } from '../policy/regrouping.ts'
import { localpartFrom } from '../routing/account-name.ts'
import { accountView } from './account-change.ts'
import { mayDo, namesOf } from './actor.ts'
import type { Actor } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { personOf } from './suspensions.ts'

type Ids =
  | 'setDisplayName'
  | 'listUnits'
  | 'getUnit'
  | 'createUnit'
  | 'changeUnit'
  | 'deleteUnit'
  | 'listUnitMembers'
  | 'addUnitMembers'
  | 'removeUnitMember'

/** Units and names: every change is one transaction with its audit row, then reaches the contact lists of who is online. */
export function unitHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, domain, accounts, units, policy, emit, now } = context
  const { reclassify } = policy.operations
  const audit = (tx: Db, actor: string, action: string, target: string, detail: Record<string, unknown> = {}) =>
    appendAudit(tx, { actor, action, target, detail }, now())

  /** Whether whoever asks may let people join or leave a unit, by what is in force about it. */
  const regroup = (actor: Actor, name: string, how: Regrouping) =>
    policy.guarded.regroup({ ...personOf(actor), mayChangeRules: mayDo(actor, 'policy.write') }, name, how)

  /** Does in memory what has been done in the database, to the unit as it is by now. */
  const change = (name: string, changed: (unit: Unit) => Unit): UnitView => {
    const before = units.find(name)
    if (!before) throw new Refusal('no-such-unit')
    const after = changed(before)
    units.put(after)
    emit('unit.changed', { before, after })
    return unitView(after)
  }
  const found = (name: string) => {
    const account = accounts.find(localpartFrom(name, domain))
    if (!account) throw new Refusal('no-such-account', { detail: name })
    return account
  }
  const rowOf = async (tx: Db, name: string): Promise<UnitRow> => {
    const row = await findUnit(tx, name)
    if (!row) throw new Refusal('no-such-unit')
    return row
  }
  const bareJids = (ids: readonly string[]) => new Set(ids.flatMap((id) => accounts.findById(id)?.bareJid ?? []))

  const unitView = (unit: Omit<Unit, 'members'> & { readonly members: ReadonlySet<string> | number }): UnitView => {
    const { name, displayName, roster, directory, members } = unit
    // As every node has it: it changes with the rules.
    const { minimumTiers, tierLapses } = policy.gate.settings
    const { [name]: minimumTier } = minimumTiers
    const { [name]: lapse } = tierLapses
    return {
      name,
      displayName,
      roster,
      directory,
      ...(minimumTier === undefined ? {} : { minimumTier }),
      ...(lapse === undefined ? {} : { confirmBy: new Date(lapse.at).toISOString() }),
      members: typeof members === 'number' ? members : members.size,
    }
  }

  return {
    async setDisplayName(request) {
      const { displayName } = request.body
      const { localpart } = found(request.params.name)
      const row = await db.transaction(async (tx) => {
        const before = (await findAccount(tx, localpart))?.displayName ?? null
        const changed = await updateAccount(tx, localpart, { displayName })
        if (!changed) throw new Refusal('no-such-account')
        const detail = { before: { displayName: before }, after: { displayName } }
        await audit(tx, actorOf(request).name, 'set-display-name', `${localpart}@${domain}`, detail)
        return changed
      })
      const { bareJid } = accounts.put(row)
      // A name is part of what a unit shows: a unit that is another object has another stamp.
      for (const unit of units.of(bareJid)) units.put({ ...unit })
      emit('account.renamed', { bareJid })
      return { account: accountView(row) }
    },
    async listUnits({ query: { cursor, limit = 100, text }, reach }) {
      const rows = await listUnits(db, limit + 1, cursor, namesOf(reach), text)
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.name : undefined
      return { units: page.map(unitView), ...(next === undefined ? {} : { next }) }
    },
    async getUnit({ params: { name } }) {
      const unit = units.find(name)
      if (!unit) throw new Refusal('no-such-unit')
      return { unit: unitView(unit) }
    },
    async createUnit(request) {
      const { name, displayName, roster, directory } = request.body
      const wanted = { name, displayName, ...(roster && { roster }), ...(directory && { directory }) }
      const row = await db.transaction(async (tx) => {
        const made = await insertUnit(tx, wanted)
        if (made === 'exists') throw new Refusal('unit-exists')
        await audit(tx, actorOf(request).name, 'create-unit', made.name, wanted)
        return made
      })
      const unit: Unit = { ...row, members: new Set() }
      units.put(unit)
      return { unit: unitView(unit) }
    },
    async changeUnit(request) {
      const { displayName, roster, directory } = request.body
      const wanted = { ...(displayName && { displayName }), ...(roster && { roster }), ...(directory && { directory }) }
      if (Object.keys(wanted).length === 0) throw new Refusal('bad-request')
      const { name } = request.params
      await db.transaction(async (tx) => {
        const old = await rowOf(tx, name)
        await updateUnit(tx, name, wanted)
        const changed = Object.keys(wanted) as (keyof typeof wanted)[]
        const before = Object.fromEntries(changed.map((key) => [key, old[key]]))
        await audit(tx, actorOf(request).name, 'change-unit', name, { before, after: wanted })
      })
      return { unit: change(name, (unit) => ({ ...unit, ...wanted })) }
    },
    async deleteUnit(request) {
      const { name } = request.params
      const by = actorOf(request).name
      const isEmpty = units.find(name)?.members.size === 0
      const also = isEmpty ? undefined : await regroup(actorOf(request), name, 'leave')
      const work = async () => {
        await db.transaction(async (tx) => {
          await also?.(tx)
          const forgotten = await forgetNames(tx, { units: name }, now())
          // What the unit said about media goes with it: nodes must not remember it for a unit of the same name.
          await bumpPolicyEpoch(tx)
          if ((await deleteUnit(tx, name)) === 'absent') throw new Refusal('no-such-unit')
          await audit(tx, by, 'delete-unit', name, await recordForgotten(tx, forgotten, { by, name, at: now() }))
        })
        const before = units.find(name)
        units.remove(name)
        emit('unit.changed', { before, after: undefined })
        return { name }
      }
      const members = [...(units.find(name)?.members ?? [])]
      const parties = members.flatMap((jid) => accounts.findByBareJid(jid)?.id ?? [])
      const deleted = await reclassify(work, { by, parties })
      await policy.live.catchUp()
      return deleted
    },
    async listUnitMembers({ params, query: { cursor, limit = 100 } }) {
      const { id } = await rowOf(db, params.name)
      const rows = await listUnitMembers(db, id, limit + 1, cursor)
      const members = rows.slice(0, limit)
      const next = rows.length > limit ? members.at(-1) : undefined
      return { members, ...(next === undefined ? {} : { next }) }
    },
    async addUnitMembers(request) {
      const wanted = [...new Set(request.body.members.slice(0, MAX_MEMBERS_PER_REQUEST).map((one) => found(one).id))]
      const { name } = request.params
      const by = actorOf(request).name
      const isNews = bareJids(wanted).isSubsetOf(units.find(name)?.members ?? new Set()) === false
      const also = isNews ? await regroup(actorOf(request), name, 'join') : undefined
      const work = async () => {
        const added = await db.transaction(async (tx) => {
          const { id } = await rowOf(tx, name)
          await also?.(tx)
          const members = bareJids(await addUnitMembers(tx, id, wanted))
          if (members.size > 0) await audit(tx, by, 'add-unit-members', name, { members: [...members] })
          return members
        })
        const unit = change(name, (before) => ({ ...before, members: before.members.union(added) }))
        return { unit, added: added.size }
      }
      return reclassify(work, { by, parties: wanted })
    },
    async removeUnitMember(request) {
      const { id, bareJid } = found(request.params.account)
      const { name } = request.params
      const by = actorOf(request).name
      const isMember = units.find(name)?.members.has(bareJid) === true
      const also = isMember ? await regroup(actorOf(request), name, 'leave') : undefined
      const work = async () => {
        await db.transaction(async (tx) => {
          await also?.(tx)
          const removed = await removeUnitMembers(tx, (await rowOf(tx, name)).id, [id])
          if (removed.length > 0) await audit(tx, by, 'remove-unit-member', name, { member: bareJid })
        })
        return { unit: change(name, (unit) => ({ ...unit, members: unit.members.difference(new Set([bareJid])) })) }
      }
      return reclassify(work, { by, parties: [id] })
    },
  }
}
