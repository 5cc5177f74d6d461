import { duration } from '@drawbridge/runtime'
import * as z from 'zod'

/** How administrators sign in. */
export const adminConfig = z.object({
  secondFactor: z.enum(['optional', 'required']).default('optional').meta({
    env: 'DRAWBRIDGE_ADMIN_SECOND_FACTOR',
    doc: 'Whether administrators need a second factor. `required`: whoever has none may do nothing but enroll one. `optional`: only those who have enrolled one are asked for it, so that the first administrator gets in.',
  }),
  sessionIdleMs: duration
    .refine((ms) => ms >= 60_000 && ms <= 86_400_000, 'expected one minute to a day')
    .default(30 * 60_000)
    .meta({
      env: 'DRAWBRIDGE_ADMIN_SESSION_IDLE',
      doc: 'After how long without a request an administrator is signed out. Shorter leaves fewer open consoles behind.',
    }),
  sessionMaxMs: duration
    .refine((ms) => ms >= 60_000 && ms <= 7 * 86_400_000, 'expected one minute to seven days')
    .default(8 * 3_600_000)
    .meta({
      env: 'DRAWBRIDGE_ADMIN_SESSION_MAX',
      doc: 'After how long an administrator has to sign in again, busy or not. A working day by default.',
    }),
  eventStreams: z.coerce.number().int().min(0).max(100).default(4).meta({
    env: 'DRAWBRIDGE_ADMIN_EVENT_STREAMS',
    doc: 'Open pages and programs of one administrator that are told of changes as they happen; further ones ask every few seconds. A browser has six connections for all its pages. 0: nobody is told.',
  }),
  eventBeatMs: duration
    .refine((ms) => ms >= 100 && ms <= 300_000, 'expected a tenth of a second to five minutes')
    .default(15_000)
    .meta({
      env: 'DRAWBRIDGE_ADMIN_EVENT_BEAT',
      doc: 'How often a stream of events says that it is there, and whether its sign-in still holds is looked at. Less than what a proxy in front waits for.',
    }),
  requestsPerSecond: z.coerce.number().int().min(1).max(1_000).default(20).meta({
    env: 'DRAWBRIDGE_ADMIN_REQUESTS_PER_SECOND',
    doc: 'Requests to the admin API that each administrator, each API token, and each address without a sign-in may go on making; ten seconds of them may come at once. More lets programs hurry, and whoever attacks, too.',
  }),
})

export type AdminConfig = z.output<typeof adminConfig>
