import { z } from 'zod'
import { defineJob } from './job.ts'

/** Re-encodes one uploaded image so that nothing but pixels survives. */
export const sanitizeImage = defineJob({
  name: 'sanitize-image',
  payload: z.strictObject({ uploadId: z.uuid() }),
  attempts: 3,
  backoffMs: 2_000,
  timeoutMs: 30_000,
  // The sanitizer decides whose turn it is: it has to see more than it can do at once.
  concurrency: 8,
  dedupe: ({ uploadId }) => uploadId,
})
