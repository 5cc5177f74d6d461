import { CLIENT_POSTURES } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { heldQueue, suspension } from './admin-suspensions.ts'
import { instant, none } from './admin-values.ts'
import { sandboxStatus } from './sanitizer-health.ts'

// How the service is, and what this API is.

export const check = z
  .strictObject({ name: z.string(), isOk: z.boolean(), detail: z.string().optional() })
  .meta({ id: 'Check' })

export const status = z
  .strictObject({
    state: z.enum(['ok', 'degraded', 'suspended']),
    version: z.string(),
    domain: z.string(),
    startedAt: instant,
    sessions: z.int().min(0).meta({ description: 'Connected sessions; those that wait for resumption do not count.' }),
    accounts: z.int().min(0),
    policy: z.strictObject({
      epoch: z.int().min(0),
      posture: z.enum(CLIENT_POSTURES),
      clientRules: z.int().min(0),
      isStale: z.boolean().meta({ description: 'True: the rules cannot be read, so sends are refused.' }),
      lastEffectMs: z.number().optional(),
    }),
    suspensions: z.array(suspension).readonly(),
    held: heldQueue,
    quarantine: heldQueue.meta({
      description:
        'Uploads that wait for the sanitizer or are being made anew, on all nodes, and since when the oldest.',
    }),
    checks: z.array(check).readonly(),
    sandbox: sandboxStatus
      .optional()
      .meta({ description: 'What holds hostile image decoders; absent while the sanitizer does not answer.' }),
  })
  .meta({ id: 'Status' })

/** Routes about the service and this API. */
export const STATUS_ROUTES = {
  getStatus: {
    method: 'GET',
    path: '/api/v1/status',
    summary: 'State of the service, its rules and its parts.',
    permission: 'status.read',
    params: none,
    query: none,
    status: 200,
    response: status,
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

export type Check = z.infer<typeof check>
export type Status = z.infer<typeof status>
