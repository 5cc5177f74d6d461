import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { addressKey } from '../stream/throttle.ts'

const MINUTE_MS = 60_000
/** Addresses remembered for what they did in this minute; of more, those go first that have no connection. */
const MAX_KEYS = 100_000
/** What is left of them then, so that this is not to be done for each. */
const KEPT_KEYS = 90_000

/** Counts connections by address: IPv4 /32, IPv6 /64 (threats DS-10). */
export interface AddressLimit {
  /**
   * Counts a connection until it closes; or closes it and returns false when its address has too many, or has opened too
   * many in the last minute (XEP-0205 §4.1, §4.2).
   *
   * @param address - of the client, where that is not who is connected.
   */
  take(socket: Duplex & Pick<Socket, 'remoteAddress'>, address?: string): boolean
}

export interface AddressLimitOptions {
  /** Connections from one address at once. */
  readonly atOnce: number
  /** Connections that one address may open in a minute, those that were refused included. */
  readonly perMinute: number
  readonly now?: () => number
}

interface Caller {
  open: number
  opened: number
  minuteAt: number
}

export function createAddressLimit({
  atOnce,
  perMinute,
  now = () => performance.now(),
}: AddressLimitOptions): AddressLimit {
  const callers = new Map<string, Caller>()
  return {
    take(socket, address = socket.remoteAddress ?? '') {
      // A peer can be gone before we look at it; its errors have nobody else to go to.
      socket.on('error', () => socket.destroy())
      const key = addressKey(address)
      const at = now()
      const caller = callers.get(key) ?? { open: 0, opened: 0, minuteAt: at }
      callers.set(key, caller)
      if (callers.size > MAX_KEYS) forget(callers, at)
      if (at - caller.minuteAt >= MINUTE_MS) Object.assign(caller, { opened: 0, minuteAt: at })
      caller.opened++
      if (caller.open >= atOnce || caller.opened > perMinute) {
        socket.destroy()
        return false
      }
      caller.open++
      socket.on('close', () => {
        caller.open--
        if (caller.open === 0 && now() - caller.minuteAt >= MINUTE_MS) callers.delete(key)
      })
      return true
    },
  }
}

/** Whoever has done nothing for a minute first; if that is not enough, whoever came first. */
function forget(callers: Map<string, Caller>, at: number): void {
  for (const [key, { open, minuteAt }] of callers) {
    if (open === 0 && at - minuteAt >= MINUTE_MS) callers.delete(key)
  }
  for (const [key, { open }] of callers) {
    if (callers.size <= KEPT_KEYS) break
    if (open === 0) callers.delete(key)
  }
}
