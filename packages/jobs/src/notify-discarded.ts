import { z } from 'zod'
import { defineJob } from './job.ts'

/** Tells somebody that messages of theirs, which a suspension had held, were discarded. */
export const notifyDiscarded = defineJob({
  name: 'notify-discarded',
  payload: z.strictObject({
    sender: z.string().max(3_071),
    suspension: z.uuid(),
    messages: z.array(z.uuid()).min(1).max(100).readonly(),
  }),
  attempts: 4,
  backoffMs: 1_000,
  timeoutMs: 60_000,
  concurrency: 2,
})
