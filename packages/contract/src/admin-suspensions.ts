import { EXPLAINED_ACTIONS, SUSPENSION_MODES, suspensionExemptions } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import {
  auditEntry,
  effect,
  idParams,
  instant,
  newClientRule,
  newSuspension,
  pageQuery,
  RELEASES,
  suspension,
  suspensionFields,
  text,
} from './admin-schemas.ts'

// Suspending: what is suspended, what is held meanwhile, who agrees, and what is kept ready for an emergency.

const none = z.strictObject({})
const count = z.int().min(0)

export const approvalRequest = z
  .strictObject({
    id: z.string(),
    action: z.enum([
      'start-suspension',
      'confirm-suspension',
      'extend-suspension',
      'exempt-suspension',
      'end-suspension',
      'start-playbook',
    ]),
    target: z
      .string()
      .meta({ description: 'Of the suspension or the playbook; empty for a suspension that is to start.' }),
    wanted: z.record(z.string(), z.unknown()).meta({ description: 'What was asked for.' }),
    requestedBy: z.string(),
    requestedAt: instant,
    expiresAt: instant,
  })
  .meta({ id: 'ApprovalRequest' })

export const suspensionImpact = z
  .strictObject({
    accounts: count.meta({ description: 'Accounts in the scopes; all of them where the scope is a feature.' }),
    sessions: count.meta({ description: 'Their sessions now.' }),
    disconnected: count.meta({ description: 'Of these, how many would be closed.' }),
    exempt: count.meta({ description: 'Sessions that it would leave alone, break-glass accounts among them.' }),
    approvals: z.int().min(1).max(2).meta({ description: 'How many people it takes (control §4.6).' }),
    isTwoPersonRuleActive: z
      .boolean()
      .meta({ description: 'False until two approvers are enrolled: then one person is enough.' }),
  })
  .meta({ id: 'SuspensionImpact' })

/** Done, or written down for another person to agree to. */
const changed = {
  suspension: suspension.optional(),
  effect: effect.optional(),
  request: approvalRequest.optional().meta({ description: 'Present: another person has to approve it first.' }),
} as const

const heldMessage = z
  .strictObject({
    id: z.string(),
    from: z.string(),
    to: z.array(z.string()).readonly(),
    sentAt: instant,
    hasMedia: z.boolean(),
    body: z.string().optional().meta({ description: 'Only where content was asked for, which is put on record.' }),
  })
  .meta({ id: 'HeldMessage' })

const heldSelection = z.strictObject({
  messages: z
    .union([z.literal('all'), z.array(z.uuid()).min(1).max(1_000).readonly()])
    .meta({ description: 'Ids of held messages, or `all`.' }),
})

export const incidentRecord = z
  .strictObject({
    suspension,
    requests: z
      .array(
        z.strictObject({
          ...approvalRequest.shape,
          decidedBy: z.string().optional(),
          decidedAt: instant.optional(),
          outcome: z.enum(['approved', 'refused', 'expired', 'open']),
        }),
      )
      .readonly(),
    audit: z.array(auditEntry).readonly(),
    counts: z.strictObject({ held: count, released: count, discarded: count }),
  })
  .meta({ id: 'IncidentRecord' })

export const playbookDocument = z.strictObject({
  description: text(500).optional(),
  steps: z
    .array(z.strictObject({ scopes: suspensionFields.scopes, mode: suspensionFields.mode }))
    .min(1)
    .max(8)
    .readonly(),
  reason: suspensionFields.reason,
  reasons: suspensionFields.reasons,
  internalReason: suspensionFields.internalReason,
  exemptions: suspensionFields.exemptions,
  endAfterMin: z.int().min(1).max(43_200).optional().meta({ description: 'Minutes until it ends by itself.' }),
  reviewAfterMin: z.int().min(1).max(43_200).optional(),
  rules: z.array(newClientRule).max(10).readonly().optional(),
  notify: z.array(z.string().min(1).max(256)).max(100).readonly().optional().meta({
    description: 'Accounts that get a message when it is started.',
  }),
})

const playbookName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/u, 'is not a name, write it like image-exploit')
const playbookParams = z.strictObject({ name: playbookName })

export const playbook = z
  .strictObject({ name: z.string(), ...playbookDocument.shape, changedBy: z.string(), changedAt: instant })
  .meta({ id: 'Playbook' })

const effective = z.strictObject({
  action: z.enum(EXPLAINED_ACTIONS),
  answer: z.enum(['pass', 'refuse', 'hold', 'discard']),
  trace: z
    .array(
      z.strictObject({
        suspension: z.string(),
        mode: z.enum(SUSPENSION_MODES),
        scope: z.string(),
        answer: z.enum(['pass', 'refuse', 'hold', 'discard']),
        isDecisive: z.boolean(),
        exemption: z.string().optional(),
        inactive: z.enum(['scheduled', 'drill']).optional(),
      }),
    )
    .readonly(),
})

/** Routes about suspensions. */
export const SUSPENSION_ROUTES = {
  listSuspensions: {
    method: 'GET',
    path: '/api/v1/suspensions',
    summary: 'List suspensions, the active and planned ones first.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ suspensions: z.array(suspension).readonly() }),
  },
  startSuspension: {
    method: 'POST',
    path: '/api/v1/suspensions',
    summary: 'Suspend scopes; answers when this node enforces it, or when it waits for a second person.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: newSuspension,
    status: 201,
    response: z.strictObject({ ...changed, impact: suspensionImpact }),
  },
  explainSuspensions: {
    method: 'GET',
    path: '/api/v1/suspensions/effective',
    summary: 'What is suspended for a subject, action by action, and which suspension makes it so.',
    permission: 'policy.read',
    params: none,
    query: z.strictObject({
      account: z.string().max(256).optional(),
      client: z.string().max(64).optional().meta({ description: 'Family.' }),
      address: z.union([z.ipv4(), z.ipv6()]).optional(),
      room: z.string().max(512).optional(),
      peer: z.string().max(255).optional(),
      format: z.string().max(16).optional(),
      sha256: z.string().max(64).optional(),
    }),
    status: 200,
    response: z.strictObject({ actions: z.array(effective).readonly() }),
  },
  extendSuspension: {
    method: 'POST',
    path: '/api/v1/suspensions/{id}/extend',
    summary: 'Give a suspension another end, or another time of review.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    body: z
      .strictObject({ until: instant.nullable().optional(), reviewAt: instant.optional() })
      .refine(
        ({ until, reviewAt }) => until !== undefined || reviewAt !== undefined,
        'names neither an end nor a review',
      ),
    status: 200,
    response: z.strictObject(changed),
  },
  exemptSuspension: {
    method: 'POST',
    path: '/api/v1/suspensions/{id}/exemptions',
    summary: 'Leave more accounts, incident rooms or emergency bots alone.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    body: suspensionExemptions.partial(),
    status: 200,
    response: z.strictObject(changed),
  },
  endSuspension: {
    method: 'POST',
    path: '/api/v1/suspensions/{id}/end',
    summary: 'End a suspension, and say what becomes of what it held.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: idParams,
    query: z.strictObject({
      release: z.enum(RELEASES).optional().meta({
        description:
          '`in-order` (default): deliver. `rescan`: deliver what recalls and the sanitizer still let through. `review`: a person decides about each. `discard`: tell the senders.',
      }),
    }),
    status: 200,
    response: z.strictObject({
      ...changed,
      released: count.meta({ description: 'Messages that were held and are now delivered.' }),
      discarded: count,
    }),
  },
  reviewSuspension: {
    method: 'POST',
    path: '/api/v1/suspensions/{id}/review',
    summary: 'Record that somebody has looked at a suspension that one person had started alone.',
    permission: 'suspension.approve',
    params: idParams,
    query: none,
    body: z.strictObject({ note: text(2_000) }),
    status: 200,
    response: z.strictObject({ suspension }),
  },
  getIncidentRecord: {
    method: 'GET',
    path: '/api/v1/suspensions/{id}/record',
    summary: 'Everything on record about a suspension, as one document.',
    permission: 'audit.read',
    params: idParams,
    query: none,
    status: 200,
    response: incidentRecord,
  },
  listHeldMessages: {
    method: 'GET',
    path: '/api/v1/suspensions/{id}/held',
    summary: 'List what a suspension holds, oldest first, one page at a time. Reading content is put on record.',
    permission: 'held.review',
    params: idParams,
    query: pageQuery.extend({ content: z.enum(['true', 'false']).optional() }),
    status: 200,
    response: z.strictObject({ messages: z.array(heldMessage).readonly(), next: z.string().optional() }),
  },
  releaseHeldMessages: {
    method: 'POST',
    path: '/api/v1/suspensions/{id}/held/release',
    summary: 'Deliver held messages of a suspension that has ended for review.',
    permission: 'held.review',
    params: idParams,
    query: none,
    body: heldSelection,
    maxBodyBytes: 65_536,
    status: 200,
    response: z.strictObject({ released: count }),
  },
  discardHeldMessages: {
    method: 'POST',
    path: '/api/v1/suspensions/{id}/held/discard',
    summary: 'Discard held messages of a suspension that has ended for review, and tell their senders.',
    permission: 'held.review',
    params: idParams,
    query: none,
    body: heldSelection,
    maxBodyBytes: 65_536,
    status: 200,
    response: z.strictObject({ discarded: count }),
  },
  listApprovals: {
    method: 'GET',
    path: '/api/v1/approvals',
    summary: 'List what waits for a second person.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ requests: z.array(approvalRequest).readonly() }),
  },
  approveRequest: {
    method: 'POST',
    path: '/api/v1/approvals/{id}/approve',
    summary: 'Agree to what another person asked for, which is then done.',
    permission: 'suspension.approve',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ suspensions: z.array(suspension).readonly() }),
  },
  refuseRequest: {
    method: 'POST',
    path: '/api/v1/approvals/{id}/refuse',
    summary: 'Refuse what another person asked for, or take back what one asked for oneself.',
    permission: 'policy.write',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ request: approvalRequest }),
  },
  listPlaybooks: {
    method: 'GET',
    path: '/api/v1/playbooks',
    summary: 'List playbooks.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ playbooks: z.array(playbook).readonly() }),
  },
  putPlaybook: {
    method: 'PUT',
    path: '/api/v1/playbooks/{name}',
    summary: 'Add a playbook, or replace the one of this name.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: playbookParams,
    query: none,
    body: playbookDocument,
    status: 200,
    response: z.strictObject({ playbook }),
  },
  deletePlaybook: {
    method: 'DELETE',
    path: '/api/v1/playbooks/{name}',
    summary: 'Delete a playbook. What it has started goes on.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: playbookParams,
    query: none,
    status: 204,
    response: z.undefined(),
  },
  startPlaybook: {
    method: 'POST',
    path: '/api/v1/playbooks/{name}/start',
    summary: 'Start everything that a playbook says, at once; answers when this node enforces it.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: playbookParams,
    query: none,
    body: z.strictObject({ isEmergency: z.boolean().optional(), isDrill: z.boolean().optional() }),
    status: 201,
    response: z.strictObject({
      suspensions: z.array(suspension).readonly(),
      rules: z.array(z.string()).readonly().meta({ description: 'Ids of client rules that it added.' }),
      effect: effect.optional(),
      request: changed.request,
      impact: suspensionImpact,
    }),
  },
} as const satisfies Record<string, AdminRoute>

export type ApprovalRequestView = z.infer<typeof approvalRequest>
export type SuspensionImpact = z.infer<typeof suspensionImpact>
export type HeldMessageView = z.infer<typeof heldMessage>
export type IncidentRecord = z.infer<typeof incidentRecord>
export type PlaybookDocument = z.infer<typeof playbookDocument>
export type PlaybookView = z.infer<typeof playbook>
