import type { Broadcast, Outgoing } from '../../routing/outgoing.ts'
import type { Seat } from './room.ts'

/** Recipients served in one turn; what is left waits for the next, so that no room holds up the others. */
export const TURN = 500

/** Rounds of one room that are not served yet; beyond it, whoever sends to the room waits, and is not read meanwhile. */
export const ROUNDS_MAX = 256

/** Messages that are held for one seat while its history is read; beyond it, it is told that it has lost its place. */
export const HELD_MAX = 1_000

/** One stanza for everybody in a room: those who see real JIDs get one text, the others another. */
interface Round {
  readonly seats: readonly Seat[]
  readonly open: Broadcast
  readonly hidden: Broadcast
  /** Messages wait for a seat whose history is still being read. */
  readonly isMessage: boolean
  at: number
}

/**
 * Hands stanzas to the seats of one room, in order, each serialized once (house design note on fan-out). Nothing is
 * looked up, awaited or allocated per recipient beyond the copy that holds its address.
 */
export class FanOut {
  readonly #rounds: Round[] = []
  readonly #ready: (() => void)[] = []
  #isScheduled = false

  /** `seats` must not change afterwards: rooms replace their list. */
  send(seats: readonly Seat[], open: Broadcast, hidden: Broadcast = open, isMessage = false): void {
    const round: Round = { seats, open, hidden, isMessage, at: 0 }
    this.#rounds.push(round)
    if (!this.#isScheduled) this.#run()
  }

  /** Everything sent so far is with its sessions. */
  get isIdle(): boolean {
    return this.#rounds.length === 0
  }

  /** Rounds that are not served yet. */
  get length(): number {
    return this.#rounds.length
  }

  /** Nothing where there is room for one more; else a promise for when half of the rounds are served. */
  whenReady(): Promise<void> | undefined {
    if (this.#rounds.length < ROUNDS_MAX) return undefined
    return new Promise((resolve) => this.#ready.push(resolve))
  }

  #run(): void {
    let left = TURN
    while (left > 0) {
      const [round] = this.#rounds
      if (!round) break
      left = serve(round, left)
      if (round.at >= round.seats.length) this.#rounds.shift()
    }
    this.#wake()
    if (this.#rounds.length === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#run()
    })
  }

  #wake(): void {
    if (this.#rounds.length > ROUNDS_MAX / 2) return
    for (const resolve of this.#ready.splice(0)) resolve()
  }
}

function serve(round: Round, budget: number): number {
  const { seats, open, hidden, isMessage } = round
  const end = Math.min(seats.length, round.at + budget)
  for (let i = round.at; i < end; i++) {
    const seat = seats[i]
    if (!seat || seat.isGone) continue
    const outgoing = (seat.seesJids ? open : hidden).to(seat.address)
    if (isMessage && seat.waiting) hold(seat, seat.waiting, outgoing)
    else seat.session.send(outgoing)
  }
  budget -= end - round.at
  round.at = end
  return budget
}

function hold(seat: Seat, waiting: Outgoing[], outgoing: Outgoing): void {
  if (waiting.length < HELD_MAX && !seat.isOverrun) return void waiting.push(outgoing)
  seat.isOverrun = true
  waiting.length = 0
}
