import {
  countPresenceRequests,
  countRosterItems,
  deletePresenceRequest,
  findPresenceRequest,
  findRosterItem,
  getRoster,
  listPresenceRequests,
  lockRoster,
  putPresenceRequest,
  putRosterItem,
} from '@drawbridge/db'
import type { Db, PresenceRequest, RosterItem, RosterState } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import type { Account } from './accounts.ts'
import type { SharedContact, Units } from './units.ts'

/** An account's contacts, in memory while one of its sessions uses them. */
export interface Roster {
  /** Of the newest change of the account's own contacts (RFC 6121 §2.6). */
  readonly version: number
  /** The account's own contacts, merged with those that its units put there; `values` are those it sees. */
  readonly items: { get(jid: string): RosterItem | undefined; values(): Iterable<RosterItem> }
  /** Subscription requests that wait for an answer, by the bare JID they came from, serialized (RFC 6121 §3.1.3). */
  readonly requests: ReadonlyMap<string, PresenceRequest>
  /** Bare JIDs of the contacts that get the account's presence, so that a broadcast looks nothing up. */
  readonly subscribers: readonly string[]
  /** Bare JIDs of the contacts whose presence the account gets. */
  readonly subscriptions: readonly string[]
}

/** Reads and writes of one change; several rosters change together or not at all. */
export interface RosterChange {
  count(owner: Account): Promise<number>
  find(owner: Account, jid: string): Promise<RosterItem | undefined>
  put(owner: Account, jid: string, state: RosterState): Promise<RosterItem | undefined>
  countRequests(owner: Account): Promise<number>
  findRequest(owner: Account, jid: string): Promise<string | undefined>
  putRequest(owner: Account, jid: string, stanza: string): Promise<void>
  deleteRequest(owner: Account, jid: string): Promise<void>
}

/** The rosters of this server. */
export interface Rosters {
  /** The roster, if it is in memory: always, while a session of the account is available. */
  find(bareJid: string): Roster | undefined
  /** The roster, from now on in memory until it is released. */
  load(account: Account): Promise<Roster>
  /** The roster as it is now; it is not kept in memory for it. */
  peek(account: Account): Promise<Roster>
  /** Forgets what no session needs any longer. */
  release(bareJid: string): void
  /** An item as its owner sees it: with what the owner's units make of it. */
  merged(owner: string, item: RosterItem): RosterItem
  /** A contact as its owner sees it, from memory where it is there. */
  findContact(owner: Account, jid: string): Promise<RosterItem | undefined>
  /** Whether a contact is entitled to the account's presence (RFC 6121 §2.1.2.5 `from`, `both`). */
  isSubscriber(owner: Account, contact: string): Promise<boolean>
  /** Runs a change of these accounts' rosters in one transaction, after every earlier change of one of them. */
  change<T>(owners: readonly Account[], run: (change: RosterChange) => Promise<T>): Promise<T>
}

/** The account's own contacts, as they are stored. */
interface Own {
  version: number
  readonly items: Map<string, RosterItem>
  readonly requests: Map<string, PresenceRequest>
  subscribers: readonly string[]
  subscriptions: readonly string[]
}

/** A roster in memory. What units add is looked up, not copied: a unit of thousands is in memory once. */
class Cached implements Roster {
  readonly #owner: Account
  readonly #units: Units
  readonly own: Own

  constructor(owner: Account, own: Own, units: Units) {
    this.#owner = owner
    this.own = own
    this.#units = units
  }

  get version(): number {
    return this.own.version
  }

  get requests(): ReadonlyMap<string, PresenceRequest> {
    return this.own.requests
  }

  get subscribers(): readonly string[] {
    return together(this.own.subscribers, this.#units.seers(this.#owner.bareJid))
  }

  get subscriptions(): readonly string[] {
    return together(this.own.subscriptions, this.#units.contacts(this.#owner.bareJid))
  }

  readonly items = {
    get: (jid: string) => this.#merged(jid),
    values: () =>
      together([...this.own.items.keys()], this.#units.contacts(this.#owner.bareJid)).flatMap(
        (jid) => this.#merged(jid) ?? [],
      ),
  }

  #merged(jid: string): RosterItem | undefined {
    const { bareJid, id } = this.#owner
    return merge(this.own.items.get(jid), this.#units.shared(bareJid, jid), { accountId: id, jid })
  }
}

function together(own: readonly string[], shared: ReadonlySet<string>): readonly string[] {
  if (shared.size === 0) return own
  return own.length === 0 ? [...shared] : [...shared.union(new Set(own))]
}

/** The owner's own name and groups stay; units add groups and sight (RFC 6121 §2.1.2). */
function merge(
  own: RosterItem | undefined,
  shared: SharedContact | undefined,
  key: Pick<RosterItem, 'accountId' | 'jid'>,
): RosterItem | undefined {
  if (!shared) return own
  const item = own ?? {
    ...key,
    name: null,
    groups: [],
    subscription: 'none',
    isAsk: false,
    isApproved: false,
    version: 0,
  }
  const to = shared.hasTo || hasTo(item)
  const from = shared.hasFrom || hasFrom(item)
  return {
    ...item,
    name: item.name ?? (shared.hasTo ? shared.name : null),
    groups: [...new Set([...item.groups, ...shared.groups])],
    subscription: to ? (from ? 'both' : 'to') : from ? 'from' : 'none',
    isAsk: item.isAsk && !to,
  }
}

type Update = (roster: Own) => void

/** Whether the state lets the contact see the account's presence. */
export function hasFrom(item: { readonly subscription: string } | undefined): boolean {
  return item?.subscription === 'from' || item?.subscription === 'both'
}

/** Whether the state lets the account see the contact's presence. */
export function hasTo(item: { readonly subscription: string } | undefined): boolean {
  return item?.subscription === 'to' || item?.subscription === 'both'
}

/** Rosters over this database, with what the units add to them. */
export function createRosters(db: Db, units: Units): Rosters {
  const loaded = new Map<string, Cached>()
  const loading = new Map<string, Promise<Cached>>()
  const turns = new Map<string, Promise<unknown>>()

  /** Runs after everything earlier under one of these keys. Enqueued at once under all of them, so nothing waits in a circle. */
  const inTurn = async <T>(keys: readonly string[], run: () => Promise<T>): Promise<T> => {
    const before = keys.flatMap((key) => turns.get(key) ?? [])
    const result = Promise.all(before).then(run)
    const turn = result.then(
      () => undefined,
      () => undefined,
    )
    for (const key of keys) turns.set(key, turn)
    try {
      return await result
    } finally {
      for (const key of keys) if (turns.get(key) === turn) turns.delete(key)
    }
  }

  const read = async (account: Account): Promise<Cached> => {
    const [{ version, items }, requests] = await Promise.all([
      getRoster(db, account.id),
      listPresenceRequests(db, account.id),
    ])
    const roster: Own = {
      version,
      items: new Map(items.map((item) => [item.jid, item])),
      requests: new Map(requests.map(({ jid, ...request }) => [jid, request])),
      subscribers: [],
      subscriptions: [],
    }
    index(roster)
    return new Cached(account, roster, units)
  }

  return {
    find: (bareJid) => loaded.get(bareJid),
    async load(account) {
      const key = account.bareJid
      const present = loaded.get(key)
      if (present) return present
      // In its turn, so that no change falls between reading and remembering.
      let reading = loading.get(key)
      if (!reading) {
        reading = inTurn([key], () => read(account)).then((roster) => {
          loaded.set(key, roster)
          return roster
        })
        loading.set(key, reading)
        void reading.catch(() => undefined).then(() => loading.delete(key))
      }
      return reading
    },
    peek: async (account) => loaded.get(account.bareJid) ?? read(account),
    release: (bareJid) => void loaded.delete(bareJid),
    async findContact(owner, jid) {
      const roster = loaded.get(owner.bareJid)
      if (roster) return roster.items.get(jid)
      const item = await findRosterItem(db, owner.id, jid)
      return merge(item, units.shared(owner.bareJid, jid), { accountId: owner.id, jid })
    },
    async isSubscriber(owner, contact) {
      if (units.shared(owner.bareJid, contact)?.hasFrom) return true
      const roster = loaded.get(owner.bareJid)
      return hasFrom(roster ? roster.own.items.get(contact) : await findRosterItem(db, owner.id, contact))
    },
    merged(owner, item) {
      const shared = units.shared(owner, item.jid)
      if (item.subscription !== 'remove') return merge(item, shared, item) ?? item
      return (shared?.hasTo && merge(undefined, shared, item)) || item
    },
    change: (owners, run) =>
      inTurn(
        owners.map(({ bareJid }) => bareJid),
        async () => {
          const updates: { readonly owner: string; readonly update: Update }[] = []
          const result = await db.transaction(async (tx) => {
            updates.length = 0
            await lockRoster(tx, ...owners.map(({ id }) => id))
            return run(changeIn(tx, (owner, update) => updates.push({ owner, update })))
          })
          for (const { owner, update } of updates) {
            const roster = loaded.get(owner)
            if (!roster) continue
            update(roster.own)
            index(roster.own)
          }
          return result
        },
      ),
  }
}

/** The operations of a change; what they do in memory is collected, to be done when the transaction is through. */
function changeIn(tx: Db, later: (owner: string, update: Update) => void): RosterChange {
  return {
    count: (owner) => countRosterItems(tx, owner.id),
    find: (owner, jid) => findRosterItem(tx, owner.id, jid),
    countRequests: (owner) => countPresenceRequests(tx, owner.id),
    findRequest: (owner, jid) => findPresenceRequest(tx, owner.id, jid),
    async put(owner, jid, state) {
      const item = await putRosterItem(tx, owner.id, jid, state)
      if (!item) return undefined
      later(owner.bareJid, (roster) => {
        roster.version = item.version
        if (item.subscription === 'remove') roster.items.delete(jid)
        else roster.items.set(jid, item)
      })
      return item
    },
    async putRequest(owner, jid, stanza) {
      const request = { stanza, filterVersion: FILTER_VERSION }
      await putPresenceRequest(tx, owner.id, jid, request)
      later(owner.bareJid, ({ requests }) => requests.set(jid, request))
    },
    async deleteRequest(owner, jid) {
      await deletePresenceRequest(tx, owner.id, jid)
      later(owner.bareJid, ({ requests }) => requests.delete(jid))
    },
  }
}

function index(roster: Own): void {
  const items = [...roster.items.values()]
  roster.subscribers = items.filter(hasFrom).map(({ jid }) => jid)
  roster.subscriptions = items.filter(hasTo).map(({ jid }) => jid)
}
