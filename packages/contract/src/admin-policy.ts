import { CLIENT_POSTURES, MINIMUM_TIERS, mediaPolicy, unitMediaPolicy } from '@drawbridge/policy'
import { z } from 'zod'
import { advisorySettings } from './admin-advisories.ts'
import { newClientRule } from './admin-client-rules.ts'
import { unitName } from './admin-people.ts'
import { playbookDocument, playbookName } from './admin-playbooks.ts'
import type { AdminRoute } from './admin-route.ts'
import { changed } from './admin-suspensions.ts'
import { effect, none } from './admin-values.ts'

// The policy of a service as one document, which is kept in Git.

const MAX_RULES = 1_000
const MAX_PLAYBOOKS = 500

export const ruleDocument = newClientRule.omit({ simulation: true, isShadowAccepted: true })

const sections = z.strictObject({
  clientPosture: z.enum(CLIENT_POSTURES).meta({ description: 'What happens to clients that nobody can name.' }),
  clientRules: z.array(ruleDocument).max(MAX_RULES).readonly().meta({
    description: 'A rule that is changed is another rule. Of those with one priority the first here is asked first.',
  }),
  minimumTiers: z
    .record(unitName, z.enum(MINIMUM_TIERS))
    .meta({ description: 'Protected units, and how well the clients of their members must be known.' }),
  mediaPolicy,
  unitMediaPolicies: z.record(unitName, unitMediaPolicy),
  playbooks: z
    .record(playbookName, playbookDocument)
    .refine((playbooks) => Object.keys(playbooks).length <= MAX_PLAYBOOKS, `has more than ${MAX_PLAYBOOKS}`),
  advisories: advisorySettings,
})

/**
 * Everything about the rules that people write and mean to keep. A section that is absent is left alone; one that is there
 * is the whole truth. Suspensions, recalls and exceptions are incidents, and not in it.
 */
export const policyDocument = z
  .strictObject({ version: z.literal(1), ...sections.partial().shape })
  .meta({ id: 'PolicyDocument' })

const step = z
  .strictObject({
    section: sections.keyof(),
    change: z.enum(['add', 'remove', 'change']),
    name: z.string().meta({ description: 'Of the unit or the playbook, id of a rule that goes; else empty.' }),
    before: z.unknown().optional(),
    after: z.unknown().optional(),
  })
  .meta({ id: 'PolicyStep' })

/** Routes about the policy as a whole. */
export const POLICY_ROUTES = {
  getPolicy: {
    method: 'GET',
    path: '/api/v1/policy',
    summary: 'Client rules, posture, media policies, playbooks and advisory settings as one document.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ document: policyDocument }),
  },
  applyPolicy: {
    method: 'PUT',
    path: '/api/v1/policy',
    summary: 'Make the policy what the document says: all of it in one change, or nothing.',
    permission: 'policy.write',
    isPolicyWrite: true,
    edits: 'getPolicy',
    params: none,
    query: none,
    body: z.strictObject({
      document: policyDocument,
      isShadowAccepted: newClientRule.shape.isShadowAccepted,
      simulation: newClientRule.shape.simulation,
    }),
    maxBodyBytes: 2_097_152,
    status: 200,
    response: z.strictObject({
      steps: z.array(step).readonly(),
      effect: effect.optional().meta({ description: 'Absent: there was nothing to change.' }),
      warnings: changed.warnings,
      simulation: z.string().optional().meta({
        description: 'Of a dry run: pass it when you apply a document with rules that block, within an hour.',
      }),
    }),
  },
} as const satisfies Record<string, AdminRoute>

export type PolicyDocument = z.output<typeof policyDocument>
export type PolicySections = z.output<typeof sections>
export type RuleDocument = z.output<typeof ruleDocument>
export type PolicyStepView = z.output<typeof step>
