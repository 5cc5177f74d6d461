import type { Status, SuspensionView } from '@drawbridge/contract'

/** What the pill on every page says. */
export type ServiceState = 'normal' | 'degraded' | 'suspended' | 'drill'

/** What is suspended beats what is broken, and both beat a drill, which has no effect. */
export function serviceState({ state, suspensions }: Pick<Status, 'state' | 'suspensions'>): ServiceState {
  if (state === 'suspended') return 'suspended'
  if (state === 'degraded') return 'degraded'
  return suspensions.some(isRunningDrill) ? 'drill' : 'normal'
}

function isRunningDrill({ isDrill, state }: SuspensionView): boolean {
  return isDrill && state === 'active'
}
