import {
  EXPLAINED_ACTIONS,
  SUSPENSION_MODES,
  suspensionExemptions,
  suspensionScope,
  suspensionTexts,
} from '@drawbridge/policy'
import { z } from 'zod'
import { auditEntry } from './admin-audit.ts'
import type { AdminRoute } from './admin-route.ts'
import {
  appliedBy,
  approvalRequest,
  effect,
  epochOfChange,
  idParams,
  instant,
  none,
  text,
  pageQuery,
} from './admin-values.ts'

// Suspending: what is suspended, and who agrees.

/** How the queue of a suspension ends. */
export const RELEASES = ['in-order', 'rescan', 'review', 'discard'] as const
export type Release = (typeof RELEASES)[number]

/** What users are told, where and how, and whom a suspension leaves alone. */
export const suspensionFields = {
  scopes: z.array(suspensionScope).min(1).max(32).readonly().meta({
    description:
      '`service`; a feature (messages, images, files, rooms, presence, search, federation, registration, push, bots); or group:UNIT, room:JID, peer:DOMAIN, client:FAMILY, zone:CIDR, hash:SHA256, format:NAME.',
  }),
  mode: z.enum(SUSPENSION_MODES),
  reason: text(500).meta({ description: 'Shown to users.' }),
  reasons: suspensionTexts.optional().meta({ description: 'The same in other languages, by language tag.' }),
  internalReason: text(2_000).optional().meta({ description: 'Shown to administrators only.' }),
  exemptions: suspensionExemptions.partial().optional(),
} as const

export const newSuspension = z
  .strictObject({
    ...suspensionFields,
    start: instant.optional().meta({ description: 'When it begins. Absent: now.' }),
    until: instant.optional().meta({ description: 'When it ends by itself. Absent: a person ends it.' }),
    reviewAt: instant.optional().meta({
      description: 'When approvers are reminded of it. Absent: 60 minutes after its start, if it has no end.',
    }),
    isEmergency: z.boolean().optional().meta({
      description: 'Starts at once for at most 60 minutes where a second person would have to agree first.',
    }),
    isDrill: z.boolean().optional().meta({ description: 'Is measured and recorded, and has no effect.' }),
  })
  .meta({ id: 'NewSuspension' })

export const heldQueue = z
  .strictObject({ count: z.int().min(0), oldestAt: instant.optional() })
  .meta({ id: 'HeldQueue' })

export const suspension = z
  .strictObject({
    id: z.string(),
    ...suspensionFields,
    reasons: suspensionTexts,
    internalReason: z.string(),
    exemptions: suspensionExemptions,
    state: z.enum(['scheduled', 'active', 'ended']),
    epoch: epochOfChange,
    since: instant,
    until: instant.optional(),
    wantedUntil: instant.optional().meta({ description: 'Its end, once a second person confirms the emergency.' }),
    reviewAt: instant.optional(),
    isDrill: z.boolean(),
    isEmergency: z.boolean(),
    startedBy: z.string(),
    approvedBy: z.array(z.string()).readonly(),
    playbook: z.string().optional(),
    endedAt: instant.optional(),
    endedBy: z.string().optional(),
    release: z.enum(RELEASES).optional(),
    held: heldQueue,
    released: z.int().min(0),
    discarded: z.int().min(0),
    reviewDueAt: instant
      .optional()
      .meta({ description: 'One person did alone what takes two: somebody else has to look at it by then.' }),
    actedAlone: z.array(z.string()).readonly().optional().meta({ description: 'Who that was; they cannot review it.' }),
    reviewedAt: instant.optional(),
    reviewedBy: z.string().optional(),
    reviewNote: z.string().optional(),
    measured: z.record(z.string(), z.unknown()).meta({ description: 'What a drill has found.' }),
    exemptionUses: z.record(z.string(), z.int().min(0)).meta({
      description:
        'How often each exemption let somebody do what is suspended, as it is written on the command line: an account, unit:NAME, room:JID or bot:JID.',
    }),
  })
  .meta({ id: 'Suspension' })

const count = z.int().min(0)

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

/** What is not here now, and may come to be: it is taken, and whoever wrote it looks at it again. */
export const nameWarning = z
  .strictObject({
    about: z.enum(['client', 'zone', 'room', 'unit', 'account', 'format']),
    name: z.string(),
    near: z.string().optional().meta({ description: 'What was probably meant.' }),
  })
  .meta({ id: 'NameWarning' })

const warnings = z.array(nameWarning).readonly().optional().meta({
  description: 'Names that reach nobody as it is: nobody has such a client, or was seen in such a network.',
})

/** Done, or written down for another person to agree to. */
export const changed = {
  warnings,
  suspension: suspension.optional(),
  effect: effect.optional(),
  request: approvalRequest.optional().meta({ description: 'Present: another person has to approve it first.' }),
} as const

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

/** Routes about suspensions and the approvals they wait for. */
export const SUSPENSION_ROUTES = {
  listSuspensions: {
    method: 'GET',
    path: '/api/v1/suspensions',
    summary: 'List suspensions, the active and planned ones first, then the last that ended, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({
      suspensions: z.array(suspension).readonly(),
      isRemembered: z.literal(true).optional().meta({
        description: 'The database is away: these are those that this node knows by itself. Others may be planned.',
      }),
      next: z.string().optional(),
    }),
  },
  getSuspension: {
    method: 'GET',
    path: '/api/v1/suspensions/{id}',
    summary: 'One suspension, and when each node applied its last change.',
    permission: 'policy.read',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ suspension, appliedBy: appliedBy.optional() }),
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
    edits: 'getSuspension',
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
    edits: 'getSuspension',
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
    edits: 'getSuspension',
    isPolicyWrite: true,
    params: idParams,
    query: z.strictObject({
      release: z.enum(RELEASES).optional().meta({
        description:
          '`in-order` (default): deliver. `rescan`: deliver what recalls and the sanitizer still let through. `review`: a person decides about each, so that what is said afterwards may come before it. `discard`: tell the senders.',
      }),
      canaryUnits: z.string().max(1_000).optional().meta({
        description:
          'Names of units, separated by commas, that come back first. Everybody else follows after `canaryMin` minutes, unless the suspension is extended meanwhile.',
      }),
      canaryMin: z.coerce.number().int().min(1).max(1_440).optional().meta({ description: 'Default: 5.' }),
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
    summary: 'Record that somebody else has looked at what one person did alone to a suspension.',
    permission: 'suspension.approve',
    edits: 'getSuspension',
    isPolicyWrite: true,
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
} as const satisfies Record<string, AdminRoute>

export type NewSuspension = z.infer<typeof newSuspension>
export type HeldQueue = z.infer<typeof heldQueue>
export type SuspensionView = z.infer<typeof suspension>
export type SuspensionImpact = z.infer<typeof suspensionImpact>
export type NameWarning = z.infer<typeof nameWarning>
export type IncidentRecord = z.infer<typeof incidentRecord>
