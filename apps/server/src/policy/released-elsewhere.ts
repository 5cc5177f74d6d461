import { lastReleasePosition, listReleasedElsewhere } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { setTimeout as wait } from 'node:timers/promises'
import type { HoldQueueOptions } from './hold-queue.ts'

/** Rules are not applied later than this because of messages that should come before what the rules let through. */
const WAIT_MS = 1_000

/** Delivers what other nodes release to the sessions of this one. */
export interface ReleasedElsewhere {
  /** Delivers what is there by now, in its order and once; resolves when that is done, or when it takes long. */
  catchUp(): Promise<void>
}

/** Begins with what is released from now on: sessions that are opened later read the rest in their archives. */
export async function createReleasedElsewhere(
  db: Db,
  nodeId: string,
  { deliverReleased }: HoldQueueOptions,
  log: Log,
): Promise<ReleasedElsewhere> {
  let position = await lastReleasePosition(db)
  let last: Promise<void> = Promise.resolve()
  const read = async () => {
    for (;;) {
      const batches = await listReleasedElsewhere(db, nodeId, position)
      if (batches.length === 0) return
      for (const batch of batches) {
        position = batch.position
        await deliverReleased(batch.messages, true)
      }
    }
  }
  return {
    catchUp() {
      last = last.then(read).catch((error: unknown) => {
        log.warn('what other nodes have released is delivered later', { error: String(error) })
      })
      const abort = new AbortController()
      const pause = wait(WAIT_MS, undefined, { signal: abort.signal }).catch(() => undefined)
      return Promise.race([last, pause]).finally(() => abort.abort())
    },
  }
}
