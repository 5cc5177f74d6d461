import { mediaPolicy, unitMediaPolicy } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { unitName } from './admin-people.ts'
import { effect, none } from './admin-values.ts'

// What may pass as media: one policy for the service, and what units say otherwise.

const unitParams = z.strictObject({ name: unitName })

const changed = z.array(z.string()).readonly().meta({ description: 'Fields that are not as before.' })
const accounts = z.int().min(0).meta({ description: 'Accounts for which something is not as before.' })

export const mediaPolicyChange = z
  .strictObject({ policy: mediaPolicy, changed, accounts, effect: effect.optional() })
  .meta({ id: 'MediaPolicyChange' })

export const unitMediaPolicyChange = z
  .strictObject({ unit: unitName, policy: unitMediaPolicy, changed, accounts, effect: effect.optional() })
  .meta({ id: 'UnitMediaPolicyChange' })

/** Routes about the media policy. `effect` is absent in a dry run, and where nothing had to change. */
export const MEDIA_ROUTES = {
  getMediaPolicy: {
    method: 'GET',
    path: '/api/v1/media-policy',
    summary: 'The media policy of the service, and which units say otherwise.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ policy: mediaPolicy, units: z.record(z.string(), unitMediaPolicy).readonly() }),
  },
  setMediaPolicy: {
    method: 'PUT',
    path: '/api/v1/media-policy',
    summary: 'Replace the media policy of the service; answers when this node enforces it.',
    permission: 'policy.write',
    edits: 'getMediaPolicy',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: mediaPolicy,
    status: 200,
    response: mediaPolicyChange,
  },
  getUnitMediaPolicy: {
    method: 'GET',
    path: '/api/v1/media-policy/units/{name}',
    summary: 'What a unit says otherwise, and what holds for an account that is in this unit alone.',
    permission: 'policy.read',
    params: unitParams,
    query: none,
    status: 200,
    response: z.strictObject({ unit: unitName, policy: unitMediaPolicy, merged: mediaPolicy }),
  },
  setUnitMediaPolicy: {
    method: 'PUT',
    path: '/api/v1/media-policy/units/{name}',
    summary: 'Replace what a unit says otherwise; an empty object says nothing. Answers when this node enforces it.',
    permission: 'policy.write',
    edits: 'getUnitMediaPolicy',
    isPolicyWrite: true,
    params: unitParams,
    query: none,
    body: unitMediaPolicy,
    status: 200,
    response: unitMediaPolicyChange,
  },
} as const satisfies Record<string, AdminRoute>
