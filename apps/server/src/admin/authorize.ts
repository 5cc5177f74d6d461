import { Refusal } from '@drawbridge/contract'
import type { AdminRoute } from '@drawbridge/contract'
import { localpartFrom } from '../routing/account-name.ts'
import { mayChange, reachOf } from './actor.ts'
import type { Actor, Reach } from './actor.ts'
import type { AdminContext } from './api.ts'

/** How long ago somebody may have shown who they are, for a guarded route, in milliseconds. */
const FRESH_MS = 15 * 60_000

/**
 * Whether an actor may use a route at all, before anything that they sent is looked at. Resolves with how far.
 *
 * @throws Refusal `not-authorized` without a sign-in; `second-factor-missing`, `fresh-sign-in-needed`, `forbidden`.
 */
export function authorize({ now }: AdminContext, route: AdminRoute, actor: Actor | undefined): Reach {
  const reach = reachOf(actor, route.permission)
  if (reach === undefined) {
    if (!actor) throw new Refusal('not-authorized')
    const isEnrolling = actor.kind === 'account' && actor.proof.kind === 'session' && actor.proof.isEnrolling
    throw new Refusal(isEnrolling ? 'second-factor-missing' : 'forbidden')
  }
  // Default deny: what does not say what it is about is about the whole service.
  if (reach !== 'everywhere' && route.about === undefined) throw new Refusal('forbidden')
  if (route.isGuarded && actor?.kind === 'account') {
    const provedAt = actor.proof.kind === 'session' ? actor.proof.provedAt.getTime() : 0
    if (now().getTime() - provedAt > FRESH_MS) throw new Refusal('fresh-sign-in-needed')
  }
  return reach
}

/**
 * Whether an actor may do this to the account or the unit that the path names. It is asked before anything is looked up
 * for the answer: what lies outside their reach is answered like what does not exist (threats AD-04).
 */
export function authorizeTarget(
  { accounts, units, domain }: AdminContext,
  route: AdminRoute,
  { actor, reach, name }: { readonly actor: Actor | undefined; readonly reach: Reach; readonly name: string },
): void {
  if (route.about === 'unit' && reach !== 'everywhere' && !reach.includes(name)) throw new Refusal('no-such-unit')
  if (route.about !== 'account') return
  const account = accounts.find(localpartFrom(name, domain))
  if (reach !== 'everywhere') {
    const isWithin = account && units.of(account.bareJid).some((unit) => reach.includes(unit.name))
    if (!isWithin) throw new Refusal('no-such-account')
  }
  if (account && actor && route.method !== 'GET' && !mayChange(actor, account)) throw new Refusal('forbidden')
}
