import { z } from 'zod'
import { account } from './admin-accounts.ts'
import { effect, instant, nameParams, nodeEffect, none, pageQuery } from './admin-values.ts'

/** A server process that shares the database with others. */
export const policyNode = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    startedAt: instant,
    seenAt: instant.meta({ description: 'When it last renewed its lease.' }),
    epoch: z.int(),
    isAlive: z.boolean(),
    isSelf: z.boolean().meta({ description: 'It is the one that answers.' }),
  })
  .meta({ id: 'PolicyNode' })

/** A change of the rules: when, by whom, and which node applied it when. */
export const policyChange = z
  .strictObject({
    epoch: z.int().min(0),
    committedAt: instant,
    changes: z
      .array(
        z.strictObject({
          position: z.int().min(1).meta({ description: 'Of its row in the audit log.' }),
          actor: z.string(),
          action: z.string(),
          target: z.string(),
        }),
      )
      .readonly()
      .meta({ description: 'What it changed, as the audit log has it; the first 50 rows of it.' }),
    appliedBy: z
      .array(nodeEffect)
      .readonly()
      .meta({ description: 'By name: nodes that were alive, and those that started later and are alive.' }),
  })
  .meta({ id: 'PolicyChange' })

/** Routes about the server processes that share a database, and about what works when little else does. */
export const NODE_ROUTES = {
  listPolicyNodes: {
    method: 'GET',
    path: '/api/v1/policy/nodes',
    summary: 'List the server processes that share this database, with the epoch of the rules that each applies.',
    permission: 'status.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({
      epoch: z.int().min(0).meta({ description: 'The epoch in force on the node that answers.' }),
      nodes: z.array(policyNode).readonly(),
      next: z.string().optional(),
    }),
  },
  listPolicyEpochs: {
    method: 'GET',
    path: '/api/v1/policy/epochs',
    summary:
      'List the changes of the rules, the last one first: who made each, and when each node applied it. 400 days are kept.',
    permission: 'policy.read',
    params: none,
    query: pageQuery.extend({
      target: z.string().min(1).max(3071).optional().meta({
        description: 'Only changes of this: the id of a suspension, a rule, an exception or a recall, or a name.',
      }),
    }),
    status: 200,
    response: z.strictObject({ epochs: z.array(policyChange).readonly(), next: z.string().optional() }),
  },
  getPolicyEpoch: {
    method: 'GET',
    path: '/api/v1/policy/epochs/{epoch}',
    summary: 'Say when an epoch of the rules was committed and by whom, and when each node applied it.',
    permission: 'policy.read',
    params: z.strictObject({ epoch: z.string().regex(/^\d{1,15}$/u) }),
    query: none,
    status: 200,
    response: policyChange,
  },
  createOfflineToken: {
    method: 'POST',
    path: '/api/v1/offline-tokens',
    summary: 'Make a token for paper that cuts the service off, or ends that, once, also without a database.',
    permission: 'suspension.approve',
    isGuarded: true,
    isPolicyWrite: true,
    params: none,
    query: none,
    body: z.strictObject({ scope: z.enum(['cut', 'end']), expiresAt: instant }),
    status: 201,
    response: z.strictObject({
      token: z
        .string()
        .optional()
        .meta({ description: 'Shown once. Whoever can read it can use it. Absent in a dry run.' }),
      nonce: z.string().meta({ description: 'Names it in the audit log.' }),
      expiresAt: instant,
    }),
  },
  useOfflineToken: {
    method: 'POST',
    path: '/api/v1/offline-tokens/use',
    summary: 'Carry out a token for paper on this node, and on all others as soon as the database answers.',
    permission: 'suspension.approve',
    isGuarded: true,
    isPolicyWrite: true,
    params: none,
    query: none,
    body: z.strictObject({ token: z.string().min(1).max(1024) }),
    status: 200,
    response: z.strictObject({ scope: z.enum(['cut', 'end']), effect: effect }),
  },
  listBreakGlass: {
    method: 'GET',
    path: '/api/v1/break-glass',
    summary: 'List the accounts that pass every suspension and every lock-out, and from where.',
    permission: 'account.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({
      accounts: z
        .array(z.strictObject({ name: z.string(), isDisabled: z.boolean(), hasSecondFactor: z.boolean() }))
        .readonly(),
      networks: z.array(z.string()).readonly().meta({ description: 'Elsewhere they are accounts like any other.' }),
    }),
  },
  setBreakGlass: {
    method: 'PUT',
    path: '/api/v1/accounts/{name}/break-glass',
    summary:
      'Let an account pass every suspension and every lock-out, or no longer: at most five, with a second factor.',
    permission: 'account.grant',
    isGuarded: true,
    isPolicyWrite: true,
    edits: 'getAccount',
    params: nameParams,
    query: none,
    body: z.strictObject({ isBreakGlass: z.boolean() }),
    status: 200,
    response: z.strictObject({ account: account }),
  },
} as const

export type PolicyChangeView = z.infer<typeof policyChange>
export type PolicyNodeView = z.infer<typeof policyNode>
