import type { z } from 'zod'

/** A kind of work that is done later. Everything a job does is safe to do twice. */
export interface Job<Name extends string = string, Payload = unknown> {
  readonly name: Name
  /** Checked when it is enqueued and again when it is done, since old jobs survive upgrades. Ids, never bytes. */
  readonly payload: z.ZodType<Payload>
  /** Tries in all, the first included. */
  readonly attempts: number
  /** Before the second try; doubles with each further one. */
  readonly backoffMs: number
  /** Then the signal of the try aborts and the try has failed. */
  readonly timeoutMs: number
  /** Jobs of this kind at once, in one process. Default 2. */
  readonly concurrency?: number
  /** While a job with the same key waits or runs, another one is not added. */
  dedupe?(payload: Payload): string
}

/** Declares a job. */
export function defineJob<const Name extends string, Payload>(job: Job<Name, Payload>): Job<Name, Payload> {
  return job
}

/** Does a job. `signal` aborts at the job's timeout and when the process stops. */
export type Handler<Payload> = (payload: Payload, run: { readonly signal: AbortSignal }) => Promise<void>

/** The job can never succeed: it is not tried again. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}

/** A payload that does not fit its job; the message names the fields. */
export class BadPayload extends Error {
  override readonly name = 'BadPayload'
}

/** The payload as its job declares it. @throws BadPayload */
export function parsePayload<Payload>(job: Job<string, Payload>, payload: unknown): Payload {
  const parsed = job.payload.safeParse(payload)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`)
  throw new BadPayload(`${job.name}: ${faults.join('; ')}`)
}
