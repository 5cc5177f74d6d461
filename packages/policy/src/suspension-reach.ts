import { findNetwork } from './network.ts'
import { findScope } from './suspension-scope.ts'
import type { ScopeKindName, SuspensionScope } from './suspension-scope.ts'
import type { SuspensionMode } from './vocabulary.ts'

/**
 * How it is known whom a scope reaches: it reaches everybody; members of a unit; members of a room, and who is in it; who
 * was seen with such a client or in such a network; or nobody of whom one could know beforehand.
 */
export type ScopePeople = 'everybody' | 'unit' | 'room' | 'seen' | 'nobody'

/** What people do: files apart from images, and what is said in rooms apart from the rest. */
type Part =
  | 'chats'
  | 'rooms'
  | 'files'
  | 'images'
  | 'presence'
  | 'search'
  | 'federation'
  | 'registration'
  | 'push'
  | 'bots'

interface ScopeReach {
  readonly people: ScopePeople
  /** What of their doing it is about. */
  readonly parts: readonly Part[]
  /** One of many of these parts: it covers nothing but itself. */
  readonly isOne?: true
}

const ALL = [
  ...([
    'chats',
    'rooms',
    'files',
    'images',
    'presence',
    'search',
    'federation',
    'registration',
    'push',
    'bots',
  ] as const),
] satisfies readonly Part[]

/** THE table: whom each kind of scope reaches, and in what. */
const REACH: Readonly<Record<ScopeKindName, ScopeReach>> = {
  service: { people: 'everybody', parts: ALL },
  messages: { people: 'everybody', parts: ['chats', 'rooms'] },
  files: { people: 'everybody', parts: ['files', 'images'] },
  images: { people: 'everybody', parts: ['images'] },
  rooms: { people: 'everybody', parts: ['rooms'] },
  presence: { people: 'everybody', parts: ['presence'] },
  search: { people: 'everybody', parts: ['search'] },
  federation: { people: 'everybody', parts: ['federation'] },
  registration: { people: 'nobody', parts: ['registration'] },
  push: { people: 'everybody', parts: ['push'] },
  bots: { people: 'nobody', parts: ['bots'] },
  group: { people: 'unit', parts: ALL },
  client: { people: 'seen', parts: ALL },
  zone: { people: 'seen', parts: ALL },
  peer: { people: 'nobody', parts: ['federation'], isOne: true },
  room: { people: 'room', parts: ['rooms'], isOne: true },
  format: { people: 'everybody', parts: ['images'], isOne: true },
  hash: { people: 'nobody', parts: ['files', 'images'], isOne: true },
}

/** How strict each mode is for sends; two are equally so. */
const STRICTNESS: Readonly<Record<SuspensionMode, number>> = { announce: 0, hold: 1, 'read-only': 2, reject: 2, cut: 3 }

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

/** What one scope of a suspension does, and the localparts of whom it reaches. */
export interface Reached {
  readonly scope: SuspensionScope
  readonly mode: SuspensionMode
  readonly people: ReadonlySet<string>
}

/**
 * The scopes of a suspension that are earlier ones again, in other words: these stopped all of it, as strictly, for most
 * of the people. What is wider, or something else, or stricter, is no repetition; and what is swallowed by a wider scope
 * of the same suspension is not looked at.
 */
export function findRepeated(wanted: readonly Reached[], earlier: readonly Reached[]): SuspensionScope[] {
  const isSwallowed = (one: Reached, index: number) =>
    wanted.some((other, at) => at !== index && isCovered(one, [other]) && (at < index || !isCovered(other, [one])))
  return wanted.filter((one, index) => !isSwallowed(one, index) && isCovered(one, earlier)).map(({ scope }) => scope)
}

function isCovered(wanted: Reached, earlier: readonly Reached[]): boolean {
  const asStrict = earlier.filter(({ mode }) => STRICTNESS[mode] >= STRICTNESS[wanted.mode])
  const target = findScope(wanted.scope)
  // What is no scope is never taken for something new.
  if (target === undefined) return asStrict.length > 0
  const known = asStrict.map(({ scope, people }) => ({ found: findScope(scope), reach: peopleOf(scope), people }))
  if (known.some(({ found }) => found === undefined || (found.kind === target.kind && found.value === target.value)))
    return true
  const reach = peopleOf(wanted.scope)
  return REACH[target.kind].parts.every((part) => {
    const there = known.filter(
      ({ found }) => found && !REACH[found.kind].isOne && REACH[found.kind].parts.includes(part),
    )
    if (there.some((one) => one.reach === 'everybody' || (reach === 'nobody' && one.reach === 'nobody'))) return true
    if (reach === 'everybody' || reach === 'nobody') return false
    return isMostly(wanted.people, there)
  })
}

/** Whether half of some people are among others: somebody in two units does not make one of them. */
function isMostly(people: ReadonlySet<string>, among: readonly { readonly people: ReadonlySet<string> }[]): boolean {
  let common = 0
  for (const person of people) if (among.some((one) => one.people.has(person))) common++
  return common > 0 && common * 2 >= people.size
}

function isWhole({ kind, value }: { readonly kind: ScopeKindName; readonly value: string }): boolean {
  return kind === 'zone' && findNetwork(value)?.[1] === 0
}
