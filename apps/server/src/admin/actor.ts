import { GRANTED_PERMISSIONS, permissionsOf, ROLE_TABLE } from '@drawbridge/contract'
import type { GrantedPermission, Permission, Role } from '@drawbridge/contract'
import type { Account } from '../routing/accounts.ts'

/** How somebody proved who they are. */
export type Proof =
  /** A sign-in, as a cookie of a browser or as a bearer token. */
  | {
      readonly kind: 'session'
      readonly id: string
      /** When password or passkey were last shown. */
      readonly provedAt: Date
      /** It may do nothing but enroll a second factor. */
      readonly isEnrolling: boolean
      readonly hasSecondFactor: boolean
      readonly expiresAt: Date
    }
  /** An API token: never more than its scopes, nor than its owner may do by now. */
  | { readonly kind: 'token'; readonly id: string; readonly scopes: ReadonlySet<Permission> }
  /** A stream that has signed in. */
  | { readonly kind: 'xmpp' }

/** Who makes a request. `name` is what the audit log shows: the person, however they signed in. */
export type Actor =
  /** Whoever may open the local socket: its file mode is the sign-in. */
  | { readonly kind: 'local'; readonly name: 'local:cli' }
  | { readonly kind: 'account'; readonly name: string; readonly account: Account; readonly proof: Proof }

export const LOCAL_ACTOR: Actor = { kind: 'local', name: 'local:cli' }

/** How far a permission goes: everywhere, or the units of these names. */
export type Reach = 'everywhere' | readonly string[]

/** The units that a list is shortened to; undefined: to none. */
export function namesOf(reach: Reach): readonly string[] | undefined {
  return reach === 'everywhere' ? undefined : reach
}

/** Whether an account administers anything. */
export function isAdministrator({ isAdmin, roles, isDisabled }: Account): boolean {
  return !isDisabled && (isAdmin || roles.length > 0)
}

/** The roles of an account, `administrator` included. */
export function rolesOf({ isAdmin, roles }: Pick<Account, 'isAdmin' | 'roles'>): readonly Role[] {
  return isAdmin ? ['administrator', ...roles] : roles
}

/** How far an actor has a permission; undefined: not at all. Default deny: what is not granted here is refused. */
export function reachOf(actor: Actor | undefined, permission: Permission): Reach | undefined {
  if (permission === 'public') return 'everywhere'
  if (!actor) return undefined
  if (actor.kind === 'local') return permission === 'own-session' ? undefined : 'everywhere'
  const { account, proof } = actor
  if (!isAdministrator(account)) return undefined
  if (permission === 'own-session') return proof.kind === 'session' ? 'everywhere' : undefined
  if (proof.kind === 'session' && proof.isEnrolling) return undefined
  if (permission === 'own-token') return proof.kind === 'session' ? 'everywhere' : undefined
  if (proof.kind === 'token' && !proof.scopes.has(permission)) return undefined
  return reachOfAccount(account, permission)
}

/** Whether an actor has a permission, be it for some units only. */
export function mayDo(actor: Actor | undefined, permission: Permission): boolean {
  return reachOf(actor, permission) !== undefined
}

/**
 * Whether somebody may change an account: nobody changes the account of a person with more rights, or a help desk could
 * give itself every password.
 */
export function mayChange(actor: Actor, target: Account): boolean {
  if (actor.kind === 'local') return true
  const { account } = actor
  if (account.isAdmin || account.id === target.id) return true
  if (target.isBreakGlass) return false
  const own = permissionsOf(rolesOf(account))
  return (
    [...permissionsOf(rolesOf(target))].every((permission) => own.has(permission)) &&
    target.administers.every((unit) => own.has('account.support') || account.administers.includes(unit))
  )
}

/** Everything an account may do, some of it perhaps for its units only. */
export function permissionsOfAccount(account: Account): readonly GrantedPermission[] {
  return GRANTED_PERMISSIONS.filter((permission) => reachOfAccount(account, permission) !== undefined)
}

function reachOfAccount(account: Account, permission: GrantedPermission): Reach | undefined {
  const roles = rolesOf(account)
  if (permissionsOf(roles).has(permission)) return 'everywhere'
  const isBounded = roles.some(
    (role) => ROLE_TABLE[role].isBounded && ROLE_TABLE[role].permissions.includes(permission),
  )
  return isBounded && account.administers.length > 0 ? account.administers : undefined
}
