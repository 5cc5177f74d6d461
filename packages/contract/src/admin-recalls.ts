import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { appliedBy, accountName, effect, idParams, instant, none, pageQuery, text } from './admin-values.ts'
import { IMAGE_FORMATS } from './sanitize.ts'

// Taking back what was delivered.

/** What a recall is about: everything that it names must hold. */
const recallFields = {
  hashes: z
    .array(
      z
        .string()
        .toLowerCase()
        .regex(/^[0-9a-f]{64}$/u, 'is not a SHA-256 in hexadecimal digits'),
    )
    .min(1)
    .max(1_000)
    .readonly()
    .optional()
    .meta({ description: 'SHA-256 of files, as they were sent or as they are served.' }),
  senders: z.array(accountName).min(1).max(1_000).readonly().optional(),
  formats: z.array(z.enum(IMAGE_FORMATS)).min(1).readonly().optional().meta({ description: 'As they are served.' }),
  room: z.string().min(3).max(3071).optional().meta({ description: 'What was shared in this room until now.' }),
  sentFrom: instant.optional(),
  sentUntil: instant.optional().meta({
    description: 'Files sent before this. Without it and without hashes: until now, so that what is sent later is new.',
  }),
} as const

export const newRecall = z
  .strictObject({ ...recallFields, reason: text(500).meta({ description: 'Shown to users.' }) })
  .refine((recall) => Object.keys(recallFields).some((key) => Object.hasOwn(recall, key)), {
    error: 'says nothing about which files: name a hash, sender, room, format or time',
  })
  .meta({ id: 'NewRecall' })

export const recall = z
  .strictObject({
    id: z.string(),
    hashes: z.array(z.string()).readonly().optional(),
    uploads: z.int().optional().meta({ description: 'How many files of a room it names.' }),
    senders: z.array(z.string()).readonly().optional(),
    gone: z
      .array(z.strictObject({ sender: z.string(), at: instant }))
      .readonly()
      .optional()
      .meta({
        description:
          'Senders whose account was deleted: it is about what was sent until then, and not about who has the name since.',
      }),
    formats: z.array(z.string()).readonly().optional(),
    sentFrom: instant.optional(),
    sentUntil: instant.optional(),
    reason: z.string(),
    since: instant,
    startedBy: z.string(),
    endedAt: instant.optional(),
    endedBy: z.string().optional(),
  })
  .meta({ id: 'Recall' })

/** Routes about recalls. */
export const RECALL_ROUTES = {
  listRecalls: {
    method: 'GET',
    path: '/api/v1/recalls',
    summary: 'List recalls of files, newest first, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ recalls: z.array(recall).readonly(), next: z.string().optional() }),
  },
  getRecall: {
    method: 'GET',
    path: '/api/v1/recalls/{id}',
    summary: 'One recall, and when each node applied its last change.',
    permission: 'policy.read',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ recall, appliedBy: appliedBy.optional() }),
  },
  startRecall: {
    method: 'POST',
    path: '/api/v1/recalls',
    summary: 'Stop serving files that were delivered; answers when this node does.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: newRecall,
    maxBodyBytes: 131_072,
    status: 201,
    response: z.strictObject({
      recall: recall,
      effect: effect,
      files: z
        .int()
        .min(0)
        .meta({ description: 'How many files it is about; images inside messages are not counted.' }),
    }),
  },
  endRecall: {
    method: 'POST',
    path: '/api/v1/recalls/{id}/end',
    summary: 'Serve recalled files again.',
    permission: 'policy.write',
    edits: 'getRecall',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ recall: recall, effect: effect }),
  },
} as const satisfies Record<string, AdminRoute>

export type NewRecall = z.infer<typeof newRecall>
export type RecallView = z.infer<typeof recall>
