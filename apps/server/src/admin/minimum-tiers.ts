import { Refusal } from '@drawbridge/contract'
import { isLetInAtTheTop } from '@drawbridge/policy'
import type { MinimumTier } from '@drawbridge/policy'
import { minimumTier } from '../policy/minimum-tiers.ts'
import { confirmBy, settledValue } from '../policy/provisional.ts'
import type { Provisional } from '../policy/provisional.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { mayConfirm } from './client-rules.ts'
import { isProven, prove, simulateChange } from './simulate-rule.ts'

type Ids = 'setUnitMinimumTier' | 'simulateUnitMinimumTier' | 'confirmUnitMinimumTier'

/**
 * Protected units (control §3.1): below the tier that one asks for, a client of its members counts as unknown and is turned
 * away, whatever the posture. To ask for more keeps people out, and is as carefully done as a rule that blocks (§3.5).
 */
export function minimumTierHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, policy, now } = context
  const { operations, gate } = policy
  /** The settings in force with this one. */
  const tiersWith = (unit: string, tier: MinimumTier | null) => {
    const { [unit]: _, ...others } = gate.settings.minimumTiers
    return tier === null ? others : { ...others, [unit]: tier }
  }
  return {
    async setUnitMinimumTier(request) {
      const { name: unit } = request.params
      const { minimumTier: value, simulation: proof } = request.body
      const actor = actorOf(request)
      const present = await minimumTier.read(db, unit)
      const isMore = minimumTier.isStricter(value, settledValue(minimumTier, present))
      const isLocal = actor.kind === 'local'
      if (isMore && !isLocal && !request.isDryRun && !isProven(context, actor, { unit, minimumTier: value }, proof)) {
        throw new Refusal('not-simulated')
      }
      const minimumTiers = tiersWith(unit, value)
      const { affected, ...simulation } = await simulateChange(context, { minimumTiers }, actor)
      if (simulation.isSelfLockOut && !isLocal) throw new Refusal('self-lock-out')
      const { sessions, people, stranded } = simulation
      const wanted = { actor: actor.name, value, ...(isMore && !isLocal ? { simulation } : {}) }
      const { stored, effect } = await operations.minimumTier.set(unit, wanted)
      return { ...tierView(unit, stored), sessions, people, stranded, affected, effect }
    },
    async simulateUnitMinimumTier(request) {
      const { name: unit } = request.params
      const { minimumTier: value } = request.body
      await minimumTier.read(db, unit)
      const minimumTiers = tiersWith(unit, value)
      const simulation = await simulateChange(context, { minimumTiers }, actorOf(request))
      return { token: prove(context, actorOf(request), { unit, minimumTier: value }, now()), ...simulation }
    },
    async confirmUnitMinimumTier(request) {
      const { name: unit } = request.params
      const actor = actorOf(request)
      const { value, changedAt } = await minimumTier.read(db, unit)
      const { exceptions } = gate.settings
      const minimumTiers = value === null ? {} : { [unit]: value }
      const alone = { clientRules: [], exceptions, posture: 'discover', minimumTiers } as const
      // As a member: who is in no protected unit passes with any client, which shows nothing.
      const isLetIn = mayConfirm(context, actor, new Date(changedAt), ({ account, ...session }) =>
        isLetInAtTheTop(alone, { ...session, account: { ...account, units: [unit] } }, now().getTime()),
      )
      if (!isLetIn) throw new Refusal('not-confirmed')
      const { stored, effect } = await operations.minimumTier.confirm(unit, actor.name)
      return { ...tierView(unit, stored), effect }
    },
  }
}

function tierView(unit: string, stored: Provisional<MinimumTier | null>) {
  const until = confirmBy(minimumTier, stored)
  return {
    unit,
    minimumTier: stored.value,
    ...(until === undefined ? {} : { confirmBy: new Date(until).toISOString() }),
  }
}
