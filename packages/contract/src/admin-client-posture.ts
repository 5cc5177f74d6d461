import { CLIENT_POSTURES } from '@drawbridge/policy'
import { z } from 'zod'
import { simulation } from './admin-client-rules.ts'
import type { AdminRoute } from './admin-route.ts'
import { effect, instant, none } from './admin-values.ts'

// What happens to clients that nobody can name. It keeps people out like a rule, and is as carefully changed.

const posture = z
  .enum(CLIENT_POSTURES)
  .meta({ description: '`discover` lets them in and counts them, `enforce` blocks them.' })

export const newClientPosture = z
  .strictObject({
    posture,
    simulation: z
      .string()
      .max(512)
      .optional()
      .meta({ description: 'What a simulation returned: needed for `enforce`, except locally.' }),
  })
  .meta({ id: 'NewClientPosture' })

export const clientPosture = z
  .strictObject({
    posture,
    confirmBy: instant
      .optional()
      .meta({ description: 'Without confirmation, unknown clients are let in again from here on.' }),
    changedAt: instant.optional(),
    changedBy: z.string().optional(),
    confirmedBy: z.string().optional(),
  })
  .meta({ id: 'ClientPosture' })

const changed = z.strictObject({ ...clientPosture.shape, effect })

/** Routes about the posture. */
export const CLIENT_POSTURE_ROUTES = {
  getClientPosture: {
    method: 'GET',
    path: '/api/v1/client-posture',
    summary: 'What happens to clients that do not say what they are.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: clientPosture,
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
    body: newClientPosture,
    status: 200,
    response: changed,
  },
  simulateClientPosture: {
    method: 'POST',
    path: '/api/v1/client-posture/simulation',
    summary:
      'Say whom a posture would keep out, without setting it: live sessions, and clients seen in the last 90 days.',
    permission: 'policy.write',
    params: none,
    query: none,
    body: z.strictObject({ posture }),
    status: 200,
    response: simulation,
  },
  confirmClientPosture: {
    method: 'POST',
    path: '/api/v1/client-posture/confirmation',
    summary: 'Confirm the posture, while a chat session of yours is open that began after it was set.',
    permission: 'policy.write',
    edits: 'getClientPosture',
    isPolicyWrite: true,
    params: none,
    query: none,
    status: 200,
    response: changed,
  },
} as const satisfies Record<string, AdminRoute>

export type ClientPostureView = z.infer<typeof clientPosture>
