import type { ImagePayer } from '@drawbridge/contract'
import { BoundedMap } from '@drawbridge/runtime'

/** The payer has used up what is theirs. */
export class BudgetSpent extends Error {
  /** After this long the same image fits. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super('the budget is spent')
    this.retryAfterMs = retryAfterMs
  }
}

interface Account {
  pixels: number
  cpuMs: number
  refilledAt: number
}

const MINUTE_MS = 60_000
/** More payers than this at a time: those who paid longest ago are forgotten, and start with a full budget. */
const MAX_PAYERS = 10_000

/**
 * What each payer may have done in a minute, as buckets that fill evenly: pixels by the header of a file, since its bytes
 * say nothing about the work in it, and the time that it then took. Pixels are charged before the work; time is spent
 * after it, and a bucket may go below zero once.
 */
export class Budgets {
  readonly #accounts = new BoundedMap<string, Account>(MAX_PAYERS)
  readonly #now: () => number

  /** @param now - milliseconds of a clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @throws BudgetSpent when the payer has to wait; then nothing is charged. */
  charge(payer: ImagePayer | undefined, pixels: number): void {
    if (payer === undefined) return
    const account = this.#account(payer)
    // An image larger than the whole budget fits into a full one.
    const missing = Math.min(pixels, payer.pixelsPerMinute) - account.pixels
    const waitMs = Math.max(waitFor(missing, payer.pixelsPerMinute), waitFor(1 - account.cpuMs, payer.cpuMsPerMinute))
    if (waitMs > 0) throw new BudgetSpent(waitMs)
    account.pixels -= pixels
  }

  /** Gives pixels back for an image that was not worked on. */
  refund(payer: ImagePayer | undefined, pixels: number): void {
    if (payer !== undefined) this.#account(payer).pixels += pixels
  }

  /** Takes the time that an image took. */
  spend(payer: ImagePayer | undefined, cpuMs: number): void {
    if (payer !== undefined) this.#account(payer).cpuMs -= cpuMs
  }

  #account({ key, pixelsPerMinute, cpuMsPerMinute }: ImagePayer): Account {
    const now = this.#now()
    const account = this.#accounts.get(key) ?? { pixels: pixelsPerMinute, cpuMs: cpuMsPerMinute, refilledAt: now }
    const share = (now - account.refilledAt) / MINUTE_MS
    account.pixels = Math.min(account.pixels + share * pixelsPerMinute, pixelsPerMinute)
    account.cpuMs = Math.min(account.cpuMs + share * cpuMsPerMinute, cpuMsPerMinute)
    account.refilledAt = now
    this.#accounts.set(key, account)
    return account
  }
}

/** Milliseconds until `missing` has come in. */
function waitFor(missing: number, perMinute: number): number {
  return missing > 0 ? Math.ceil((missing / perMinute) * MINUTE_MS) : 0
}
