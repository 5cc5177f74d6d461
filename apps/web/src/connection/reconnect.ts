/**
 * When to try again after a lost connection. Ten thousand clients that come back at the same moment would keep the
 * server down, so delays grow, are random over their whole length, and are forgotten after a stable while.
 */

export const MAX_DELAY_MS = 60_000
const FIRST_DELAY_MS = 1_000
/** A connection that has lived this long resets the count of attempts. */
export const STABLE_AFTER_MS = 30_000
/** Over so long a crowd of unknown size spreads when a suspension ends: where the server gives no time of its own. */
const RETURN_WINDOW_MS = 5_000

export interface Attempts {
  readonly failures: number
}

export const NO_ATTEMPTS: Attempts = { failures: 0 }

/** Counts one lost or refused connection. `onlineMs`: how long it had been online; 0 when it never was. */
export function afterLoss(attempts: Attempts, onlineMs: number): Attempts {
  return { failures: onlineMs >= STABLE_AFTER_MS ? 1 : attempts.failures + 1 }
}

/**
 * Milliseconds to wait: random(0, min(60 s, 1 s × 2ⁿ)), n counted from zero.
 *
 * @param random - 0 to 1.
 */
export function delayMs(attempts: Attempts, random: number): number {
  const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, attempts.failures - 1))
  return Math.round(random * ceiling)
}

/**
 * Milliseconds until a suspended service is looked at again: at the announced end when there is one, else every 5 to
 * 10 s for the first minute and every 30 to 60 s after that.
 *
 * @param ownMs - the time that the server has drawn for this client, counted from the end.
 */
export function suspendedDelayMs(
  now: number,
  since: number,
  until: number | undefined,
  random: number,
  ownMs = Math.round(random * RETURN_WINDOW_MS),
): number {
  if (until !== undefined && until > now) return Math.min(until - now + ownMs, Math.round(30_000 + random * 30_000))
  return Math.round(now - since < 60_000 ? 5_000 + random * 5_000 : 30_000 + random * 30_000)
}
