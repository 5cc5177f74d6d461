import type { AdminRouteId, AdminRoutes } from '@drawbridge/contract'

/**
 * Method and path of each route that the console uses. The contract's own table comes with schemas that no browser
 * should load; its types cost nothing, and make a path that is not the contract's an error here.
 */
export const ROUTES = {
  signIn: 'POST /api/v1/session',
  getSession: 'GET /api/v1/session',
  signOut: 'DELETE /api/v1/session',
  proveSession: 'POST /api/v1/session/proof',
  beginTotp: 'POST /api/v1/session/totp',
  confirmTotp: 'PUT /api/v1/session/totp',
  challengePasskey: 'POST /api/v1/session/challenge',
  beginPasskey: 'POST /api/v1/session/passkeys/challenge',
  addPasskey: 'POST /api/v1/session/passkeys',
  removePasskey: 'DELETE /api/v1/session/passkeys/{id}',
  renewRecoveryCodes: 'POST /api/v1/session/recovery-codes',
  getStatus: 'GET /api/v1/status',
  openEvents: 'GET /api/v1/events',
  listPolicyNodes: 'GET /api/v1/policy/nodes',
  getPolicyEpoch: 'GET /api/v1/policy/epochs/{epoch}',
  listTrafficHours: 'GET /api/v1/traffic/hours',
  listClientVersions: 'GET /api/v1/clients',
  listClientUses: 'GET /api/v1/clients/uses',
  listClientRules: 'GET /api/v1/client-rules',
  getClientRule: 'GET /api/v1/client-rules/{id}',
  getClientPosture: 'GET /api/v1/client-posture',
  simulateClientPosture: 'POST /api/v1/client-posture/simulation',
  confirmClientPosture: 'POST /api/v1/client-posture/confirmation',
  listUnits: 'GET /api/v1/units',
  listAccounts: 'GET /api/v1/accounts',
  listRooms: 'GET /api/v1/rooms',
  setClientPosture: 'PUT /api/v1/client-posture',
  simulateClientRule: 'POST /api/v1/client-rules/simulation',
  addClientRule: 'POST /api/v1/client-rules',
  confirmClientRule: 'POST /api/v1/client-rules/{id}/confirmation',
  removeClientRule: 'DELETE /api/v1/client-rules/{id}',
  releaseClientRule: 'DELETE /api/v1/client-rules/{id}/ceiling',
  guardClientRule: 'PUT /api/v1/client-rules/{id}/guardrails',
  listClientExceptions: 'GET /api/v1/client-exceptions',
  getClientException: 'GET /api/v1/client-exceptions/{id}',
  addClientException: 'POST /api/v1/client-exceptions',
  removeClientException: 'DELETE /api/v1/client-exceptions/{id}',
  listProposals: 'GET /api/v1/advisories/proposals',
  getProposal: 'GET /api/v1/advisories/proposals/{flaw}/{family}',
  decideProposal: 'POST /api/v1/advisories/proposals/{flaw}/{family}/decision',
  explainSuspensions: 'GET /api/v1/suspensions/effective',
  listSuspensions: 'GET /api/v1/suspensions',
  getSuspension: 'GET /api/v1/suspensions/{id}',
  startSuspension: 'POST /api/v1/suspensions',
  extendSuspension: 'POST /api/v1/suspensions/{id}/extend',
  exemptSuspension: 'POST /api/v1/suspensions/{id}/exemptions',
  reviewSuspension: 'POST /api/v1/suspensions/{id}/review',
  listHeldMessages: 'GET /api/v1/suspensions/{id}/held',
  releaseHeldMessages: 'POST /api/v1/suspensions/{id}/held/release',
  discardHeldMessages: 'POST /api/v1/suspensions/{id}/held/discard',
  endSuspension: 'POST /api/v1/suspensions/{id}/end',
  getImageRenewal: 'GET /api/v1/image-renewal',
  startImageRenewal: 'POST /api/v1/image-renewal',
  stopImageRenewal: 'DELETE /api/v1/image-renewal',
  listApprovals: 'GET /api/v1/approvals',
  getApproval: 'GET /api/v1/approvals/{id}',
  approveRequest: 'POST /api/v1/approvals/{id}/approve',
  refuseRequest: 'POST /api/v1/approvals/{id}/refuse',
  listPlaybooks: 'GET /api/v1/playbooks',
  getPlaybook: 'GET /api/v1/playbooks/{name}',
  putPlaybook: 'PUT /api/v1/playbooks/{name}',
  deletePlaybook: 'DELETE /api/v1/playbooks/{name}',
  startPlaybook: 'POST /api/v1/playbooks/{name}/start',
  listAudit: 'GET /api/v1/audit',
  verifyAudit: 'GET /api/v1/audit/verify',
} as const satisfies { readonly [Id in AdminRouteId]?: `${AdminRoutes[Id]['method']} ${AdminRoutes[Id]['path']}` }

export type RouteId = keyof typeof ROUTES

/** Method and target of a request. Every parameter is one encoded segment, so that no value leaves its place. */
export function target(
  id: RouteId,
  params: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string | number | undefined>> = {},
): { readonly method: string; readonly url: string } {
  const [method = '', template = ''] = ROUTES[id].split(' ')
  const path = template.replace(/\{(\w+)\}/gu, (_all, key: string) => {
    const value = params[key] ?? ''
    if (value === '' || value === '.' || value === '..') throw new Error(`${id} needs a usable parameter ${key}`)
    return encodeURIComponent(value)
  })
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(key, String(value))
  }
  return { method, url: search.size === 0 ? path : `${path}?${search}` }
}
