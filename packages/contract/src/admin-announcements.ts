import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { instant, none } from './admin-values.ts'

// What the server says without being asked (XEP-0133).

const kind = z.enum(['motd', 'welcome']).meta({
  description:
    '`motd`: the message of the day, for everybody, once. `welcome`: for whoever signs in for the first time.',
})

/** Longest text, in UTF-16 units. */
const MAX_TEXT = 10_000

/** Lines of text; no other control characters, which XML cannot carry. */
const text = z
  .string()
  .trim()
  .min(1)
  .max(MAX_TEXT)
  .regex(/^(?:[\t\n]|[^\p{Cc}\p{Cs}\uFFFE\uFFFF])*$/u, 'contains characters that cannot be sent')

export const standingMessage = z
  .strictObject({ kind, text, setBy: z.string(), setAt: instant })
  .meta({ id: 'StandingMessage' })

export const newStandingMessage = z
  .strictObject({
    text,
    isCorrection: z.boolean().optional().meta({ description: 'Whoever has had the message does not get it again.' }),
  })
  .meta({ id: 'NewStandingMessage' })

/** Routes about the messages that stand until somebody takes them back. */
export const ANNOUNCEMENT_ROUTES = {
  listStandingMessages: {
    method: 'GET',
    path: '/api/v1/standing-messages',
    summary: 'The message of the day and the welcome, as far as they are set.',
    permission: 'announcement.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ messages: z.array(standingMessage).readonly() }),
  },
  getStandingMessage: {
    method: 'GET',
    path: '/api/v1/standing-messages/{kind}',
    summary: 'One of them.',
    permission: 'announcement.read',
    params: z.strictObject({ kind }),
    query: none,
    status: 200,
    response: z.strictObject({ message: standingMessage }),
  },
  setStandingMessage: {
    method: 'PUT',
    path: '/api/v1/standing-messages/{kind}',
    summary:
      'Set or replace one. Everybody gets a message of the day once: who is here at once, others when they come.',
    permission: 'announcement.write',
    edits: 'getStandingMessage',
    params: z.strictObject({ kind }),
    query: none,
    body: newStandingMessage,
    maxBodyBytes: 65_536,
    status: 200,
    response: z.strictObject({ message: standingMessage }),
  },
  deleteStandingMessage: {
    method: 'DELETE',
    path: '/api/v1/standing-messages/{kind}',
    summary: 'Take one back. Who has had it keeps it.',
    permission: 'announcement.write',
    edits: 'getStandingMessage',
    params: z.strictObject({ kind }),
    query: none,
    status: 200,
    response: z.strictObject({ message: standingMessage }),
  },
} as const satisfies Record<string, AdminRoute>

export type StandingMessageView = z.infer<typeof standingMessage>
