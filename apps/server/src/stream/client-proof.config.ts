import { duration } from '@drawbridge/runtime'
import * as z from 'zod'

/** What clients prove of themselves, beside what they say. */
export const clientProofConfig = z.object({
  tokenTtlMs: duration
    .refine((ms) => ms >= 1_000 && ms <= 86_400_000, 'expected one second to a day')
    .default(600_000)
    .meta({
      env: 'DRAWBRIDGE_CLIENT_TOKEN_TTL',
      doc: 'How long a token counts that says which build of our web client a session runs (tier E3). Shorter notices sooner that a build gets no more; longer bears a server that is away for longer.',
    }),
  buildGraceMs: duration
    .refine((ms) => ms <= 30 * 86_400_000, 'expected at most 30 days')
    .default(3_600_000)
    .meta({
      env: 'DRAWBRIDGE_CLIENT_BUILD_GRACE',
      doc: 'How long builds of the web client from before the one that is served still get such tokens, so that pages need not reload at once. After a dangerous flaw set it to 0.',
    }),
})
