import { BoundedMap, BoundedSet } from '@drawbridge/runtime'

/**
 * Slows down guessing, by account and by address (threats §3.5): some free tries a minute, then a wait that doubles with
 * every failure. Never a hard lock: whoever waits gets another try, tries during a wait do not extend it, and an account's
 * wait does not touch its owner at an address where the password was right before. Nor does the wait of that address,
 * which many may share with one who guesses: not before somebody has guessed at this very account as often as is free.
 */
export interface Throttle {
  /** The keys under which a try counts: its address, and the account it is for if it names one. */
  keysOf(address: string, localpart?: string): string[]
  /** Milliseconds to wait before the next try; 0 when it may be made now. */
  delayMs(keys: readonly string[]): number
  failed(keys: readonly string[]): void
  /** The account is forgiven; the address is not, or whoever owns one account could guess at all others. */
  succeeded(keys: readonly string[]): void
}

interface Failures {
  /** Of the present minute. */
  count: number
  minuteAt: number
  /** Failures beyond the free ones; from the first on, each doubles the wait. */
  strikes: number
  lastAt: number
  until: number
  /** Since the last success, or the last time that it was forgotten. */
  total: number
}

const MAX_KEYS = 100_000
/** Between an account and an address; no localpart has a space in it (RFC 8265 §3.3). */
const AT = ' at '
const FIRST_DELAY_MS = 1_000
const MINUTE_MS = 60_000
/** So long without a failure, and a key starts anew. */
const FORGET_MS = 30 * MINUTE_MS

/** Many people may share an address: it has more free tries than an account, and shorter waits. */
const KINDS = {
  account: { freeFactor: 1, maxDelayMs: 15 * MINUTE_MS },
  ip: { freeFactor: 10, maxDelayMs: MINUTE_MS },
  net: { freeFactor: 40, maxDelayMs: MINUTE_MS },
} as const

type Kind = keyof typeof KINDS

/** @param freeTries - failures of an account within a minute that cost no wait. */
export function createThrottle(freeTries: number, now: () => number = () => performance.now()): Throttle {
  const failures = new BoundedMap<string, Failures>(MAX_KEYS)
  /** Account and address together, where a sign-in succeeded. */
  const known = new BoundedSet<string>(MAX_KEYS)
  const fail = (key: string) => {
    const { freeFactor, maxDelayMs } = KINDS[kindOf(key)]
    const at = now()
    let entry = failures.get(key)
    if (!entry || at - entry.lastAt > FORGET_MS)
      entry = { count: 0, minuteAt: at, strikes: 0, lastAt: at, until: 0, total: 0 }
    if (entry.until > at) return
    if (at - entry.minuteAt >= MINUTE_MS) Object.assign(entry, { count: 0, minuteAt: at })
    entry.count++
    entry.total++
    entry.lastAt = at
    if (entry.strikes > 0 || entry.count >= freeTries * freeFactor) {
      entry.until = at + Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** entry.strikes)
      entry.strikes++
    }
    failures.set(key, entry)
  }
  /** An account where its owner is known: what others do at the same address is not its fault. */
  const isTrusted = (key: string) => key.includes(AT) && (failures.get(key)?.total ?? 0) < freeTries
  const waitMs = (key: string) => Math.max(0, (failures.get(key)?.until ?? 0) - now())
  return {
    keysOf(address, localpart) {
      const keys = addressKeys(address)
      if (localpart === undefined) return keys
      const pair = `account ${localpart}${AT}${addressKey(address)}`
      return [...keys, known.has(pair) ? pair : `account ${localpart}`]
    },
    delayMs(keys) {
      const trusted = keys.find(isTrusted)
      return trusted === undefined ? Math.max(0, ...keys.map(waitMs)) : waitMs(trusted)
    },
    failed: (keys) => keys.forEach(fail),
    succeeded(keys) {
      const address = keys.find((key) => kindOf(key) === 'ip')
      for (const key of keys) {
        if (kindOf(key) !== 'account') continue
        failures.delete(key)
        if (address !== undefined) known.add(key.includes(AT) ? key : `${key}${AT}${address}`)
      }
    },
  }
}

function kindOf(key: string): Kind {
  if (key.startsWith('account ')) return 'account'
  return key.startsWith('net ') ? 'net' : 'ip'
}

/** The key under which an address counts as one place: IPv4 /32, IPv6 /64. */
export function addressKey(address: string): string {
  const groups = ipv6Groups(address)
  return groups ? `ip6 ${groups.slice(0, 4).join(':')}` : `ip ${address.replace(/^::ffff:/i, '')}`
}

/** As `addressKey`, and for IPv6 the /48 it lies in: one customer has as many /64 as he likes. */
function addressKeys(address: string): string[] {
  const groups = ipv6Groups(address)
  return groups ? [addressKey(address), `net ${groups.slice(0, 3).join(':')}`] : [addressKey(address)]
}

function ipv6Groups(address: string): string[] | undefined {
  if (!address.includes(':') || /^::ffff:\d+\./i.test(address)) return undefined
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  return [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
}
