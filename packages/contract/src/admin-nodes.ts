import { z } from 'zod'
import * as schemas from './admin-schemas.ts'

const none = z.strictObject({})

/** Routes about the server processes that share a database, and about what works when little else does. */
export const NODE_ROUTES = {
  listPolicyNodes: {
    method: 'GET',
    path: '/api/v1/policy/nodes',
    summary: 'List the server processes that share this database, with the epoch of the rules that each applies.',
    permission: 'status.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({
      epoch: z.int().min(0).meta({ description: 'The epoch in force on the node that answers.' }),
      nodes: z.array(schemas.policyNode).readonly(),
    }),
  },
  getPolicyEpoch: {
    method: 'GET',
    path: '/api/v1/policy/epochs/{epoch}',
    summary: 'Say when an epoch of the rules was committed, and when each node applied it.',
    permission: 'status.read',
    params: z.strictObject({ epoch: z.string().regex(/^\d{1,15}$/u) }),
    query: none,
    status: 200,
    response: z.strictObject({
      epoch: z.int().min(0),
      committedAt: schemas.instant,
      nodes: z.array(schemas.nodeEffect).readonly(),
    }),
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
    params: schemas.nameParams,
    query: none,
    body: z.strictObject({ isBreakGlass: z.boolean() }),
    status: 200,
    response: z.strictObject({ account: schemas.account }),
  },
} as const
