import type { GrantedPermission, Role } from '@drawbridge/contract'
import { ROLE_TABLE, ROLES } from '@drawbridge/contract/browser'

/** Who may do this, to name whom to ask: the roles that give the permission, the most bounded left out. */
export function rolesWith(permission: GrantedPermission): Role[] {
  return ROLES.filter((role) => !ROLE_TABLE[role].isBounded && ROLE_TABLE[role].permissions.includes(permission))
}
