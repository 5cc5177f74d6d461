import { z } from 'zod'
import { defineJob } from './job.ts'

/** Makes some images anew with the encoders of today, and enqueues itself for the next ones. */
export const renewImages = defineJob({
  name: 'renew-images',
  payload: z.strictObject({ renewalId: z.uuid() }),
  // The sanitizer may be away for a while: 2 s to 17 min between tries.
  attempts: 10,
  backoffMs: 2_000,
  timeoutMs: 300_000,
  concurrency: 1,
})
