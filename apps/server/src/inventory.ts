import { noteSightings } from '@drawbridge/db'
import type { ClientSighting, Db } from '@drawbridge/db'
import { unknownBecause } from '@drawbridge/policy'
import type { ClientIdentity, EvidenceTier } from '@drawbridge/policy'
import { BoundedMap } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import { createHash } from 'node:crypto'

/** How often what was seen is written, in milliseconds. */
const FLUSH_MS = 2_000
/** How often the clients that stay connected are seen anew. */
const ROUND_MS = 3_600_000
/** Sightings that wait to be written; while the database is away the oldest go. */
const MAX_WAITING = 100_000

/** A session as the inventory notes it. */
export interface Seen {
  readonly account: { readonly id: string; readonly localpart: string }
  readonly client: ClientIdentity
  readonly remoteAddress?: string | undefined
}

/** How a client was seen. */
export interface Sighting {
  /** It was not let in, because of what it is. */
  readonly isRefused?: boolean
}

export interface Inventory extends AsyncDisposable {
  /** Notes a client that came, or about which more is known now. Costs nothing but memory until it is written. */
  saw(session: Seen, how?: Sighting): void
}

export interface InventoryOptions {
  readonly db: Db
  readonly log: Log
  /** What administrators call this node. */
  readonly node: string
  /** How well the client of somebody must be known. */
  readonly requiredTier: (account: Seen['account']) => EvidenceTier
  /** Everybody who is connected now. */
  readonly connected: () => Iterable<Seen>
  readonly now: () => Date
}

/** Remembers which clients people use (control §2, rows 1 and 2): in memory first, written in batches. */
export function startInventory({ db, log, node, requiredTier, connected, now }: InventoryOptions): Inventory {
  const waiting = new BoundedMap<string, ClientSighting>(MAX_WAITING)
  let last = Promise.resolve()
  const saw = ({ account, client, remoteAddress }: Seen, { isRefused = false }: Sighting = {}) => {
    const clientKey = keyOf(client)
    const seenAt = now()
    // Each day is counted by itself, however long the database is away.
    const key = `${account.id} ${clientKey.toString('base64')} ${seenAt.toISOString().slice(0, 10)}`
    waiting.set(key, {
      accountId: account.id,
      clientKey,
      family: client.family ?? null,
      version: client.version ?? null,
      identity: client,
      address: remoteAddress ?? null,
      node,
      unknownBecause: unknownBecause(client, requiredTier(account)),
      isRefused,
      seenAt,
    })
  }
  const write = async () => {
    const batch = [...waiting]
    if (batch.length === 0) return
    try {
      await noteSightings(
        db,
        batch.map(([, sighting]) => sighting),
      )
      for (const [key, sighting] of batch) if (waiting.get(key) === sighting) waiting.delete(key)
    } catch (error) {
      log.warn('clients that were seen are written later', { waiting: waiting.size, error: String(error) })
    }
  }
  const flush = () => (last = last.then(write))
  const round = () => {
    for (const session of connected()) saw(session)
    return flush()
  }
  const timers = [setInterval(flush, FLUSH_MS), setInterval(round, ROUND_MS)]
  return {
    saw,
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer)
      await round()
    },
  }
}

/** The same client of the same person, whichever session it is. */
function keyOf({ family, version, build, os, tier, isSuspect }: ClientIdentity): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([family, version, build, os, tier, isSuspect]))
    .digest()
}
