import { conditionFields, LADDER, RULE_ACTIONS, RULE_PRESETS } from '@drawbridge/policy'
import { z } from 'zod'
import { clientIdentity } from './admin-clients.ts'
import type { AdminRoute } from './admin-route.ts'
import {
  appliedBy,
  approvalRequest,
  effect,
  epochOfChange,
  idParams,
  instant,
  none,
  pageQuery,
  text,
} from './admin-values.ts'
import { IMAGE_FORMATS } from './sanitize.ts'

// Client rules: which clients are warned, degraded or locked out, and whom a rule would reach.

const updateUrl = z
  .url({ protocol: /^https?$/u })
  .max(2048)
  .meta({ description: 'Where the update is.' })

/** Whom a rule or an exception is about. */
export const conditions = {
  family: conditionFields.family.meta({ description: 'As `client list` shows it, like gajim; * for every family.' }),
  from: conditionFields.from.meta({ description: 'First version that is meant.' }),
  below: conditionFields.below.meta({ description: 'First version that is not meant any more, like 4.2.1.' }),
  os: conditionFields.os.meta({ description: 'Operating systems, like windows or android.' }),
  belowTier: conditionFields.belowTier.meta({ description: 'Only clients known less well than this.' }),
  units: conditionFields.units.meta({ description: 'Only accounts in one of these units.' }),
  accounts: conditionFields.accounts.meta({ description: 'Only these accounts.' }),
  networks: conditionFields.networks.meta({ description: 'Only clients from these networks, like 10.1.0.0/16.' }),
  activeFrom: instant.optional().meta({ description: 'Acts from here on.' }),
  activeUntil: instant.optional().meta({ description: 'And no longer from here on.' }),
} as const

const ruleFields = {
  ...conditions,
  priority: z
    .int()
    .min(0)
    .max(9_999)
    .optional()
    .meta({ description: 'Smaller numbers are asked first; the first rule that matches decides. Default 100.' }),
  action: z.enum(RULE_ACTIONS).meta({ description: 'How far the rule climbs its ladder.' }),
  preset: z.enum(RULE_PRESETS).optional().meta({ description: 'How fast it climbs. Default routine.' }),
  deadline: instant
    .optional()
    .meta({ description: 'When it begins to block. Default: as far ahead as its preset says.' }),
  stageDates: z
    .partialRecord(z.enum(LADDER), instant)
    .optional()
    .meta({ description: 'When stages begin, where that is not as the preset and the deadline say.' }),
  rings: z
    .array(
      z.strictObject({
        units: z.array(z.string().min(1).max(64)).min(1).max(1_000).readonly().optional(),
        delayHours: z.int().min(0).max(8_760),
      }),
    )
    .min(1)
    .max(16)
    .readonly()
    .optional()
    .meta({
      description:
        'Units that climb later. Who is in several goes with the first of them; an entry without units is about everybody else, who climb at once where there is none.',
    }),
  formats: z
    .array(z.enum(IMAGE_FORMATS))
    .max(IMAGE_FORMATS.length)
    .readonly()
    .optional()
    .meta({ description: 'Image formats that `degrade` withholds.' }),
  url: updateUrl.optional(),
} as const

export const newClientRule = z
  .strictObject({
    ...ruleFields,
    isShadowAccepted: z
      .boolean()
      .optional()
      .meta({ description: 'Save it although other rules keep it, or it keeps others, from ever deciding.' }),
    simulation: z
      .string()
      .max(512)
      .optional()
      .meta({ description: 'What a dry run of the same rule returned: needed for rules that block, except locally.' }),
  })
  .meta({ id: 'NewClientRule' })

export const ruleStage = z.strictObject({ stage: z.enum(RULE_ACTIONS), at: instant }).meta({ id: 'RuleStage' })

export const clientRule = z
  .strictObject({
    id: z.string(),
    ...ruleFields,
    priority: z.int(),
    preset: z.enum(RULE_PRESETS),
    createdAt: instant,
    createdBy: z.string(),
    epoch: epochOfChange,
    stage: z.enum(RULE_ACTIONS).optional().meta({ description: 'The stage now in force; absent before the first.' }),
    stages: z.array(ruleStage).readonly(),
    ceiling: z
      .strictObject({ stage: z.enum(RULE_ACTIONS), reason: z.string() })
      .optional()
      .meta({ description: 'It has fallen back and climbs no further than this until it is released.' }),
    isGuarded: z.boolean().meta({ description: 'It falls back by itself when it does more than was meant.' }),
    confirmBy: instant.optional().meta({ description: 'Without confirmation it stops blocking here.' }),
    withdrawnAt: instant.optional().meta({ description: 'It was not confirmed in time and blocks nobody since.' }),
    confirmedAt: instant.optional(),
    confirmedBy: z.string().optional(),
  })
  .meta({ id: 'ClientRule' })

export const ruleCeiling = z
  .strictObject({ stage: z.enum(RULE_ACTIONS), reason: text(500) })
  .meta({ id: 'RuleCeiling' })

export const ruleGuard = z
  .strictObject({
    isGuarded: z.boolean().meta({
      description: 'False, for rules with the preset emergency or now: nothing but a person holds it back.',
    }),
    reason: text(500),
  })
  .meta({ id: 'RuleGuard' })

/** A rule that keeps another from ever deciding. */
export const ruleShadow = z
  .strictObject({
    rule: z.string(),
    by: z.string(),
    isWeaker: z.boolean().meta({ description: 'The hidden rule is the stricter one.' }),
  })
  .meta({ id: 'RuleShadow' })

/** One client whose standing a rule would change. */
export const affectedClient = z
  .strictObject({
    account: z.string(),
    isAdmin: z.boolean(),
    isBreakGlass: z.boolean().meta({ description: 'True: it is let in all the same.' }),
    client: clientIdentity,
    isLive: z.boolean(),
    seenAt: instant,
    before: z.enum(RULE_ACTIONS).optional(),
    after: z.enum(RULE_ACTIONS).optional(),
    hasOther: z.boolean().meta({ description: 'Was seen with another client that stays allowed.' }),
  })
  .meta({ id: 'AffectedClient' })

export const simulation = z
  .strictObject({
    token: z
      .string()
      .meta({ description: 'Proof that just this was simulated, for an hour: pass it when you save it.' }),
    sessions: z.int().min(0).meta({ description: 'Live sessions that the rule reaches.' }),
    people: z.int().min(0).meta({ description: 'People it reaches, now or by what they used in the last 90 days.' }),
    stranded: z.int().min(0).meta({ description: 'Of those, people who were seen with no client that stays allowed.' }),
    noUpgradePath: z.array(z.string()).readonly().meta({
      description:
        'Of the stranded, accounts for whose client no build that stays allowed has been seen or registered, on their system. The first 500.',
    }),
    administrators: z.array(z.string()).readonly(),
    breakGlass: z.array(z.string()).readonly(),
    bots: z.array(z.string()).readonly().meta({ description: 'Accounts whose clients say that they are bots.' }),
    reconnects: z
      .int()
      .min(0)
      .meta({ description: 'Sessions that would be closed at once and come back; beyond the accept rate they wait.' }),
    seenWithin: z
      .array(z.strictObject({ days: z.int(), people: z.int() }))
      .readonly()
      .meta({ description: 'People whom it reaches by what they used within 1, 7, 30 and 90 days.' }),
    units: z.array(z.strictObject({ unit: z.string(), people: z.int() })).readonly(),
    systems: z.array(z.strictObject({ os: z.string(), people: z.int() })).readonly(),
    versions: z
      .array(z.strictObject({ family: z.string(), version: z.string().optional(), people: z.int(), sessions: z.int() }))
      .readonly(),
    affected: z.array(affectedClient).readonly().meta({ description: 'The first 500, the strictest first.' }),
    shadows: z.array(ruleShadow).readonly(),
    isSelfLockOut: z.boolean().meta({ description: 'It would lock out whoever asks, or every administrator.' }),
  })
  .meta({ id: 'Simulation' })

/** Routes about client rules. */
export const CLIENT_RULE_ROUTES = {
  listClientRules: {
    method: 'GET',
    path: '/api/v1/client-rules',
    summary: 'List client version rules in the order in which they are asked, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ rules: z.array(clientRule).readonly(), next: z.string().optional() }),
  },
  addClientRule: {
    method: 'POST',
    path: '/api/v1/client-rules',
    summary:
      'Add a client version rule; answers when this node enforces it. One that allows clients takes two people, like an exception.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: newClientRule,
    status: 201,
    response: z.strictObject({
      rule: clientRule.optional(),
      effect: effect.optional(),
      request: approvalRequest.optional().meta({ description: 'Present: another person has to approve it first.' }),
    }),
  },
  simulateClientRule: {
    method: 'POST',
    path: '/api/v1/client-rules/simulation',
    summary: 'Say whom a rule would reach, without saving it: live sessions, and clients seen in the last 90 days.',
    permission: 'policy.write',
    params: none,
    query: none,
    body: newClientRule,
    status: 200,
    response: simulation,
  },
  getClientRule: {
    method: 'GET',
    path: '/api/v1/client-rules/{id}',
    summary: 'One client version rule, and when each node applied its last change.',
    permission: 'policy.read',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ rule: clientRule, appliedBy: appliedBy.optional() }),
  },
  confirmClientRule: {
    method: 'POST',
    path: '/api/v1/client-rules/{id}/confirmation',
    summary: 'Confirm a rule that blocks, while a chat session of yours is open that began after it was made.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ rule: clientRule, effect: effect }),
  },
  holdClientRule: {
    method: 'PUT',
    path: '/api/v1/client-rules/{id}/ceiling',
    summary: 'Let a rule fall back to a stage, and climb no further.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    body: ruleCeiling,
    status: 200,
    response: z.strictObject({ rule: clientRule, effect: effect }),
  },
  releaseClientRule: {
    method: 'DELETE',
    path: '/api/v1/client-rules/{id}/ceiling',
    summary: 'Let a rule that had fallen back climb again.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ rule: clientRule, effect: effect }),
  },
  guardClientRule: {
    method: 'PUT',
    path: '/api/v1/client-rules/{id}/guardrails',
    summary: 'Take the guardrails from a rule that must not fall back, which takes two people, or give them back.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    body: ruleGuard,
    status: 200,
    response: z.strictObject({
      rule: clientRule.optional(),
      effect: effect.optional(),
      request: approvalRequest.optional().meta({ description: 'Present: another person has to approve it first.' }),
    }),
  },
  removeClientRule: {
    method: 'DELETE',
    path: '/api/v1/client-rules/{id}',
    summary: 'Remove a client version rule.',
    permission: 'policy.write',
    edits: 'getClientRule',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ effect: effect }),
  },
} as const satisfies Record<string, AdminRoute>

export type NewClientRule = z.infer<typeof newClientRule>
export type ClientRuleView = z.infer<typeof clientRule>
export type RuleShadow = z.infer<typeof ruleShadow>
export type Simulation = z.infer<typeof simulation>
