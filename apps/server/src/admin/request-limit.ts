import { Refusal } from '@drawbridge/contract'

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
  const capacity = perSecond * BURST_S
  /** Keys used last are last. One that was dropped begins with a full bucket, as a new one does. */
  const buckets = new Map<string, { left: number; at: number }>()
  const leftOf = (key: string, at: number): number => {
    const bucket = buckets.get(key)
    return bucket ? Math.min(capacity, bucket.left + ((at - bucket.at) / 1_000) * perSecond) : capacity
  }
  const check = (key: string): number => {
    const left = leftOf(key, now())
    if (left < 1) throw new Refusal('rate-limited', { retryAfterS: Math.ceil((1 - left) / perSecond) })
    return left
  }
  return {
    check: (key) => void check(key),
    take(key) {
      const left = check(key)
      buckets.delete(key)
      buckets.set(key, { left: left - 1, at: now() })
      if (buckets.size <= MAX_KEYS) return
      for (const oldest of buckets.keys()) {
        buckets.delete(oldest)
        return
      }
    },
  }
}
