import type { Session } from '../stream/session.ts'
import type { Context } from './context.ts'

// What a feature keeps and shows nobody else: made when it is first asked for, and gone with its owner.

/** Something of each session. */
export const perSession = <Kept extends object>(make: () => Kept) => keptBy<Session, Kept>(make)

/** Something of each server: several run in one process in tests. */
export const perServer = <Kept extends object>(make: () => Kept) => keptBy<Context, Kept>(make)

function keptBy<Owner extends WeakKey, Kept extends object>(make: () => Kept): (owner: Owner) => Kept {
  const kept = new WeakMap<Owner, Kept>()
  return (owner) => {
    const known = kept.get(owner)
    if (known) return known
    const made = make()
    kept.set(owner, made)
    return made
  }
}
