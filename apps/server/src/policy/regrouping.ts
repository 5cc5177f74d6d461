import type { GuardedAction, PolicySettings } from '@drawbridge/policy'

/** How people come to be others to what names a unit. Who deletes it makes all of its members leave. */
export type Regrouping = 'join' | 'leave'

/** Something in force that a change of a unit's members would let people go round. */
export interface Loosened {
  /** What doing the same by itself would be; a tier, like any rule, is lowered by one person. */
  readonly action: GuardedAction | 'lower'
  /** Of the suspension, where it is one. */
  readonly suspension?: string
  /** What it is, and what to do instead, for whoever asked. */
  readonly advice: string
}

type Naming = Pick<PolicySettings, 'suspensions' | 'minimumTiers' | 'clientRules' | 'exceptions'>

/** THE table: what may name a unit, and by which change of its members people go round it. */
const NAMED: readonly {
  readonly change: Regrouping
  find(settings: Naming, unit: string): readonly Loosened[]
}[] = [
  {
    change: 'leave',
    find: ({ suspensions }, unit) =>
      suspensions
        .filter(({ scopes, isDrill }) => !isDrill && scopes.includes(`group:${unit}`))
        .map(({ id, mode, scopes }) => ({
          ...{ action: 'end', suspension: id },
          advice: `Suspension ${id} (${scopes.join(', ')} ${mode}) is about its members: exempt people from it, or end it.`,
        })),
  },
  {
    change: 'join',
    find: ({ suspensions }, unit) =>
      suspensions
        .filter(({ exemptions, isDrill }) => !isDrill && exemptions.units.includes(unit))
        .map(({ id, mode, scopes }) => ({
          ...{ action: 'exempt', suspension: id },
          advice: `Suspension ${id} (${scopes.join(', ')} ${mode}) leaves its members alone: exempt people from it by their names.`,
        })),
  },
  {
    change: 'leave',
    find({ minimumTiers }, unit) {
      const { [unit]: tier } = minimumTiers
      if (tier === undefined) return []
      return [
        { action: 'lower', advice: `Its members' clients must be known by ${tier}: ask for less of the unit first.` },
      ]
    },
  },
  {
    change: 'leave',
    find: ({ clientRules }, unit) =>
      clientRules
        .filter(({ action, units }) => action !== 'allow' && action !== 'observe' && units?.includes(unit))
        .map(({ id }) => spared(`Client rule ${id} is about its members: make an exception from it.`)),
  },
  {
    change: 'join',
    find: ({ clientRules, exceptions }, unit) => [
      ...clientRules
        .filter(({ action, units }) => action === 'allow' && units?.includes(unit))
        .map(({ id }) => spared(`Client rule ${id} lets its members in: make an exception for people by their names.`)),
      ...exceptions
        .filter(({ units }) => units?.includes(unit))
        .map(({ id }) => spared(`Exception ${id} is for its members: make one for people by their names.`)),
    ],
  },
]

/** What people would go round by joining or leaving a unit. */
export function loosenedBy(settings: Naming, unit: string, change: Regrouping): Loosened[] {
  return NAMED.flatMap((row) => (row.change === change ? row.find(settings, unit) : []))
}

function spared(advice: string): Loosened {
  return { action: 'spare', advice }
}
