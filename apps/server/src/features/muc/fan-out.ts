import type { Broadcast } from '../../routing/outgoing.ts'
import type { Seat } from './room.ts'

/** Recipients served in one turn; what is left waits for the next, so that no room holds up the others. */
export const TURN = 500

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

  #run(): void {
    let left = TURN
    while (left > 0) {
      const [round] = this.#rounds
      if (!round) return
      left = serve(round, left)
      if (round.at >= round.seats.length) this.#rounds.shift()
    }
    if (this.#rounds.length === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#run()
    })
  }
}

function serve(round: Round, budget: number): number {
  const { seats, open, hidden, isMessage } = round
  const end = Math.min(seats.length, round.at + budget)
  for (let i = round.at; i < end; i++) {
    const seat = seats[i]
    if (!seat || seat.isGone) continue
    const outgoing = (seat.seesJids ? open : hidden).to(seat.address)
    if (isMessage && seat.waiting) seat.waiting.push(outgoing)
    else seat.session.send(outgoing)
  }
  budget -= end - round.at
  round.at = end
  return budget
}
