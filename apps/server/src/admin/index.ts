import { buildOpenapi } from '@drawbridge/contract'
import type { Administrate, FactorByChat } from '../routing/feature.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from '../routing/accounts.ts'
import { createPasskeys } from './access/passkeys.ts'
import { createFactorByChat, createProve } from './access/prove.ts'
import { createSecondFactors } from './access/second-factors.ts'
import { createSignIns } from './access/sign-ins.ts'
import { accountHandlers, removeAccount } from './accounts.ts'
import type { Actor } from './actor.ts'
import type { AdminContext, AdminDeps, AdminHandlers } from './api.ts'
import { advisoryHandlers } from './advisories.ts'
import { auditHandlers } from './audit.ts'
import { clientHandlers } from './clients.ts'
import { clientPostureHandlers } from './client-posture.ts'
import { clientRuleHandlers } from './client-rules.ts'
import { mediaPolicyHandlers } from './media-policy.ts'
import { policyDocumentHandlers } from './policy-document.ts'
import { offlineTokenHandlers } from './offline-tokens.ts'
import { breakGlassHandlers } from './break-glass.ts'
import { minimumTierHandlers } from './minimum-tiers.ts'
import { nodeHandlers } from './nodes.ts'
import { reportHandlers } from './reports.ts'
import { roleHandlers } from './roles.ts'
import { roomHandlers } from './rooms.ts'
import { createCall, createRouter } from './router.ts'
import { sessionHandlers } from './session.ts'
import { invitationHandlers } from './invitations.ts'
import { createEventStreams } from './event-streams.ts'
import { eventHandlers, figuresOf } from './events.ts'
import { deviceKeyHandlers } from './device-keys.ts'
import { evidenceHandlers } from './evidence.ts'
import { inventoryHandlers } from './sessions.ts'
import { standingMessageHandlers } from './standing-messages.ts'
import { statusHandlers } from './status.ts'
import { identityHandlers } from './identities.ts'
import { imageRenewalHandlers } from './image-renewal.ts'
import { recallHandlers } from './recalls.ts'
import { approvalHandlers } from './approvals.ts'
import { heldMessageHandlers } from './held-messages.ts'
import { playbookHandlers } from './playbooks.ts'
import { suspensionHandlers } from './suspensions.ts'
import { tokenHandlers } from './tokens.ts'
import { trafficHandlers } from './traffic.ts'
import { unitHandlers } from './units.ts'

export { LOCAL_ACTOR } from './actor.ts'
export { asClaimed } from './claimed.ts'
export type { AdminDeps } from './api.ts'

export interface AdminApi {
  /**
   * Answers a request below /api/ and resolves with true; resolves with false for any other path.
   *
   * @param actor - `LOCAL_ACTOR` on the local socket. Absent on the network: then a bearer token is needed.
   */
  handle(req: IncomingMessage, res: ServerResponse, actor?: Actor): Promise<boolean>
  /** The same operation for somebody who did not come over HTTP. Rejects with a `Refusal`. */
  readonly call: Administrate
  readonly factorByChat: FactorByChat
  /** Deletes an account at its own wish. Rejects with a `Refusal`. */
  removeAccount(account: Account): Promise<void>
}

/** Builds the admin API: one handler for every route of the contract, or it does not compile. */
export function createAdminApi(deps: AdminDeps): AdminApi {
  const now = deps.now ?? (() => new Date())
  const { db, domain, sealer, settings } = deps
  const passkeys = createPasskeys({ db, sealer, publicUrl: () => deps.publicUrl(), now })
  const parts = {
    ...deps,
    now,
    signIns: createSignIns(db, settings, now),
    passkeys,
    secondFactors: createSecondFactors({ db, domain, sealer, passkeys, now }),
    events: createEventStreams({
      live: deps.policy.live,
      figures: () => figuresOf(deps),
      maxPerOwner: settings.eventStreams,
      beatMs: settings.eventBeatMs,
    }),
  }
  const context: AdminContext = { ...parts, prove: createProve(parts) }
  let openapi: ReturnType<typeof buildOpenapi> | undefined
  const handlers: AdminHandlers = {
    ...sessionHandlers(context),
    ...roleHandlers(context),
    ...tokenHandlers(context),
    ...evidenceHandlers(context),
    ...accountHandlers(context),
    ...identityHandlers(context),
    ...unitHandlers(context),
    ...roomHandlers(context),
    ...invitationHandlers(context),
    ...inventoryHandlers(context),
    ...clientHandlers(context),
    ...clientRuleHandlers(context),
    ...clientPostureHandlers(context),
    ...deviceKeyHandlers(context),
    ...minimumTierHandlers(context),
    ...policyDocumentHandlers(context),
    ...mediaPolicyHandlers(context),
    ...recallHandlers(context),
    ...imageRenewalHandlers(context),
    ...suspensionHandlers(context),
    ...heldMessageHandlers(context),
    ...approvalHandlers(context),
    ...playbookHandlers(context),
    ...standingMessageHandlers(context),
    ...statusHandlers(context),
    ...eventHandlers(context),
    ...nodeHandlers(context),
    ...breakGlassHandlers(context),
    ...advisoryHandlers(context),
    ...trafficHandlers(context),
    ...offlineTokenHandlers(context),
    ...auditHandlers(context),
    ...reportHandlers(context),
    // Made when somebody asks for it: it takes longer than the rest of the start.
    getOpenapi: async () => (openapi ??= buildOpenapi(deps.version)),
  }
  return {
    handle: createRouter(context, handlers),
    call: createCall(context, handlers),
    factorByChat: createFactorByChat(context),
    removeAccount: async ({ bareJid, localpart }) => void (await removeAccount(context, bareJid, localpart)),
  }
}
