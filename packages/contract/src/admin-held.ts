import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { approvalRequest, idParams, instant, none, pageQuery } from './admin-values.ts'

// What suspensions hold meanwhile.

const count = z.int().min(0)

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

const waiting = approvalRequest.optional().meta({
  description: 'Present: these are many messages of a large suspension, and another person has to approve it first.',
})

/** Routes about held messages. */
export const HELD_ROUTES = {
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
    edits: 'getSuspension',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    body: heldSelection,
    maxBodyBytes: 65_536,
    status: 200,
    response: z.strictObject({ released: count, request: waiting }),
  },
  discardHeldMessages: {
    method: 'POST',
    path: '/api/v1/suspensions/{id}/held/discard',
    summary: 'Discard held messages of a suspension that has ended for review, and tell their senders.',
    permission: 'held.review',
    edits: 'getSuspension',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    body: heldSelection,
    maxBodyBytes: 65_536,
    status: 200,
    response: z.strictObject({ discarded: count, request: waiting }),
  },
} as const satisfies Record<string, AdminRoute>

export type HeldMessageView = z.infer<typeof heldMessage>
