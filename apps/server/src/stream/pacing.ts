import { TokenBucket } from '@drawbridge/runtime'
import { randomInt } from 'node:crypto'

/** Nobody returns in less time than this, in milliseconds (control §4.8). */
const MIN_WINDOW_MS = 5_000
/** How often clients that wait look whether a cut is over (control §4.8), in milliseconds: so late some may hear of it. */
const POLL_MS = 60_000
/** What may come at once, as a part of a second's share: the rate is kept to within a tenth. */
const BURST = 0.1
/** For people who have something to repair: a twentieth of the rate beside it, and one a second at least. */
const PRIORITY = 0.05

/**
 * Lets people back after a cut (control §4.8): each client of ours gets a time of its own within a window that is as long
 * as all of them take at the accept rate, and beyond that rate nobody is let in as far as signing in.
 */
export interface Pacing {
  /** The rules are about to be applied. @param isCut - the service is cut off now. @param connected - sessions until now. */
  applied(isCut: boolean, connected: number): void
  /**
   * Whether a stream may begin now. @param isPriority - it may be somebody who has something to repair
   * @returns undefined, or in how many milliseconds to come again
   */
  refuse(isPriority: () => boolean): number | undefined
  /** A time within the window, in milliseconds, for one client: from the end of a cut, or from now on once it is over. */
  draw(): number | undefined
  /** Until everybody should be back, in milliseconds from now; 0 when nobody is awaited. */
  readonly remainingMs: number
}

/**
 * @param ratePerSecond - streams that may begin, beside the priority lane
 * @param ended - a cut is over, and everybody should be back after `windowMs`
 */
export function createPacing(
  ratePerSecond: number,
  ended: (windowMs: number) => void = () => undefined,
  now: () => number = () => performance.now(),
): Pacing {
  let isCut = false
  let sessions = 0
  let returningUntil = Number.NEGATIVE_INFINITY
  const lane = (perSecond: number) => new TokenBucket(perSecond, Math.max(1, perSecond * BURST))
  const [everybody, priority] = [lane(ratePerSecond), lane(Math.max(1, ratePerSecond * PRIORITY))]
  const windowMs = () => Math.max(MIN_WINDOW_MS, Math.ceil((sessions / ratePerSecond) * 1_000))
  const remaining = () => Math.max(0, returningUntil - now())
  return {
    applied(isCutNow, connected) {
      if (isCutNow) {
        sessions = isCut ? Math.max(sessions, connected) : connected
      } else if (isCut) {
        // Some hear of the end a poll later, and then draw their time.
        returningUntil = now() + POLL_MS + windowMs()
        everybody.empty(now())
        priority.empty(now())
        ended(windowMs())
      }
      isCut = isCutNow
    },
    refuse(isPriority) {
      if (remaining() === 0 || everybody.take(now()) || (isPriority() && priority.take(now()))) return undefined
      return randomInt(MIN_WINDOW_MS, MIN_WINDOW_MS + windowMs())
    },
    draw: () => (isCut || remaining() > 0 ? randomInt(windowMs()) : undefined),
    get remainingMs() {
      return remaining()
    },
  }
}
