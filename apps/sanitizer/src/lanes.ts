/** Who waits longer: a stanza with an inline image holds up its sender, a photo is a job in the background. */
export const LANES = ['inline', 'image'] as const
export type Lane = (typeof LANES)[number]

/** The queue is full: try again later. */
export class Overloaded extends Error {}

interface Ticket {
  readonly lane: Lane
  readonly isHeavy: boolean
  readonly enter: () => void
}

/**
 * Admission of work: a fixed number of places, a bounded queue, inline before image. Heavy work never takes the last
 * place, so that small work is not stuck behind seconds of it.
 */
export class Lanes {
  readonly #places: number
  readonly #maxWaiting: number
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
   * @throws Overloaded when too many wait already; the signal's reason when it aborts before the turn.
   */
  async run<T>(lane: Lane, isHeavy: boolean, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    await this.#enter(lane, isHeavy, signal)
    try {
      return await work()
    } finally {
      this.#running -= 1
      if (isHeavy) this.#runningHeavy -= 1
      this.#admit()
    }
  }

  #enter(lane: Lane, isHeavy: boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => {
      this.#waiting = this.#waiting.filter((waiting) => waiting !== ticket)
      reject(signal.reason as Error)
    }
    const ticket: Ticket = {
      lane,
      isHeavy,
      enter: () => {
        signal.removeEventListener('abort', abort)
        resolve()
      },
    }
    this.#waiting.push(ticket)
    this.#admit()
    if (this.#waiting.length > this.#maxWaiting) {
      this.#waiting = this.#waiting.filter((waiting) => waiting !== ticket)
      return Promise.reject(new Overloaded('too many images wait'))
    }
    signal.addEventListener('abort', abort, { once: true })
    return promise
  }

  #admit(): void {
    for (const lane of LANES) {
      for (const ticket of this.#waiting.filter((waiting) => waiting.lane === lane)) {
        if (this.#running >= this.#places) return
        if (ticket.isHeavy && this.#runningHeavy > 0 && this.#runningHeavy >= this.#places - 1) continue
        this.#waiting.splice(this.#waiting.indexOf(ticket), 1)
        this.#running += 1
        if (ticket.isHeavy) this.#runningHeavy += 1
        ticket.enter()
      }
    }
  }
}
