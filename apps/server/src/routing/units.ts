import { loadUnits as loadRows } from '@drawbridge/db'
import type { Db, UnitDirectory, UnitRoster } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import type { Accounts } from './accounts.ts'

/** A unit of the company as it is now: never changed, only replaced, so that two of them can be compared. */
export interface Unit {
  /** A unit that was removed and made anew under its old name has another one. */
  readonly id: string
  readonly name: string
  readonly displayName: string
  /** In whose contact lists its members are. */
  readonly roster: UnitRoster
  /** Who finds its members by searching. */
  readonly directory: UnitDirectory
  /** Bare JIDs. */
  readonly members: ReadonlySet<string>
}

/** What units make of somebody in another's contact list. */
export interface SharedContact {
  /** The name the company has for the contact. */
  readonly name: string | null
  /** Display names of the units that put the contact there. */
  readonly groups: readonly string[]
  /** The owner of the list sees the contact's presence. False: nobody sees an entry, as only the contact sees the owner. */
  readonly hasTo: boolean
  /** The contact sees the owner's. */
  readonly hasFrom: boolean
}

/**
 * The units, in memory. Members of a unit whose `roster` is `members` see each other. Where it is `everybody`, all
 * accounts see the members; these see each other only, since a list of the whole company helps nobody.
 */
export interface Units {
  all(): Iterable<Unit>
  find(name: string): Unit | undefined
  /** Of which this account is a member. */
  of(bareJid: string): readonly Unit[]
  /** Puts a unit in the place of the one of that name, if there is one. */
  put(unit: Unit): void
  remove(name: string): void
  /** What units make of `contact` in `owner`'s contact list; nothing when they have nothing to do with it. */
  shared(owner: string, contact: string): SharedContact | undefined
  /** Whom the units put into an account's contact list. */
  contacts(owner: string): ReadonlySet<string>
  /** Who sees an account's presence by the units. */
  seers(owner: string): ReadonlySet<string>
  /**
   * Names everything the units put into an account's contact list: the same text for the same content, after a restart,
   * too; empty when there is nothing.
   */
  stamp(owner: string): string
  /** Whether somebody finds an account: nobody outside finds who is in a unit that keeps to itself (threats SP-18). */
  mayFind(seeker: string, found: string): boolean
}

const NO_UNITS: readonly Unit[] = []

/** Units of these accounts. */
export function createUnits(accounts: Accounts, rows: Iterable<Unit>): Units {
  const byName = new Map<string, Unit>()
  const byMember = new Map<string, Unit[]>()
  const digests = new WeakMap<Unit, string>()
  const of = (bareJid: string) => byMember.get(bareJid) ?? NO_UNITS
  const remove = (name: string) => {
    const unit = byName.get(name)
    if (!unit) return
    byName.delete(name)
    for (const member of unit.members) {
      const left = of(member).filter((other) => other !== unit)
      if (left.length > 0) byMember.set(member, left)
      else byMember.delete(member)
    }
  }
  const put = (unit: Unit) => {
    remove(unit.name)
    byName.set(unit.name, unit)
    for (const member of unit.members) byMember.set(member, [...of(member), unit])
  }
  for (const row of rows) put(row)
  const isShownTo = ({ roster, members }: Unit, viewer: string) =>
    roster === 'everybody' || (roster === 'members' && members.has(viewer))
  const shownTo = (viewer: string) => [...byName.values()].filter((unit) => isShownTo(unit, viewer))
  const without = (jids: Iterable<string>, owner: string) => {
    const set = new Set(jids)
    set.delete(owner)
    return set
  }
  /** Names of people are part of what is shown. */
  const digestOf = (unit: Unit) => {
    let digest = digests.get(unit)
    if (digest === undefined) {
      const names = [...unit.members].toSorted().map((jid) => [jid, accounts.findByBareJid(jid)?.displayName ?? ''])
      digest = hash(JSON.stringify([unit.name, unit.displayName, unit.roster, names]))
      digests.set(unit, digest)
    }
    return digest
  }
  return {
    all: () => byName.values(),
    find: (name) => byName.get(name),
    of,
    put,
    remove,
    shared(owner, contact) {
      if (byName.size === 0 || owner === contact) return undefined
      const account = accounts.findByBareJid(contact)
      if (!account) return undefined
      const groups = of(contact)
        .filter((unit) => isShownTo(unit, owner))
        .map(({ displayName }) => displayName)
      const hasFrom = of(owner).some((unit) => isShownTo(unit, contact))
      if (groups.length === 0 && !hasFrom) return undefined
      return { name: account.displayName, groups: [...new Set(groups)], hasTo: groups.length > 0, hasFrom }
    },
    contacts: (owner) =>
      without(
        shownTo(owner).flatMap(({ members }) => [...members]),
        owner,
      ),
    seers(owner) {
      const shown = of(owner).filter(({ roster }) => roster !== 'nobody')
      if (shown.some(({ roster }) => roster === 'everybody')) {
        return without(
          Array.from(accounts.all(), ({ bareJid }) => bareJid),
          owner,
        )
      }
      return without(
        shown.flatMap(({ members }) => [...members]),
        owner,
      )
    },
    stamp(owner) {
      const shown = shownTo(owner)
      return shown.length === 0 ? '' : hash(shown.map(digestOf).toSorted().join(' '))
    },
    mayFind(seeker, found) {
      const units = of(found)
      return (
        units.every(({ directory }) => directory === 'everybody') || units.some(({ members }) => members.has(seeker))
      )
    },
  }
}

/** The units that the database has. */
export async function loadUnits(db: Db, accounts: Accounts): Promise<Units> {
  const units = (await loadRows(db)).map(({ row, memberIds }) => ({
    ...row,
    members: new Set(memberIds.flatMap((id) => accounts.findById(id)?.bareJid ?? [])),
  }))
  return createUnits(accounts, units)
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
