import {
  pruneCensus,
  pruneClients,
  pruneDedup,
  pruneInvitations,
  pruneOutbox,
  prunePolicyNodes,
  pruneSightings,
  pruneSmSessions,
  pruneTraffic,
} from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'

const DAY_MS = 86_400_000
const PRUNE_EVERY_MS = 3_600_000

/**
 * Deletes records that only bound how long something is remembered, each hour. A fault is left to the next round.
 *
 * @param clientRetentionMs - how long a client that nobody uses stays known, in milliseconds.
 */
export function startPruning(db: Db, log: Log, clientRetentionMs: number): Disposable {
  const timer = setInterval(() => void prune(db, log, clientRetentionMs), PRUNE_EVERY_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** One round. Never rejects. */
export async function prune(db: Db, log: Log, clientRetentionMs: number, now = new Date()): Promise<void> {
  const before = (days: number) => new Date(now.getTime() - days * DAY_MS)
  try {
    while ((await pruneDedup(db, before(7))) > 0);
    await pruneSmSessions(db, before(7))
    await pruneOutbox(db, before(7))
    await pruneClients(db, new Date(now.getTime() - clientRetentionMs), now)
    await prunePolicyNodes(db, before(400))
    await pruneTraffic(db, before(400))
    await pruneInvitations(db, before(90))
    await pruneCensus(db, before(400).toISOString().slice(0, 10))
    await pruneSightings(db, before(400), before(400).toISOString().slice(0, 10))
  } catch (error) {
    log.warn('old records were not deleted; the next round tries again', { error: String(error) })
  }
}
