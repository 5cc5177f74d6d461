/**
 * What this browser keeps for one account: unsent messages, drafts, how far each conversation has been read, and where
 * the person was. Credentials are elsewhere (credentials.ts), so that wiping one does not depend on the other.
 */
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { OutboxItem } from '../state/outbox.ts'

interface AccountSchema extends DBSchema {
  outbox: { key: string; value: OutboxItem }
  /** Unsent text by conversation. */
  draft: { key: string; value: string }
  /** Read markers by conversation, milliseconds since 1970. */
  read: { key: string; value: number }
  /** When a receipt arrived, by message id: the archive does not keep receipts. */
  delivered: { key: string; value: number }
  place: { key: 'last'; value: Place }
}

/** Where the person was, to bring them back after a forced update. */
export interface Place {
  readonly peer: string
  /** Archive id (or key) of the topmost visible message; undefined at the end of the list. */
  readonly anchor: string | undefined
  /** Pixels from the top of the list to the top of that message. */
  readonly offsetPx: number
  /** Caret in the composer, when it had the focus. */
  readonly caret: number | undefined
  readonly savedAt: number
}

export interface AccountDatabase {
  listOutbox(): Promise<OutboxItem[]>
  /** Resolves when the item is on disk: only then it may be sent. */
  putOutbox(item: OutboxItem): Promise<void>
  deleteOutbox(id: string): Promise<void>
  listDrafts(): Promise<Record<string, string>>
  /** An empty text removes the draft. */
  putDraft(peer: string, text: string): Promise<void>
  listRead(): Promise<Record<string, number>>
  putRead(peer: string, at: number): Promise<void>
  /** Ids of messages for which a receipt came within the last 30 days. */
  listDelivered(): Promise<string[]>
  putDelivered(id: string): Promise<void>
  getPlace(): Promise<Place | undefined>
  putPlace(place: Place): Promise<void>
  /** Resolves when everything asked for so far is written. */
  flush(): Promise<void>
  /** Deletes the whole database. */
  wipe(): Promise<void>
}

const DELIVERED_MS = 30 * 86_400_000
const PREFIX = 'drawbridge:'

/** Opens (and makes, when new) the database of an account. Rejects where the browser forbids storage. */
export async function openAccountDatabase(account: string): Promise<AccountDatabase> {
  const name = PREFIX + account
  const db: IDBPDatabase<AccountSchema> = await openDB<AccountSchema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('outbox', { keyPath: 'id' })
      fresh.createObjectStore('draft')
      fresh.createObjectStore('read')
      fresh.createObjectStore('delivered')
      fresh.createObjectStore('place')
    },
    // Another page wipes or upgrades: holding on would block it for ever.
    blocking: () => db.close(),
  })
  const pending = new Set<Promise<unknown>>()
  const track = async (write: Promise<unknown>): Promise<void> => {
    pending.add(write)
    try {
      await write
    } finally {
      pending.delete(write)
    }
  }
  const record = async <V>(store: 'draft' | 'read' | 'delivered'): Promise<Record<string, V>> => {
    const tx = db.transaction(store)
    const [keys, values] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()])
    return Object.fromEntries(keys.map((key, i) => [key, values[i] as V]))
  }
  return {
    listOutbox: () => db.getAll('outbox'),
    async putOutbox(item) {
      const tx = db.transaction('outbox', 'readwrite', { durability: 'strict' })
      await track(Promise.all([tx.store.put(item), tx.done]))
    },
    deleteOutbox: (id) => track(db.delete('outbox', id)),
    listDrafts: () => record<string>('draft'),
    putDraft: (peer, text) => track(text === '' ? db.delete('draft', peer) : db.put('draft', text, peer)),
    listRead: () => record<number>('read'),
    putRead: (peer, at) => track(db.put('read', at, peer)),
    async listDelivered() {
      const times = await record<number>('delivered')
      const oldest = Date.now() - DELIVERED_MS
      const stale = Object.keys(times).filter((id) => (times[id] ?? 0) < oldest)
      await track(Promise.all(stale.map((id) => db.delete('delivered', id))))
      return Object.keys(times).filter((id) => (times[id] ?? 0) >= oldest)
    },
    putDelivered: (id) => track(db.put('delivered', Date.now(), id)),
    getPlace: () => db.get('place', 'last'),
    putPlace: (place) => track(db.put('place', place, 'last')),
    async flush() {
      await Promise.allSettled(pending)
    },
    async wipe() {
      await Promise.allSettled(pending)
      db.close()
      await deleteDB(name)
    },
  }
}

/** Keeps everything for as long as the page lives: where the browser forbids storage, chatting still works. */
export function memoryDatabase(): AccountDatabase {
  const outbox = new Map<string, OutboxItem>()
  const nothing = () => Promise.resolve()
  return {
    listOutbox: () => Promise.resolve([...outbox.values()]),
    putOutbox: (item) => Promise.resolve(void outbox.set(item.id, item)),
    deleteOutbox: (id) => Promise.resolve(void outbox.delete(id)),
    listDrafts: () => Promise.resolve({}),
    putDraft: nothing,
    listRead: () => Promise.resolve({}),
    putRead: nothing,
    listDelivered: () => Promise.resolve([]),
    putDelivered: nothing,
    getPlace: () => Promise.resolve(undefined),
    putPlace: nothing,
    flush: nothing,
    wipe: nothing,
  }
}
