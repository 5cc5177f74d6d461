import { listNodeEffects, noteApplications, noteNodeStopped, renewLease, uuidv7 } from '@drawbridge/db'
import type { Application, Db, NodeEffect } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { setTimeout as wait } from 'node:timers/promises'
import type { EnforceCounts } from './enforce.ts'
import { observeApplication } from './events.ts'

/** Applications that wait for the database at most; while it is away nothing new can be committed anyway. */
const MAX_UNREPORTED = 100
/** How often it is looked whether the others are done, should a notification be lost. */
const LOOK_MS = 250
/** After the longest lease, whoever has not applied a change cannot act any more; a little is for the way back. */
const SETTLED_MS = 5_250

export interface NodeOptions {
  readonly db: Db
  /** What administrators call this node. */
  readonly name: string
  readonly leaseTtlMs: number
  readonly log: Log
}

/** What was applied here just now: see `Application`. */
export interface JustApplied extends EnforceCounts, Pick<Application, 'epoch' | 'after' | 'lapsedMs'> {}

/** This server process among those that share its database. */
export interface Node {
  readonly id: string
  readonly name: string
  /** Says that this node is alive and applies `epoch`; resolves with the epoch in force. */
  renew(epoch: number): Promise<number>
  /** Notes what was applied here just now. It is reported in the background, several at once if need be. */
  applied(application: JustApplied): void
  /** Some node has reported an application. */
  heard(): void
  /**
   * Resolves with what became of an epoch everywhere: when each node that was alive has applied it, or cannot act any
   * more, and after 5 s at the latest. Never rejects; without the database it knows of this node only.
   */
  settled(epoch: number): Promise<readonly NodeEffect[]>
  /** Reports what is left, and that this node has stopped. */
  close(): Promise<void>
}

/** Gives this process an identity of its own: two that share a name or a data directory by mistake stay apart. */
export function createNode({ db, name, leaseTtlMs, log }: NodeOptions): Node {
  const identity = { id: uuidv7(), name, leaseMs: leaseTtlMs }
  let unreported: { readonly at: number; readonly application: JustApplied }[] = []
  let reporting: Promise<void> | undefined
  let news = Promise.withResolvers<void>()
  let isSeen = false

  const report = async () => {
    while (unreported.length > 0) {
      const batch = unreported
      unreported = []
      const at = performance.now()
      try {
        const delays = await noteApplications(
          db,
          identity.id,
          batch.map(({ at: since, application }) => ({ agoMs: at - since, ...application })),
        )
        for (const { ms, hadLease } of delays) observeApplication({ lease: hadLease ? 'held' : 'lost' }, ms / 1_000)
      } catch (error) {
        log.debug('what was applied could not be reported yet', { error: String(error) })
        unreported = [...batch, ...unreported].slice(-MAX_UNREPORTED)
        return
      }
    }
  }
  const flush = () => (reporting ??= report().finally(() => (reporting = undefined)))

  return {
    id: identity.id,
    name,
    async renew(epoch) {
      const current = await renewLease(db, identity, epoch)
      isSeen = true
      if (unreported.length > 0) void flush()
      return current
    },
    applied(application) {
      unreported = [...unreported, { at: performance.now(), application }].slice(-MAX_UNREPORTED)
      void flush()
    },
    heard() {
      news.resolve()
      news = Promise.withResolvers()
    },
    async settled(epoch) {
      const deadline = performance.now() + SETTLED_MS
      for (;;) {
        const next = news.promise
        await flush()
        const effects = await listNodeEffects(db, epoch).catch(() => [])
        if (effects.every(({ state }) => state !== 'pending') || performance.now() >= deadline) return effects
        const abort = new AbortController()
        const pause = wait(LOOK_MS, undefined, { signal: abort.signal }).catch(() => undefined)
        await Promise.race([next, pause])
        abort.abort()
      }
    },
    async close() {
      await flush()
      if (isSeen) await noteNodeStopped(db, identity.id).catch(() => undefined)
    },
  }
}
