/**
 * Slows down guessing, by account and by address (threats §3.5): some free tries a minute, then a wait that doubles up
 * to 15 minutes. Never a hard lock: whoever waits gets another try.
 */
export interface Throttle {
  /** Milliseconds to wait before the next try; 0 when it may be made now. */
  delayMs(keys: readonly string[]): number
  failed(keys: readonly string[]): void
  succeeded(keys: readonly string[]): void
}

const MAX_KEYS = 100_000
const MAX_DELAY_MS = 15 * 60_000
const WINDOW_MS = 60_000

/** @param freeTries - failures within a minute that cost no wait. */
export function createThrottle(freeTries: number, now: () => number = () => performance.now()): Throttle {
  const failures = new Map<string, { count: number; at: number }>()
  const delayOf = (key: string) => {
    const entry = failures.get(key)
    if (!entry || entry.count < freeTries) return 0
    const pause = Math.min(MAX_DELAY_MS, 1_000 * 2 ** (entry.count - freeTries))
    return Math.max(0, entry.at + pause - now())
  }
  return {
    delayMs: (keys) => Math.max(0, ...keys.map(delayOf)),
    failed(keys) {
      const at = now()
      for (const key of keys) {
        const entry = failures.get(key)
        const isFresh = !entry || (entry.count < freeTries && at - entry.at > WINDOW_MS) || at - entry.at > 2 * MAX_DELAY_MS
        failures.delete(key)
        failures.set(key, { count: isFresh ? 1 : entry.count + 1, at })
      }
      // The oldest entries are the first of the map: a flood of names cannot grow it without bound.
      for (const key of failures.keys()) {
        if (failures.size <= MAX_KEYS) break
        failures.delete(key)
      }
    },
    succeeded(keys) {
      for (const key of keys) failures.delete(key)
    },
  }
}

/** The keys under which an address counts: IPv4 /32, IPv6 /64. */
export function addressKey(address: string): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  if (v4 !== undefined) return `ip ${v4}`
  const [head = '', tail = ''] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const full = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `ip6 ${full.slice(0, 4).join(':')}`
}
