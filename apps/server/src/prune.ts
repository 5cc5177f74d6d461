import {
  pruneCensus,
  pruneClients,
  pruneCountedBatches,
  pruneDedup,
  pruneInvitations,
  pruneOutbox,
  prunePolicyChanges,
  prunePolicyNodes,
  pruneSightings,
  pruneSmSessions,
  pruneTraffic,
} from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'

const DAY_MS = 86_400_000
const PRUNE_EVERY_MS = 3_600_000

/** How long something is remembered, in milliseconds. */
export interface Retention {
  /** A client that nobody uses. */
  readonly clientsMs: number
  /** How much was sent, and which images came. */
  readonly trafficMs: number
}

/** Deletes records that only bound how long something is remembered, each hour. A fault is left to the next round. */
export function startPruning(db: Db, log: Log, retention: Retention): Disposable {
  const timer = setInterval(() => void prune(db, log, retention), PRUNE_EVERY_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** One round. Never rejects. */
export async function prune(db: Db, log: Log, retention: Retention, now = new Date()): Promise<void> {
  const before = (days: number) => new Date(now.getTime() - days * DAY_MS)
  const { clientsMs, trafficMs } = retention
  try {
    while ((await pruneDedup(db, before(7))) > 0);
    await pruneSmSessions(db, before(7))
    await pruneOutbox(db, before(7))
    await pruneClients(db, new Date(now.getTime() - clientsMs), now)
    await prunePolicyChanges(db, before(400))
    await prunePolicyNodes(db, before(400))
    await pruneTraffic(db, before(trafficMs / DAY_MS))
    await pruneCountedBatches(db, before(7))
    await pruneInvitations(db, before(90))
    await pruneCensus(
      db,
      before(trafficMs / DAY_MS)
        .toISOString()
        .slice(0, 10),
    )
    const dayBefore = (days: number) => before(days).toISOString().slice(0, 10)
    await pruneSightings(db, before(400), dayBefore(400), dayBefore(2))
  } catch (error) {
    log.warn('old records were not deleted; the next round tries again', { error: String(error) })
  }
}
