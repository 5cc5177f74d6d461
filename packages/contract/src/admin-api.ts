import { z } from 'zod'
import { ACCESS_ROUTES } from './admin-access.ts'
import { ADVISORY_ROUTES } from './admin-advisories.ts'
import { MEDIA_ROUTES } from './admin-media.ts'
import { PEOPLE_ROUTES } from './admin-people.ts'
import { ANNOUNCEMENT_ROUTES } from './admin-announcements.ts'
import { EVIDENCE_ROUTES } from './admin-evidence.ts'
import type { AdminRoute, dryRunQuery } from './admin-route.ts'
import { NODE_ROUTES } from './admin-nodes.ts'
import { TOKEN_ROUTES } from './admin-tokens.ts'
import { TRAFFIC_ROUTES } from './admin-traffic.ts'
import * as schemas from './admin-schemas.ts'
import { SUSPENSION_ROUTES } from './admin-suspensions.ts'

const none = z.strictObject({})

/** THE list of admin routes. */
export const ADMIN_ROUTES = {
  ...ACCESS_ROUTES,
  ...TOKEN_ROUTES,
  listAccounts: {
    method: 'GET',
    path: '/api/v1/accounts',
    summary: 'List accounts by name, one page at a time.',
    permission: 'account.read',
    about: 'list',
    params: none,
    query: schemas.pageQuery,
    status: 200,
    response: z.strictObject({ accounts: z.array(schemas.account).readonly(), next: z.string().optional() }),
  },
  createAccount: {
    method: 'POST',
    path: '/api/v1/accounts',
    summary: 'Create an account.',
    permission: 'account.write',
    params: none,
    query: none,
    body: schemas.newAccount,
    status: 201,
    response: schemas.createdAccount,
  },
  importAccounts: {
    method: 'POST',
    path: '/api/v1/accounts/import',
    summary: 'Create up to 100 accounts; each row has its own outcome, in the order of the request.',
    permission: 'account.write',
    params: none,
    query: none,
    body: z.strictObject({
      accounts: z
        .array(
          z.strictObject({
            name: z.string().max(1024),
            password: z.string().max(4096).optional(),
            isAdmin: z.boolean().optional(),
          }),
        )
        .min(1)
        .max(schemas.MAX_IMPORT_ROWS)
        .readonly(),
    }),
    maxBodyBytes: 1_048_576,
    status: 200,
    response: z.strictObject({ results: z.array(schemas.importResult).readonly() }),
  },
  getAccount: {
    method: 'GET',
    path: '/api/v1/accounts/{name}',
    summary: 'One account.',
    permission: 'account.read',
    about: 'account',
    params: schemas.nameParams,
    query: none,
    status: 200,
    response: z.strictObject({ account: schemas.account }),
  },
  disableAccount: {
    method: 'POST',
    path: '/api/v1/accounts/{name}/disable',
    summary: 'Close all sessions of an account and refuse new ones.',
    permission: 'account.support',
    edits: 'getAccount',
    about: 'account',
    params: schemas.nameParams,
    query: none,
    status: 200,
    response: schemas.changedAccount,
  },
  enableAccount: {
    method: 'POST',
    path: '/api/v1/accounts/{name}/enable',
    summary: 'Let a disabled account sign in again.',
    permission: 'account.support',
    edits: 'getAccount',
    about: 'account',
    params: schemas.nameParams,
    query: none,
    status: 200,
    response: schemas.changedAccount,
  },
  setPassword: {
    method: 'PUT',
    path: '/api/v1/accounts/{name}/password',
    summary: 'Set a password and close all sessions of the account.',
    permission: 'account.support',
    about: 'account',
    params: schemas.nameParams,
    query: none,
    body: z.strictObject({ password: schemas.password.optional() }),
    status: 200,
    response: z.strictObject({
      account: schemas.account,
      closedSessions: z.int().min(0),
      password: z.string().optional().meta({ description: 'Only when the server made it.' }),
    }),
  },
  deleteAccount: {
    method: 'DELETE',
    path: '/api/v1/accounts/{name}',
    summary: 'Delete an account and close its sessions.',
    permission: 'account.write',
    about: 'account',
    params: schemas.nameParams,
    query: none,
    status: 200,
    response: z.strictObject({ name: z.string(), closedSessions: z.int().min(0) }),
  },
  endSessions: {
    method: 'POST',
    path: '/api/v1/accounts/{name}/end-sessions',
    summary: 'Close all sessions of an account, or one; it may sign in again at once.',
    permission: 'account.support',
    about: 'account',
    params: schemas.nameParams,
    query: z.strictObject({
      resource: z.string().min(1).max(1023).optional().meta({ description: 'Only the session of this resource.' }),
    }),
    status: 200,
    response: z.strictObject({ name: z.string(), closedSessions: z.int().min(0) }),
  },
  getRoster: {
    method: 'GET',
    path: '/api/v1/accounts/{name}/roster',
    summary: 'Read the contact list of an account. This is on record.',
    permission: 'roster.read',
    about: 'account',
    params: schemas.nameParams,
    query: none,
    status: 200,
    response: z.strictObject({ name: z.string(), contacts: z.array(schemas.contact).readonly() }),
  },
  ...PEOPLE_ROUTES,
  ...ANNOUNCEMENT_ROUTES,
  listSessions: {
    method: 'GET',
    path: '/api/v1/sessions',
    summary: 'List live sessions with what is known about their clients, one page at a time.',
    permission: 'session.read',
    about: 'list',
    params: none,
    query: schemas.pageQuery,
    status: 200,
    response: z.strictObject({ sessions: z.array(schemas.session).readonly(), next: z.string().optional() }),
  },
  listClientRules: {
    method: 'GET',
    path: '/api/v1/client-rules',
    summary: 'List client version rules.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ rules: z.array(schemas.clientRule).readonly() }),
  },
  addClientRule: {
    method: 'POST',
    path: '/api/v1/client-rules',
    summary: 'Add a client version rule; answers when this node enforces it.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: schemas.newClientRule,
    status: 201,
    response: z.strictObject({ rule: schemas.clientRule, effect: schemas.effect }),
  },
  simulateClientRule: {
    method: 'POST',
    path: '/api/v1/client-rules/simulation',
    summary: 'Say whom a rule would reach, without saving it: live sessions, and clients seen in the last 90 days.',
    permission: 'policy.write',
    params: none,
    query: none,
    body: schemas.newClientRule,
    status: 200,
    response: schemas.simulation,
  },
  getClientRule: {
    method: 'GET',
    path: '/api/v1/client-rules/{id}',
    summary: 'One client version rule.',
    permission: 'policy.read',
    params: schemas.idParams,
    query: none,
    status: 200,
    response: z.strictObject({ rule: schemas.clientRule }),
  },
  confirmClientRule: {
    method: 'POST',
    path: '/api/v1/client-rules/{id}/confirmation',
    summary: 'Confirm a rule that blocks, while a chat session of yours is open that began after it was made.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: schemas.idParams,
    query: none,
    status: 200,
    response: z.strictObject({ rule: schemas.clientRule, effect: schemas.effect }),
  },
  holdClientRule: {
    method: 'PUT',
    path: '/api/v1/client-rules/{id}/ceiling',
    summary: 'Let a rule fall back to a stage, and climb no further.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: schemas.idParams,
    query: none,
    body: schemas.ruleCeiling,
    status: 200,
    response: z.strictObject({ rule: schemas.clientRule, effect: schemas.effect }),
  },
  releaseClientRule: {
    method: 'DELETE',
    path: '/api/v1/client-rules/{id}/ceiling',
    summary: 'Let a rule that had fallen back climb again.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: schemas.idParams,
    query: none,
    status: 200,
    response: z.strictObject({ rule: schemas.clientRule, effect: schemas.effect }),
  },
  listClientVersions: {
    method: 'GET',
    path: '/api/v1/clients',
    summary: 'List every client version in use, those that nobody can name first.',
    permission: 'session.read',
    params: none,
    query: schemas.clientsQuery,
    status: 200,
    response: z.strictObject({ clients: z.array(schemas.clientVersion).readonly() }),
  },
  listClientUses: {
    method: 'GET',
    path: '/api/v1/clients/uses',
    summary: 'List who uses which client, those seen last first.',
    permission: 'session.read',
    params: none,
    query: schemas.clientUsesQuery,
    status: 200,
    response: z.strictObject({ uses: z.array(schemas.clientUse).readonly() }),
  },
  listClientHistory: {
    method: 'GET',
    path: '/api/v1/clients/history',
    summary: 'People per client version and day, oldest first.',
    permission: 'session.read',
    params: none,
    query: schemas.clientsQuery,
    status: 200,
    response: z.strictObject({ days: z.array(schemas.clientDay).readonly() }),
  },
  listClientExceptions: {
    method: 'GET',
    path: '/api/v1/client-exceptions',
    summary: 'List exceptions from client rules that have not expired.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ exceptions: z.array(schemas.clientException).readonly() }),
  },
  addClientException: {
    method: 'POST',
    path: '/api/v1/client-exceptions',
    summary: 'Spare some clients from client rules for a while.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: schemas.newClientException,
    status: 201,
    response: z.strictObject({ exception: schemas.clientException, effect: schemas.effect }),
  },
  removeClientException: {
    method: 'DELETE',
    path: '/api/v1/client-exceptions/{id}',
    summary: 'End an exception.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: schemas.idParams,
    query: none,
    status: 200,
    response: z.strictObject({ effect: schemas.effect }),
  },
  removeClientRule: {
    method: 'DELETE',
    path: '/api/v1/client-rules/{id}',
    summary: 'Remove a client version rule.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: schemas.idParams,
    query: none,
    status: 200,
    response: z.strictObject({ effect: schemas.effect }),
  },
  getClientPosture: {
    method: 'GET',
    path: '/api/v1/client-posture',
    summary: 'What happens to clients that do not say what they are.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: schemas.clientPosture,
  },
  setClientPosture: {
    method: 'PUT',
    path: '/api/v1/client-posture',
    summary: 'Say what happens to clients that do not say what they are. From then on the setting does not count.',
    permission: 'policy.write',
    edits: 'getClientPosture',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: schemas.clientPosture,
    status: 200,
    response: z.strictObject({ posture: schemas.clientPosture.shape.posture, effect: schemas.effect }),
  },
  ...MEDIA_ROUTES,
  ...EVIDENCE_ROUTES,
  ...NODE_ROUTES,
  ...ADVISORY_ROUTES,
  ...TRAFFIC_ROUTES,
  listRecalls: {
    method: 'GET',
    path: '/api/v1/recalls',
    summary: 'List recalls of files, newest first, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: schemas.pageQuery,
    status: 200,
    response: z.strictObject({ recalls: z.array(schemas.recall).readonly(), next: z.string().optional() }),
  },
  startRecall: {
    method: 'POST',
    path: '/api/v1/recalls',
    summary: 'Stop serving files that were delivered; answers when this node does.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: schemas.newRecall,
    maxBodyBytes: 131_072,
    status: 201,
    response: z.strictObject({
      recall: schemas.recall,
      effect: schemas.effect,
      files: z
        .int()
        .min(0)
        .meta({ description: 'How many files it is about; images inside messages are not counted.' }),
    }),
  },
  endRecall: {
    method: 'POST',
    path: '/api/v1/recalls/{id}/end',
    summary: 'Serve recalled files again.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: schemas.idParams,
    query: none,
    status: 200,
    response: z.strictObject({ recall: schemas.recall, effect: schemas.effect }),
  },
  getImageRenewal: {
    method: 'GET',
    path: '/api/v1/image-renewal',
    summary: 'Say how far the making anew of images is, or how the last one ended.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ renewal: schemas.imageRenewal.optional() }),
  },
  startImageRenewal: {
    method: 'POST',
    path: '/api/v1/image-renewal',
    summary: 'Make all images anew with the encoders of today. No link breaks meanwhile.',
    permission: 'policy.write',
    params: none,
    query: none,
    body: schemas.newImageRenewal,
    status: 201,
    response: z.strictObject({ renewal: schemas.imageRenewal }),
  },
  stopImageRenewal: {
    method: 'DELETE',
    path: '/api/v1/image-renewal',
    summary: 'Stop making images anew. What is done stays.',
    permission: 'policy.write',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ renewal: schemas.imageRenewal }),
  },
  getImageCensus: {
    method: 'GET',
    path: '/api/v1/image-census',
    summary: 'Images by day: formats, features, outcomes, sizes, and what read and wrote them.',
    permission: 'session.read',
    params: none,
    query: schemas.clientsQuery,
    status: 200,
    response: z.strictObject({ rows: z.array(schemas.censusRow).readonly() }),
  },
  ...SUSPENSION_ROUTES,
  getStatus: {
    method: 'GET',
    path: '/api/v1/status',
    summary: 'State of the service, its rules and its parts.',
    permission: 'status.read',
    params: none,
    query: none,
    status: 200,
    response: schemas.status,
  },
  listAudit: {
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'Read the audit log, newest first, one page at a time.',
    permission: 'audit.read',
    params: none,
    query: schemas.auditQuery,
    status: 200,
    response: z.strictObject({ entries: z.array(schemas.auditEntry).readonly(), next: z.string().optional() }),
  },
  exportAudit: {
    method: 'GET',
    path: '/api/v1/audit/export',
    summary: 'Read the audit log from its first row on, with the signatures on it, to check it elsewhere.',
    permission: 'audit.read',
    params: none,
    query: z.strictObject({ after: z.coerce.number().int().min(0).optional() }),
    status: 200,
    response: schemas.auditExport,
  },
  verifyAudit: {
    method: 'GET',
    path: '/api/v1/audit/verify',
    summary: 'Check the hash chain of the audit log from its first row.',
    permission: 'audit.read',
    params: none,
    query: none,
    status: 200,
    response: schemas.auditVerdict,
  },
  listReports: {
    method: 'GET',
    path: '/api/v1/reports',
    summary: 'List what users report about those they block (XEP-0377), newest first, one page at a time.',
    permission: 'report.read',
    isOnRecord: true,
    params: none,
    query: schemas.pageQuery,
    status: 200,
    response: z.strictObject({ reports: z.array(schemas.report).readonly(), next: z.string().optional() }),
  },
  getOpenapi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This API as an OpenAPI 3.1 document.',
    permission: 'public',
    params: none,
    query: none,
    status: 200,
    response: z.record(z.string(), z.unknown()),
  },
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
