import { Refusal } from '@drawbridge/contract'
import type { Release } from '@drawbridge/contract'
import {
  claimEnd,
  dropEnd,
  endSuspension as markEnded,
  expireApprovalRequests,
  findSuspension,
  keepEnd,
  uuidv7,
} from '@drawbridge/db'
import type { Db, Suspension } from '@drawbridge/db'
import type { Also, Change } from './client-rules.ts'
import { RELEASE_BATCH } from './hold-queue.ts'
import type { Emptying, HoldQueue, Settled } from './hold-queue.ts'
import { isRehearsal } from './rehearsal.ts'

/** A release keeps order before all: longest wait for messages under way before it, in milliseconds, and well below the lease. */
export const RELEASE_WAIT_MS = 2_000

export interface EndOptions {
  readonly db: Db
  readonly change: Change
  readonly now: () => Date
  readonly queue: HoldQueue
  /** Hands what has left the queue to live sessions. */
  deliver(settled: readonly Settled[]): void
  /** @throws Refusal `no-such-suspension` */
  get(id: string): Promise<Suspension>
}

/** Which end it is; none in a rehearsal, which empties nothing. `also`: what is done with it, where that is not done yet. */
interface Claim {
  readonly id: string | undefined
  readonly also?: Also | undefined
}

/** Builds the one way in which suspensions end. */
export function createEnd({ db, change, now, queue, deliver, get }: EndOptions) {
  /** What is left to do by whoever has the end: to empty the queue, and to put the suspension out of force. */
  const endClaimed = async (actor: string, id: string, release: Release, claim: Claim) => {
    const how: Emptying | undefined = release === 'review' ? undefined : release
    const mine = claim.id
    const holdOn = async (tx: Db) => {
      if (mine !== undefined && !(await keepEnd(tx, id, mine))) throw new Refusal('suspension-ended')
    }
    const isKept = how === undefined || mine === undefined
    const total = { released: 0, discarded: 0, ...(isKept ? {} : await queue.drain(id, how, { also: holdOn })) }
    // The rest leaves in the very transaction that ends the hold. Its epoch keeps every message decided before out
    // of the queue, and those decided after it wait until the rest is delivered: nothing overtakes.
    const rest: Settled[] = []
    const { result, effect } = await change(
      async (tx) => {
        await holdOn(tx)
        await claim.also?.(tx)
        const at = now()
        const result = await markEnded(tx, id, { by: actor, at, release })
        if (!result) throw new Refusal('suspension-ended')
        await expireApprovalRequests(tx, id, at)
        if (how !== undefined) {
          do rest.push(await queue.settle(tx, id, how))
          while (rest.at(-1)!.seen === RELEASE_BATCH)
        }
        const last = countOf(rest)
        total.released += last.released
        total.discarded += last.discarded
        // All that has left it, also before a crash in the middle of this end.
        const { released, discarded } = (await findSuspension(tx, id)) ?? total
        const detail = { scopes: result.scopes, mode: result.mode, release, released, discarded }
        return {
          result: { ...result, released, discarded },
          entry: { actor, action: 'end-suspension', target: id, detail },
        }
      },
      {
        committed: () => deliver(rest),
        writtenWithinMs: RELEASE_WAIT_MS,
      },
    )
    return { suspension: result, effect, ...total }
  }
  /**
   * Ends it, if no other end has begun: the queue leaves in many transactions before the one that ends the hold, and in
   * one way only. What was agreed is on record from the first of them.
   */
  return async (actor: string, id: string, release: Release, also?: Also, isResumed = false) => {
    const before = await get(id)
    if (before.endedAt) throw new Refusal('suspension-ended')
    if (isRehearsal()) return endClaimed(actor, id, release, { id: undefined, also })
    const claim = { id: uuidv7(), by: actor, release }
    await db.transaction(async (tx) => {
      if (!(await claimEnd(tx, id, claim, isResumed))) throw new Refusal('suspension-ended')
      await also?.(tx)
    })
    try {
      return await endClaimed(actor, id, release, claim)
    } catch (error) {
      await dropEnd(db, id, claim.id, before.release).catch(() => undefined)
      throw error
    }
  }
}

/** What has become of messages that have left a queue. */
export function countOf(settled: readonly Settled[]): { released: number; discarded: number } {
  const released = settled.reduce((sum, { delivered }) => sum + delivered.length, 0)
  return { released, discarded: settled.reduce((sum, { discarded }) => sum + discarded, 0) }
}
