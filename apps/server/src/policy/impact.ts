import type { NewSuspension, SuspensionImpact } from '@drawbridge/contract'
import { listSightings } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import {
  answerOf,
  compileScope,
  compileSuspension,
  isWholeService,
  LARGE_ACCOUNTS,
  peopleOf,
  suspensionSetting,
} from '@drawbridge/policy'
import type { AccountFacts, ClientIdentity, SessionFacts, Subject, SuspensionScope } from '@drawbridge/policy'
import type { LiveSession } from './enforce.ts'
import type { Gate } from './gate.ts'

/** Who was seen with a client, or in a network, so long ago counts as reached by it, in milliseconds. */
const SEEN_MS = 30 * 86_400_000
/** Clients that are looked at; where there are more, a suspension counts as large. */
const MAX_SIGHTINGS = 50_000

export interface ImpactOptions {
  readonly db: Db
  readonly gate: Gate
  readonly accounts: () => Iterable<AccountFacts>
  readonly sessions: () => Iterable<LiveSession>
  /** Rooms of these that an account is a member of. */
  readonly roomsOf: (localpart: string, rooms: readonly string[]) => readonly string[]
  /** Localparts of the members of a room, and of who is in it. */
  readonly peopleIn: (room: string) => Iterable<string>
}

export type Impact = Omit<SuspensionImpact, 'approvals' | 'isTwoPersonRuleActive'> & {
  /** More than a hundred accounts, the whole service, or a cut. */
  readonly isLarge: boolean
  /** Localparts of whom it reaches, connected or not. */
  readonly people: ReadonlySet<string>
}

/** Who would be hit by suspensions that begin together, or is. */
export type MeasureImpact = (
  wanted: readonly Pick<NewSuspension, 'scopes' | 'mode' | 'exemptions'>[],
  at: number,
) => Promise<Impact>

/**
 * Builds the measurement. The same tests say who is meant that will decide. Clients and networks reach whoever was seen
 * there lately, on whatever node: at night, or when they are cut off already, nobody is connected.
 */
export function createMeasureImpact(options: ImpactOptions): MeasureImpact {
  const { db, gate, accounts, sessions, roomsOf, peopleIn } = options
  const live = (): Seen[] =>
    Array.from(sessions(), ({ account, client, remoteAddress: address }) => {
      return { localpart: account.localpart, client, address }
    })
  const lately = async (at: number): Promise<Seen[]> => {
    const rows = await listSightings(db, new Date(at - SEEN_MS), MAX_SIGHTINGS)
    return rows.map(({ localpart, identity, address }) => {
      return { localpart, client: identity as ClientIdentity, address: address ?? undefined }
    })
  }
  return async (wanted, at) => {
    const scopes = [...new Set(wanted.flatMap((one) => one.scopes))]
    const all = Array.from(accounts(), ({ localpart }) => localpart)
    const kinds = new Set(scopes.map(peopleOf))
    // Whoever suspends everybody does not wait for the database.
    const isBySight = kinds.has('seen') && !kinds.has('everybody')
    const sightings = isBySight ? await lately(at) : []
    const seen = isBySight ? [...live(), ...sightings] : []
    const members = (unit: string) => all.filter((localpart) => gate.unitsOf(localpart).includes(unit))
    const reached = scopes.flatMap((scope) => [...reachedBy(scope, { all, seen, members, peopleIn })])
    const known = new Set(all)
    const people = new Set(reached.filter((localpart) => known.has(localpart)))

    const settings = wanted.map(({ scopes, mode, exemptions }) =>
      suspensionSetting.parse({ id: 'measured', scopes, mode, reason: '', since: at, exemptions }),
    )
    const incidentRooms = settings.flatMap(({ exemptions }) => exemptions.rooms)
    // Asked as a cut, every scope of people says whom it is about.
    const cuts = settings.map((setting) => compileSuspension({ ...setting, mode: 'cut' }))
    const counts = { sessions: 0, disconnected: 0, exempt: 0 }
    for (const { account, client, entrance, remoteAddress: address } of sessions()) {
      const { localpart } = account
      if (!people.has(localpart)) continue
      const rooms = roomsOf(localpart, incidentRooms)
      const facts: SessionFacts = {
        ...{ at, client, entrance, address },
        account: { ...account, units: gate.unitsOf(localpart), rooms },
      }
      const answers = cuts.map((cut) => answerOf(cut, 'session.open', facts))
      const isCut = answers.some(({ verdict }, index) => verdict.action === 'refuse' && settings[index]?.mode === 'cut')
      counts.sessions++
      if (isCut) counts.disconnected++
      else if (answers.some(({ exemption }) => exemption !== undefined)) counts.exempt++
    }
    const isLarge =
      wanted.some(({ mode }) => mode === 'cut') ||
      scopes.some(isWholeService) ||
      people.size > LARGE_ACCOUNTS ||
      sightings.length === MAX_SIGHTINGS
    return { accounts: people.size, ...counts, isLarge, people }
  }
}

type Seen = Subject & { readonly localpart: string }

interface Sources {
  readonly all: readonly string[]
  /** Clients that are here, or were lately. */
  readonly seen: readonly Seen[]
  readonly members: (unit: string) => Iterable<string>
  readonly peopleIn: (room: string) => Iterable<string>
}

function reachedBy(scope: SuspensionScope, { all, seen, members, peopleIn }: Sources): Iterable<string> {
  const value = scope.slice(scope.indexOf(':') + 1)
  switch (peopleOf(scope)) {
    case 'everybody':
      return all
    case 'unit':
      return members(value)
    case 'room':
      return peopleIn(value)
    case 'seen': {
      const { who } = compileScope(scope).tests
      return seen.filter((subject) => who?.(subject)).map(({ localpart }) => localpart)
    }
    case 'nobody':
      return []
  }
}
