import { Refusal } from '@drawbridge/contract'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { simulateChange } from './simulate-rule.ts'

/**
 * Protected units (control §3.1): below the tier that one asks for, a client of its members counts as unknown and is turned
 * away, whatever the posture. Who would lock out themselves, or every administrator, is stopped.
 */
export function minimumTierHandlers(context: AdminContext): AdminHandlers<'setUnitMinimumTier'> {
  const { policy, units } = context
  return {
    async setUnitMinimumTier(request) {
      const { name: unit } = request.params
      const { minimumTier } = request.body
      if (!units.find(unit)) throw new Refusal('no-such-unit')
      const { [unit]: _, ...others } = policy.gate.settings.minimumTiers
      const minimumTiers = minimumTier === null ? others : { ...others, [unit]: minimumTier }
      const actor = actorOf(request)
      const simulation = await simulateChange(context, { minimumTiers }, actor)
      if (simulation.isSelfLockOut && actor.kind !== 'local') throw new Refusal('self-lock-out')
      const { sessions, people, stranded } = simulation
      const { effect } = await policy.operations.setUnitMinimumTier(actor.name, unit, minimumTier)
      return { unit, minimumTier, sessions, people, stranded, effect }
    },
  }
}
