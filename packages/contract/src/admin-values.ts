import { z } from 'zod'

// Values that many requests and answers hold.
//
// Requests are strict: a key that nobody declared is refused, so nothing can be assigned by the way. Responses are
// strict too, so that a field nobody meant to publish fails a test.

/** Of a request without parameters, or without a query. */
export const none = z.strictObject({})

/** An instant as RFC 3339 with a zone, of a year that calendars agree on. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine((at) => !at.startsWith('0'), { error: 'is before the year 1000' })

// eslint-disable-next-line no-control-regex -- control characters are exactly what is refused
const NOT_IN_A_NAME = /["&'/:<>@\s\u0000-\u001f\u007f]/u

/** A localpart (RFC 7622 §3.3); the server prepares it with PRECIS and may still refuse it. */
export const accountName = z
  .string()
  .min(1)
  .max(256)
  .refine((name) => !name.includes('@'), { error: 'contains an @: leave off the domain', abort: true })
  .refine((name) => !NOT_IN_A_NAME.test(name), {
    error: ({ input }) =>
      `contains a character that no account name may have: ${JSON.stringify(NOT_IN_A_NAME.exec(String(input))?.[0])}`,
  })

/** 1 KiB at most before hashing. What is too short or common is refused as `weak-password`, which says what is needed. */
export const password = z.string().min(1).max(1024)

/** A line for people, without space around it. `max` in UTF-16 units. */
export const text = (max: number) => z.string().trim().min(1).max(max)

/** An id that the server gave out; most are UUIDs. */
export const id = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'is not an id')

/** Paging: `cursor` is what the page before returned as `next`; opaque. */
export const pageQuery = z.strictObject({
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
})

/** Paging through what has a text in its name, in whatever case. */
export const searchQuery = pageQuery.extend({
  text: z.string().trim().min(1).max(128).optional().meta({ description: 'Part of the name or the address.' }),
})

export const nameParams = z.strictObject({ name: accountName })

export const idParams = z.strictObject({ id })

/** What became of an epoch of the rules on one node. */
export const nodeEffect = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    state: z.enum(['applied', 'pending', 'joined', 'failed-closed', 'stopped']).meta({
      description:
        '`joined`: it started after the change, and began with it. `failed-closed`: it has not applied the change, and refuses everything, since its lease is over. `stopped`: it was stopped before it applied the change.',
    }),
    appliedAt: instant.optional(),
    appliedMs: z.number().min(0).optional().meta({ description: 'Commit to effect there, in milliseconds.' }),
    lapsedAt: instant.optional().meta({
      description:
        'It had lost its lease before it applied the change, and refused everything from then until `appliedAt`.',
    }),
    failedClosedAt: instant
      .optional()
      .meta({ description: 'Its lease is over: it refuses everything since then, whatever it had applied.' }),
    disconnected: z.int().min(0),
    notified: z.int().min(0),
  })
  .meta({ id: 'NodeEffect' })

/** Which node applied a change when, of those that were there and those that have started since. */
export const appliedBy = z.array(nodeEffect).readonly().meta({
  description:
    'What became of the last change of it on each node, by name. Absent: nothing is remembered of it any more.',
})

/** The epoch of the rules that the last change of something made. */
export const epochOfChange = z.int().min(1).optional().meta({
  description: 'Where it is read: the epoch that its last change made. Absent: nothing is remembered of that any more.',
})

/** What a policy change did on this node, measured from its commit. */
export const effect = z
  .strictObject({
    epoch: z.int().min(0),
    appliedMs: z.number().min(0).meta({ description: 'Commit to effect on live sessions, in milliseconds.' }),
    disconnected: z.int().min(0),
    notified: z.int().min(0),
    closes: z
      .array(z.string())
      .readonly()
      .optional()
      .meta({ description: 'In a dry run: full JIDs of the sessions here that would be closed, the first 500.' }),
    nodes: z.array(nodeEffect).readonly().meta({ description: 'Every node that was alive, by name.' }),
  })
  .meta({ id: 'Effect' })

export type NodeEffectView = z.infer<typeof nodeEffect>
export type Effect = z.infer<typeof effect>

/** What one person asked for and another has to agree to (control §4.6). */
export const approvalRequest = z
  .strictObject({
    id: z.string(),
    action: z.enum([
      'start-suspension',
      'confirm-suspension',
      'extend-suspension',
      'exempt-suspension',
      'end-suspension',
      'start-playbook',
      'release-held',
      'discard-held',
      'unguard-client-rule',
      'add-client-exception',
      'add-client-rule',
    ]),
    target: z
      .string()
      .meta({ description: 'Of the suspension, playbook or rule; empty for a suspension that is to start.' }),
    wanted: z.record(z.string(), z.unknown()).meta({ description: 'What was asked for.' }),
    requestedBy: z.string(),
    requestedAt: instant,
    expiresAt: instant,
  })
  .meta({ id: 'ApprovalRequest' })
