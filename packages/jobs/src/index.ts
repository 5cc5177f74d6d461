export { migrateJobs } from './backend.ts'
export { type Handlers, JOBS } from './declared.ts'
export { BadPayload, defineJob, GiveUp, type Handler, type Job } from './job.ts'
export {
  createJobs,
  type EnqueueOutcome,
  type JobCounts,
  type Jobs,
  type JobsOptions,
  type WorkOptions,
} from './jobs.ts'
export { type OutboxJob, type Relay, relayOutbox, type RelayOptions } from './outbox.ts'
export { notifyDiscarded } from './notify-discarded.ts'
export { renewImages } from './renew-images.ts'
export { sanitizeImage } from './sanitize-image.ts'
export { sendPush } from './send-push.ts'
export { wakeRoom } from './wake-room.ts'
