import { findNetwork } from './network.ts'
import { findScope } from './suspension-scope.ts'
import type { ScopeKindName, SuspensionScope } from './suspension-scope.ts'
import { LARGE_ACCOUNTS } from './two-persons.ts'

/**
 * How it is known whom a scope reaches: it reaches everybody; members of a unit; members of a room, and who is in it; who
 * was seen with such a client or in such a network; or nobody of whom one could know beforehand.
 */
export type ScopePeople = 'everybody' | 'unit' | 'room' | 'seen' | 'nobody'

type Part = 'messages' | 'files' | 'presence' | 'search' | 'federation' | 'registration' | 'push' | 'bots'

interface ScopeReach {
  readonly people: ScopePeople
  /** What of their doing it is about. Images are files, and what is said in rooms are messages. */
  readonly parts: readonly Part[]
}

const ALL: readonly Part[] = [
  ...(['messages', 'files', 'presence', 'search', 'federation', 'registration', 'push', 'bots'] as const),
]

/** THE table: whom each kind of scope reaches, and in what. */
const REACH: Readonly<Record<ScopeKindName, ScopeReach>> = {
  service: { people: 'everybody', parts: ALL },
  messages: { people: 'everybody', parts: ['messages'] },
  files: { people: 'everybody', parts: ['files'] },
  images: { people: 'everybody', parts: ['files'] },
  rooms: { people: 'everybody', parts: ['messages'] },
  presence: { people: 'everybody', parts: ['presence'] },
  search: { people: 'everybody', parts: ['search'] },
  federation: { people: 'everybody', parts: ['federation'] },
  registration: { people: 'nobody', parts: ['registration'] },
  push: { people: 'everybody', parts: ['push'] },
  bots: { people: 'nobody', parts: ['bots'] },
  group: { people: 'unit', parts: ALL },
  client: { people: 'seen', parts: ALL },
  zone: { people: 'seen', parts: ALL },
  peer: { people: 'nobody', parts: ['federation'] },
  room: { people: 'room', parts: ['messages'] },
  format: { people: 'everybody', parts: ['files'] },
  hash: { people: 'nobody', parts: ['files'] },
}

/** Kinds of people: other names may be for the same. Two rooms, or two formats, are never one. */
const BY_PEOPLE: ReadonlySet<ScopeKindName> = new Set(['group', 'client', 'zone'])

/** How it is known whom a scope reaches. A network that all addresses are in reaches everybody. */
export function peopleOf(scope: SuspensionScope): ScopePeople {
  const found = findScope(scope)
  return found === undefined || isWhole(found) ? 'everybody' : REACH[found.kind].people
}

/** Whether a scope is the service as a whole, by whatever name. */
export function isWholeService(scope: SuspensionScope): boolean {
  const found = findScope(scope)
  return found !== undefined && (found.kind === 'service' || isWhole(found))
}

/** What a suspension is about, and the localparts of whom it reaches. */
export interface Reached {
  readonly scopes: readonly SuspensionScope[]
  readonly people: ReadonlySet<string>
}

/**
 * Whether one suspension is another one again, in other words: both stop the same, for mostly the same people. Somebody
 * in two units does not make one of them.
 */
export function isSameAgain(one: Reached, other: Reached): boolean {
  let isByPeople = false
  for (const a of one.scopes) {
    for (const b of other.scopes) {
      const kinship = kinshipOf(a, b)
      if (kinship === 'same') return true
      isByPeople ||= kinship === 'by-people'
    }
  }
  return isByPeople && isMostlySame(one.people, other.people)
}

function kinshipOf(one: SuspensionScope, other: SuspensionScope): 'same' | 'by-people' | 'apart' {
  const [a, b] = [findScope(one), findScope(other)]
  if (!a || !b) return 'same'
  if (a.kind === b.kind && a.value === b.value) return 'same'
  if (a.kind === b.kind && !BY_PEOPLE.has(a.kind)) return 'apart'
  const [reachA, reachB] = [REACH[a.kind], REACH[b.kind]]
  if (!reachA.parts.some((part) => reachB.parts.includes(part))) return 'apart'
  return reachA.people === 'nobody' || reachB.people === 'nobody' ? 'same' : 'by-people'
}

/** More of the same people than one person alone suspends, or half of the smaller side. */
function isMostlySame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const [few, many] = one.size < other.size ? [one, other] : [other, one]
  let common = 0
  for (const person of few) if (many.has(person)) common++
  return common > LARGE_ACCOUNTS || (common > 0 && common * 2 >= few.size)
}

function isWhole({ kind, value }: { readonly kind: ScopeKindName; readonly value: string }): boolean {
  return kind === 'zone' && findNetwork(value)?.[1] === 0
}
