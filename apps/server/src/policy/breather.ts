import { setImmediate } from 'node:timers/promises'

/** Longest time that one piece of work keeps everybody else waiting, in milliseconds. */
const MAX_SLICE_MS = 15

/** To be awaited between the steps of long work: returns at once, but for every 15 ms, when others get their turn. */
export function breather(): () => Promise<void> | undefined {
  let sinceMs = performance.now()
  return () => {
    if (performance.now() - sinceMs < MAX_SLICE_MS) return undefined
    return setImmediate().then(() => void (sinceMs = performance.now()))
  }
}
