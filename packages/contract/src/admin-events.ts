import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import type { GrantedPermission } from './roles.ts'
import { none } from './admin-values.ts'

// What has changed, as it changes. Names only: what it is now is read by the other routes, with their rights.

/** What may have changed, and the permission without which nobody hears of it. */
export const EVENT_TOPICS = {
  status: 'status.read',
  policy: 'policy.read',
  nodes: 'policy.read',
  suspensions: 'policy.read',
  approvals: 'policy.read',
  rules: 'policy.read',
  playbooks: 'policy.read',
  advisories: 'policy.read',
  clients: 'session.read',
  accounts: 'account.read',
  audit: 'audit.read',
} as const satisfies Record<string, GrantedPermission>

export type EventTopic = keyof typeof EVENT_TOPICS
const TOPICS = Object.keys(EVENT_TOPICS) as [EventTopic, ...EventTopic[]]

/** One event: some of these may be other than before. */
export const adminEvent = z
  .strictObject({
    topics: z.array(z.enum(TOPICS)).readonly().meta({
      description:
        'What may have changed. The first event of a stream, and one after something may have been missed, names everything.',
    }),
    epoch: z.int().min(0).optional().meta({
      description: 'Of the rules: committed, with `policy`; applied by one more node, with `nodes`.',
    }),
  })
  .meta({ id: 'AdminEvent' })

/** Routes about what happens. */
export const EVENT_ROUTES = {
  openEvents: {
    method: 'GET',
    path: '/api/v1/events',
    summary:
      'Hear what has changed, as it changes: a stream of server-sent events named `change`, which ends with `end` when whoever listens may not any more. Only names are told, and only of what they may read; what was missed is not repeated: read anew after connecting.',
    permission: 'status.read',
    isStream: true,
    params: none,
    query: none,
    status: 200,
    response: adminEvent,
  },
} as const satisfies Record<string, AdminRoute>

export type AdminEvent = z.infer<typeof adminEvent>
