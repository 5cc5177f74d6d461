import type { z } from 'zod'
import { ACCESS_ROUTES } from './admin-access.ts'
import { ACCOUNT_ROUTES } from './admin-accounts.ts'
import { ADVISORY_ROUTES } from './admin-advisories.ts'
import { ANNOUNCEMENT_ROUTES } from './admin-announcements.ts'
import { APPROVAL_ROUTES } from './admin-approvals.ts'
import { AUDIT_ROUTES } from './admin-audit.ts'
import { CLIENT_EXCEPTION_ROUTES } from './admin-client-exceptions.ts'
import { CLIENT_POSTURE_ROUTES } from './admin-client-posture.ts'
import { CLIENT_RULE_ROUTES } from './admin-client-rules.ts'
import { CLIENT_ROUTES } from './admin-clients.ts'
import { DEVICE_KEY_ROUTES } from './admin-device-keys.ts'
import { EVENT_ROUTES } from './admin-events.ts'
import { EVIDENCE_ROUTES } from './admin-evidence.ts'
import { HELD_ROUTES } from './admin-held.ts'
import { IDENTITY_ROUTES } from './admin-identities.ts'
import { IMAGE_ROUTES } from './admin-images.ts'
import { MEDIA_ROUTES } from './admin-media.ts'
import { NODE_ROUTES } from './admin-nodes.ts'
import { PEOPLE_ROUTES } from './admin-people.ts'
import { PLAYBOOK_ROUTES } from './admin-playbooks.ts'
import { POLICY_ROUTES } from './admin-policy.ts'
import { RECALL_ROUTES } from './admin-recalls.ts'
import { ROOM_ROUTES } from './admin-rooms.ts'
import { STATUS_ROUTES } from './admin-status.ts'
import { SUSPENSION_ROUTES } from './admin-suspensions.ts'
import { TOKEN_ROUTES } from './admin-tokens.ts'
import { TRAFFIC_ROUTES } from './admin-traffic.ts'
import type { AdminRoute, dryRunQuery } from './admin-route.ts'

/** THE list of admin routes, by area. */
export const ADMIN_ROUTES = {
  ...ACCESS_ROUTES,
  ...TOKEN_ROUTES,
  ...ACCOUNT_ROUTES,
  ...IDENTITY_ROUTES,
  ...PEOPLE_ROUTES,
  ...ROOM_ROUTES,
  ...ANNOUNCEMENT_ROUTES,
  ...CLIENT_ROUTES,
  ...CLIENT_RULE_ROUTES,
  ...CLIENT_POSTURE_ROUTES,
  ...CLIENT_EXCEPTION_ROUTES,
  ...DEVICE_KEY_ROUTES,
  ...POLICY_ROUTES,
  ...MEDIA_ROUTES,
  ...EVIDENCE_ROUTES,
  ...NODE_ROUTES,
  ...ADVISORY_ROUTES,
  ...TRAFFIC_ROUTES,
  ...RECALL_ROUTES,
  ...IMAGE_ROUTES,
  ...SUSPENSION_ROUTES,
  ...APPROVAL_ROUTES,
  ...HELD_ROUTES,
  ...PLAYBOOK_ROUTES,
  ...STATUS_ROUTES,
  ...EVENT_ROUTES,
  ...AUDIT_ROUTES,
} as const satisfies Record<string, AdminRoute>

export type AdminRoutes = typeof ADMIN_ROUTES
export type AdminRouteId = keyof AdminRoutes

/** What travels in the path of a route. */
export type ParamsOf<Id extends AdminRouteId> = z.output<AdminRoutes[Id]['params']>
/** What travels in the query string of a route, parsed. */
export type QueryOf<Id extends AdminRouteId> = AdminRoutes[Id] extends { readonly isPolicyWrite: true }
  ? {
      readonly [K in keyof z.output<AdminRoutes[Id]['query']> as string extends K ? never : K]: z.output<
        AdminRoutes[Id]['query']
      >[K]
    } & z.output<typeof dryRunQuery>
  : z.output<AdminRoutes[Id]['query']>
/** What travels in the body of a route; `undefined` where it takes none. */
export type BodyOf<Id extends AdminRouteId> = AdminRoutes[Id] extends { readonly body: infer Body extends z.ZodType }
  ? z.output<Body>
  : undefined
/** What a route answers. */
export type ResponseOf<Id extends AdminRouteId> = z.output<AdminRoutes[Id]['response']>

/**
 * The target of a request: the route's path with its parameters encoded, and the query. Every parameter is one encoded
 * segment, so an id such as `../x` cannot leave its place.
 */
export function adminTarget(
  routeId: AdminRouteId,
  params: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const path = ADMIN_ROUTES[routeId].path.replace(/\{(\w+)\}/gu, (_all, key: string) => {
    const value = Object.hasOwn(params, key) ? params[key] : undefined
    // A dot segment would be normalized away even when encoded (RFC 3986 §5.2.4, WHATWG URL).
    if (value === undefined || value === '' || value === '.' || value === '..') {
      throw new Error(`${routeId} needs a usable parameter ${key}`)
    }
    return encodeURIComponent(value)
  })
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value))
  return search.size === 0 ? path : `${path}?${search}`
}
