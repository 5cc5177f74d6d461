import type { ImageProfile, SanitizeOptions } from '@drawbridge/contract'
import type { Bounds } from './bounds/index.ts'

/**
 * Who goes first. An image inside a stanza (avatar, emote, inline) holds up its sender; small pictures are what a chat
 * shows most; nobody waits for bulk. Thumbnails are made with their image and need no lane.
 */
export const LANES = ['inline', 'small', 'photo', 'animation', 'bulk'] as const
export type Lane = (typeof LANES)[number]

/** The queue is full: try again later. */
export class Overloaded extends Error {}

/** What the queue has to know of one image. */
export interface Turn {
  readonly lane: Lane
  /** Takes a good part of a second. */
  readonly isHeavy: boolean
}

const SMALL_PIXELS = 1_000_000
const HEAVY_PIXELS = 8_000_000
/** Share of the queue that bulk work may fill: the rest is kept for those who wait. */
const BULK_RATIO = 0.5

/** Where an image stands in the queue. */
export function turnFor(bounds: Bounds, profile: ImageProfile, { isBulk }: SanitizeOptions): Turn {
  const pixels = bounds.widthPx * bounds.heightPx * bounds.frames
  // Bulk never takes the last place either.
  if (isBulk) return { lane: 'bulk', isHeavy: true }
  const isHeavy = pixels > HEAVY_PIXELS
  if (profile !== 'image') return { lane: 'inline', isHeavy }
  if (bounds.frames > 1) return { lane: 'animation', isHeavy }
  return { lane: pixels <= SMALL_PIXELS ? 'small' : 'photo', isHeavy }
}

interface Ticket extends Turn {
  readonly enter: () => void
  readonly onQueued: SanitizeOptions['onQueued']
  /** What `onQueued` was told last. */
  ahead: number | undefined
}

/**
 * Admission of work: a fixed number of places, a bounded queue, lane before lane. Heavy work never takes the last place,
 * so that small work is not stuck behind seconds of it.
 */
export class Lanes {
  readonly #places: number
  readonly #maxWaiting: number
  /** In the order of their turns. */
  #waiting: Ticket[] = []
  #running = 0
  #runningHeavy = 0

  constructor(places: number, maxWaiting: number) {
    this.#places = places
    this.#maxWaiting = maxWaiting
  }

  get status(): { readonly waiting: number; readonly running: number } {
    return { waiting: this.#waiting.length, running: this.#running }
  }

  /**
   * Runs `work` when its turn comes.
   *
   * @param onQueued - told how many are ahead, while work waits, and again when that changes.
   * @throws Overloaded when too many wait already; the signal's reason when it aborts before the turn.
   */
  async run<T>(
    turn: Turn,
    { signal, onQueued }: { readonly signal: AbortSignal; readonly onQueued?: SanitizeOptions['onQueued'] },
    work: () => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    await this.#enter(turn, signal, onQueued)
    try {
      return await work()
    } finally {
      this.#running -= 1
      if (turn.isHeavy) this.#runningHeavy -= 1
      this.#admit()
    }
  }

  #enter(turn: Turn, signal: AbortSignal, onQueued: SanitizeOptions['onQueued']): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => {
      this.#leave(ticket)
      reject(signal.reason as Error)
    }
    const ticket: Ticket = {
      ...turn,
      onQueued,
      ahead: undefined,
      enter: () => {
        signal.removeEventListener('abort', abort)
        resolve()
      },
    }
    const later = this.#waiting.findIndex(({ lane }) => LANES.indexOf(lane) > LANES.indexOf(turn.lane))
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, ticket)
    signal.addEventListener('abort', abort, { once: true })
    this.#admit()
    if (this.#isTooLong(turn) && this.#waiting.includes(ticket)) {
      signal.removeEventListener('abort', abort)
      this.#leave(ticket)
      return Promise.reject(new Overloaded('too many images wait'))
    }
    return promise
  }

  #isTooLong({ lane }: Turn): boolean {
    if (this.#waiting.length > this.#maxWaiting) return true
    const bulk = this.#waiting.filter((ticket) => ticket.lane === 'bulk').length
    return lane === 'bulk' && bulk > Math.max(1, this.#maxWaiting * BULK_RATIO)
  }

  #leave(ticket: Ticket): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== ticket)
    this.#tell()
  }

  #admit(): void {
    for (const ticket of [...this.#waiting]) {
      if (this.#running >= this.#places) break
      if (ticket.isHeavy && this.#runningHeavy > 0 && this.#runningHeavy >= this.#places - 1) continue
      this.#waiting.splice(this.#waiting.indexOf(ticket), 1)
      this.#running += 1
      if (ticket.isHeavy) this.#runningHeavy += 1
      ticket.enter()
    }
    this.#tell()
  }

  #tell(): void {
    for (const [ahead, ticket] of this.#waiting.entries()) {
      if (ticket.ahead === ahead) continue
      ticket.ahead = ahead
      ticket.onQueued?.(ahead)
    }
  }
}
