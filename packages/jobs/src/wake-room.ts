import { z } from 'zod'
import { defineJob } from './job.ts'

/** Finds the devices that are to hear of a message in a room, and enqueues a push for each of them. */
export const wakeRoom = defineJob({
  name: 'wake-room',
  payload: z.strictObject({ room: z.string().max(3_071), message: z.uuid() }),
  attempts: 4,
  backoffMs: 1_000,
  timeoutMs: 60_000,
  concurrency: 4,
})
