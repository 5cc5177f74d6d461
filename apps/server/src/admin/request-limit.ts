import { Refusal } from '@drawbridge/contract'
import { BoundedMap, TokenBucket } from '@drawbridge/runtime'

/** Seconds of requests that may come at once, after a rest. */
const BURST_S = 10
const MAX_KEYS = 10_000

/** Bounds how often somebody asks: a bucket per key that fills at a steady rate. */
export interface RequestLimit {
  /** Takes one request of a key. @throws Refusal `rate-limited` when there is none left. */
  take(key: string): void
  /** Refuses as `take` would, and takes nothing. */
  check(key: string): void
}

/** @param perSecond - requests that a key may go on making. */
export function createRequestLimit(perSecond: number, now: () => number = () => performance.now()): RequestLimit {
  /** One that was dropped begins with a full bucket, as a new one does. */
  const buckets = new BoundedMap<string, TokenBucket>(MAX_KEYS)
  const check = (key: string): void => {
    const waitMs = buckets.get(key)?.waitMs(now()) ?? 0
    if (waitMs > 0) throw new Refusal('rate-limited', { retryAfterS: Math.ceil(waitMs / 1_000) })
  }
  return {
    check,
    take(key) {
      check(key)
      const bucket = buckets.get(key) ?? new TokenBucket(perSecond, perSecond * BURST_S)
      bucket.take(now())
      buckets.set(key, bucket)
    },
  }
}
