import type { Handler, Job } from './job.ts'
import { notifyDiscarded } from './notify-discarded.ts'
import { renewImages } from './renew-images.ts'
import { sanitizeImage } from './sanitize-image.ts'
import { sendPush } from './send-push.ts'
import { wakeRoom } from './wake-room.ts'

/** Every job there is. */
export const JOBS = [notifyDiscarded, renewImages, sanitizeImage, sendPush, wakeRoom] as const

type PayloadOf<J> = J extends Job<string, infer Payload> ? Payload : never

/** One handler for each declared job, by its name: one too few or too many does not compile. */
export type Handlers<Declared extends readonly Job[] = typeof JOBS> = {
  readonly [J in Declared[number] as J['name']]: Handler<PayloadOf<J>>
}
