import type { Permission } from '@drawbridge/contract'
import type { Account } from '../routing/accounts.ts'

/** Who makes a request. `name` is what the audit log shows. */
export type Actor =
  /** Whoever may open the local socket: its file mode is the sign-in. */
  | { readonly kind: 'local'; readonly name: 'local:cli' }
  | { readonly kind: 'account'; readonly name: string; readonly account: Account; readonly token: string }

export const LOCAL_ACTOR: Actor = { kind: 'local', name: 'local:cli' }

/** Whether an actor has a permission. Default deny: what is not granted here is refused. */
export function mayDo(actor: Actor | undefined, permission: Permission): boolean {
  if (permission === 'public') return true
  if (!actor) return false
  if (actor.kind === 'local') return permission !== 'own-session'
  return actor.account.isAdmin && !actor.account.isDisabled
}
