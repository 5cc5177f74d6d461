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
  /** Who pays for it. Absent: it is nobody's in particular. */
  readonly payer?: string | undefined
}

const SMALL_PIXELS = 1_000_000
const HEAVY_PIXELS = 8_000_000
/** Share of the queue that bulk work may fill: the rest is kept for those who wait. */
const BULK_RATIO = 0.5
/** Share of the queue that one payer may fill. */
const PAYER_RATIO = 0.5

/** Where an image stands in the queue. */
export function turnFor(bounds: Bounds, profile: ImageProfile, { isBulk, payer }: SanitizeOptions): Turn {
  const pixels = bounds.widthPx * bounds.heightPx * bounds.frames
  // Bulk never takes the last place either.
  if (isBulk) return { lane: 'bulk', isHeavy: true }
  const whose = { isHeavy: pixels > HEAVY_PIXELS, payer: payer?.key }
  if (profile !== 'image') return { lane: 'inline', ...whose }
  if (bounds.frames > 1) return { lane: 'animation', ...whose }
  return { lane: pixels <= SMALL_PIXELS ? 'small' : 'photo', ...whose }
}

interface Ticket extends Turn {
  readonly enter: () => void
  readonly onQueued: SanitizeOptions['onQueued']
  /** What `onQueued` was told last. */
  ahead: number | undefined
}

/**
 * Admission of work: a fixed number of places, a bounded queue, lane before lane. Heavy work never takes the last place,
 * so that small work is not stuck behind seconds of it; and in a lane each payer's first image goes before anybody's
 * second, so that whoever sends many holds up only themselves.
 */
export class Lanes {
  readonly #places: number
  readonly #maxWaiting: number
  /** In the order of their turns. */
  #waiting: Ticket[] = []
  /** Images of each payer that are being worked on. */
  readonly #runningOf = new Map<string, number>()
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
      this.#count(turn, -1)
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
    this.#waiting.push(ticket)
    signal.addEventListener('abort', abort, { once: true })
    this.#admit()
    if (this.#isTooLong(turn) && this.#waiting.includes(ticket)) {
      signal.removeEventListener('abort', abort)
      this.#leave(ticket)
      return Promise.reject(new Overloaded('too many images wait'))
    }
    return promise
  }

  #isTooLong({ lane, payer }: Turn): boolean {
    if (this.#waiting.length > this.#maxWaiting) return true
    const own = payer === undefined ? 0 : this.#waiting.filter((ticket) => ticket.payer === payer).length
    if (own > Math.max(1, this.#maxWaiting * PAYER_RATIO)) return true
    const bulk = this.#waiting.filter((ticket) => ticket.lane === 'bulk').length
    return lane === 'bulk' && bulk > Math.max(1, this.#maxWaiting * BULK_RATIO)
  }

  #leave(ticket: Ticket): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== ticket)
    this.#tell()
  }

  #count({ isHeavy, payer }: Turn, change: 1 | -1): void {
    this.#running += change
    if (isHeavy) this.#runningHeavy += change
    if (payer === undefined) return
    const running = (this.#runningOf.get(payer) ?? 0) + change
    if (running > 0) this.#runningOf.set(payer, running)
    else this.#runningOf.delete(payer)
  }

  /** Puts those who wait in the order of their turns. What came first stays first where nothing else decides. */
  #sort(): void {
    const rounds = new Map<string, number>()
    const turns = this.#waiting.map((ticket) => {
      const { payer, lane } = ticket
      if (payer === undefined) return { ticket, round: 0 }
      const key = `${lane} ${payer}`
      const round = rounds.get(key) ?? this.#runningOf.get(payer) ?? 0
      rounds.set(key, round + 1)
      return { ticket, round }
    })
    turns.sort((a, b) => LANES.indexOf(a.ticket.lane) - LANES.indexOf(b.ticket.lane) || a.round - b.round)
    this.#waiting = turns.map(({ ticket }) => ticket)
  }

  #admit(): void {
    this.#sort()
    for (const ticket of [...this.#waiting]) {
      if (this.#running >= this.#places) break
      if (ticket.isHeavy && this.#runningHeavy > 0 && this.#runningHeavy >= this.#places - 1) continue
      this.#waiting.splice(this.#waiting.indexOf(ticket), 1)
      this.#count(ticket, 1)
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
