import { z } from 'zod'
import { defineJob } from './job.ts'

/**
 * Tells one device that there is something new (XEP-0357 §7). `message` is the newest one when the job was made; the push
 * is about everything that came until it is sent.
 */
export const sendPush = defineJob({
  name: 'send-push',
  payload: z.strictObject({
    owner: z.string().max(3_071),
    service: z.string().max(3_071),
    node: z.string().max(1_023),
    message: z.uuid(),
    /** Whose archive has the message, where it was said in a room. */
    room: z.string().max(3_071).optional(),
  }),
  attempts: 4,
  backoffMs: 5_000,
  timeoutMs: 30_000,
  // A job mostly waits: for an answer from far away, or for its device's next turn.
  concurrency: 64,
})
