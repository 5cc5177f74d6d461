import { Refusal } from '@drawbridge/contract'
import { changedMediaFields, mergeMediaPolicy } from '@drawbridge/policy'
import type { MediaPolicy, MediaSettings, UnitMediaPolicy } from '@drawbridge/policy'
import { policiesOf } from '../policy/media.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

/** What nobody could carry out would be taken for carried out. @throws Refusal */
export function assertThereIs({ e2ee }: UnitMediaPolicy): void {
  if (e2ee === 'scan-with-key') throw new Refusal('key-scanner-missing')
}

type Ids = 'getMediaPolicy' | 'setMediaPolicy' | 'getUnitMediaPolicy' | 'setUnitMediaPolicy'

/** The media policy of the service and what units say otherwise. A dry run answers the same and changes nothing. */
export function mediaPolicyHandlers({ policy, accounts, units }: AdminContext): AdminHandlers<Ids> {
  const { gate, operations } = policy
  const unitPolicy = (name: string) => {
    if (!units.find(name)) throw new Refusal('no-such-unit')
    return gate.settings.media.units[name] ?? {}
  }
  /** Accounts for which the policy would be another one. */
  const countAffected = (after: MediaSettings): number => {
    const before = gate.settings.media
    let affected = 0
    for (const { bareJid } of accounts.all()) {
      const of = units.of(bareJid)
      const now = mergeMediaPolicy(before.service, policiesOf(of, before))
      const then = mergeMediaPolicy(after.service, policiesOf(of, after))
      if (changedMediaFields(now, then).length > 0) affected += 1
    }
    return affected
  }

  return {
    async getMediaPolicy() {
      const { service, units: said } = gate.settings.media
      return { policy: service, units: said }
    },
    async setMediaPolicy(request) {
      const wanted: MediaPolicy = request.body
      assertThereIs(wanted)
      const before = gate.settings.media
      const changed = changedMediaFields(before.service, wanted)
      const answer = { policy: wanted, changed, accounts: countAffected({ ...before, service: wanted }) }
      if (request.isDryRun || changed.length === 0) return answer
      const { effect } = await operations.setMediaPolicy(actorOf(request).name, wanted)
      return { ...answer, effect }
    },
    async getUnitMediaPolicy({ params: { name: unit } }) {
      const said = unitPolicy(unit)
      return { unit, policy: said, merged: mergeMediaPolicy(gate.settings.media.service, [said]) }
    },
    async setUnitMediaPolicy(request) {
      const { name: unit } = request.params
      const wanted = request.body
      assertThereIs(wanted)
      const changed = changedMediaFields(unitPolicy(unit), wanted)
      const before = gate.settings.media
      const answer = {
        unit,
        policy: wanted,
        changed,
        accounts: countAffected({ ...before, units: { ...before.units, [unit]: wanted } }),
      }
      if (request.isDryRun || changed.length === 0) return answer
      const { effect } = await operations.setUnitMediaPolicy(actorOf(request).name, unit, wanted)
      return { ...answer, effect }
    },
  }
}
