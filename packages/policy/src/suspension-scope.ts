import { z } from 'zod'
import { familySlug, UNREADABLE_FAMILY } from './client.ts'
import type { ClientIdentity } from './client.ts'
import { findNetwork, isInNetwork } from './network.ts'
import type { AccountCreationFacts, AccountFacts, MediaFacts, PushFacts, RoomFacts, StanzaFacts } from './questions.ts'

/** Whoever does something: an open session, or the account behind a link. */
export interface Subject {
  readonly account?: AccountFacts | undefined
  readonly client?: ClientIdentity | undefined
  readonly address?: string | undefined
  /** Bare JID; for what is not an account, such as a component. */
  readonly from?: string | undefined
}

/** Which facts a scope is about, by question. What a scope does not name, it leaves alone. */
export interface ScopeTests {
  /** Everything that these do: their sessions are part of the scope. */
  readonly who?: (subject: Subject) => boolean
  readonly stanza?: (facts: StanzaFacts) => boolean
  readonly media?: (facts: MediaFacts) => boolean
  readonly join?: (facts: RoomFacts) => boolean
  readonly create?: (facts: AccountCreationFacts) => boolean
  readonly push?: (facts: PushFacts) => boolean
}

/** One kind of scope. */
interface ScopeKind {
  /** The value as it is stored; undefined when it is none. Absent: the kind takes no value. */
  readonly parse?: (text: string) => string | undefined
  readonly tests: (value: string) => ScopeTests
  /** Who is told about it: everybody, those whom it is about, or nobody but administrators. */
  readonly isToldTo: 'everybody' | 'subjects' | 'nobody'
}

/** Payloads that carry or fetch files between clients, past our upload. */
const FILE_NAMESPACES: ReadonlySet<string> = new Set([
  'urn:xmpp:jingle:1',
  'urn:xmpp:jingle:apps:file-transfer:5',
  'http://jabber.org/protocol/si',
  'http://jabber.org/protocol/ibb',
  'http://jabber.org/protocol/bytestreams',
  'jabber:iq:oob',
])

/** Payloads that are images, whatever else the stanza says. */
const IMAGE_NAMESPACES: ReadonlySet<string> = new Set(['urn:xmpp:bob', 'urn:xmpp:avatar:data'])

/** Looking for people (XEP-0055). */
export const SEARCH_NAMESPACE = 'jabber:iq:search'
/** Reading what was said (XEP-0313). */
export const ARCHIVE_NAMESPACE = 'urn:xmpp:mam:2'
const PUSH_NAMESPACE = 'urn:xmpp:push:0'

const ALWAYS = () => true
const has = ({ namespaces }: StanzaFacts, named: ReadonlySet<string>) =>
  namespaces.some((namespace) => named.has(namespace))
const feature = (tests: ScopeTests): ScopeKind => ({ tests: () => tests, isToldTo: 'everybody' })

/** THE kinds of scope, from the widest to the narrowest: of two holds the narrower one keeps the message. */
const KINDS = {
  service: feature({ who: ALWAYS, stanza: ALWAYS, media: ALWAYS, join: ALWAYS, create: ALWAYS }),
  // What was said is part of it, where it is hidden.
  messages: feature({ stanza: ({ kind, namespaces }) => kind === 'message' || namespaces.includes(ARCHIVE_NAMESPACE) }),
  files: feature({
    stanza: (facts) => facts.media !== undefined || has(facts, FILE_NAMESPACES) || has(facts, IMAGE_NAMESPACES),
    media: ALWAYS,
  }),
  images: feature({
    stanza: (facts) => facts.media === 'image' || has(facts, IMAGE_NAMESPACES),
    media: ({ isImage }) => isImage,
  }),
  rooms: feature({ stanza: ({ room }) => room !== undefined, join: ALWAYS }),
  presence: feature({ stanza: ({ kind, room }) => kind === 'presence' && room === undefined }),
  search: feature({ stanza: ({ isSearch, namespaces }) => isSearch === true || namespaces.includes(SEARCH_NAMESPACE) }),
  // Nobody here can write to other servers yet, so that nobody has to be told.
  federation: {
    tests: () => ({ stanza: ({ target, origin }) => target === 'remote' || origin === 'remote' }),
    isToldTo: 'nobody',
  },
  registration: feature({ create: ALWAYS }),
  push: feature({ stanza: ({ namespaces }) => namespaces.includes(PUSH_NAMESPACE), push: ALWAYS }),
  bots: feature({ who: ({ account, from }) => account === undefined && from !== undefined }),
  group: {
    parse: (text) => (/^[^\s]{1,64}$/u.test(text) ? text : undefined),
    tests: (unit) => ({
      who: ({ account }) => account?.units?.includes(unit) === true,
      // What others say to its members is part of it, too.
      stanza: ({ recipient }) => recipient?.units?.includes(unit) === true,
    }),
    isToldTo: 'subjects',
  },
  client: {
    parse: (text) => (familySlug(text) === text ? text : undefined),
    tests: (family) => ({
      // An unreadable family may be any.
      who: ({ client }) => client?.claims.some((c) => c.family === family || c.family === UNREADABLE_FAMILY) === true,
    }),
    isToldTo: 'subjects',
  },
  zone: {
    parse: (text) => (findNetwork(text) === undefined ? undefined : text),
    tests: (text) => {
      const network = findNetwork(text)!
      return { who: ({ address }) => isInNetwork(address, network) }
    },
    isToldTo: 'subjects',
  },
  peer: {
    parse: (text) => (/^(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}$/iu.test(text) ? text.toLowerCase() : undefined),
    tests: (domain) => ({ stanza: ({ from, to }) => domainOf(from) === domain || domainOf(to) === domain }),
    isToldTo: 'nobody',
  },
  room: {
    parse: (text) => (/^[^\s"&'/:<>@]{1,256}@[^\s"&'/:<>@]{1,256}$/u.test(text) ? text.toLowerCase() : undefined),
    tests: (jid) => ({ stanza: ({ room }) => room === jid, join: ({ room }) => room === jid }),
    isToldTo: 'subjects',
  },
  format: {
    parse: (text) => (/^[a-z0-9]{1,16}$/u.test(text) ? text : undefined),
    tests: (format) => ({
      stanza: ({ formats }) => formats?.includes(format) === true,
      media: (facts) => facts.format === format || facts.file?.source?.format === format,
    }),
    isToldTo: 'everybody',
  },
  hash: {
    parse: (text) => (/^[0-9a-f]{64}$/iu.test(text) ? text.toLowerCase() : undefined),
    tests: (sha256) => ({
      stanza: ({ hashes }) => hashes?.includes(sha256) === true,
      media: ({ file }) => file?.sha256 === sha256 || file?.source?.sha256 === sha256,
    }),
    isToldTo: 'nobody',
  },
} as const satisfies Record<string, ScopeKind>

export type ScopeKindName = keyof typeof KINDS

/** All kinds, from the widest to the narrowest. */
export const SCOPE_KINDS = Object.keys(KINDS) as readonly ScopeKindName[]

/** What a suspension covers: `service`, a feature, or a kind with a value such as `group:finance`. */
export type SuspensionScope = string

interface ParsedScope {
  readonly kind: ScopeKindName
  readonly value: string
}

/** Splits a scope and brings its value into the form in which it is compared; undefined when it is none. */
export function findScope(text: string): ParsedScope | undefined {
  const colon = text.indexOf(':')
  const name = colon === -1 ? text : text.slice(0, colon)
  if (!Object.hasOwn(KINDS, name)) return undefined
  const kind: ScopeKind = KINDS[name as ScopeKindName]
  if (!kind.parse) return colon === -1 ? { kind: name as ScopeKindName, value: '' } : undefined
  const value = colon === -1 ? undefined : kind.parse(text.slice(colon + 1))
  return value === undefined ? undefined : { kind: name as ScopeKindName, value }
}

/** A scope as it is written; the output is its one spelling. */
export const suspensionScope = z
  .string()
  .max(512)
  .refine((text) => findScope(text) !== undefined, {
    error: 'is not a scope, write it like service, images, group:sales, room:hall@rooms.example.org or format:webp',
  })
  .overwrite((text) => {
    const found = findScope(text)
    return found && found.value !== '' ? `${found.kind}:${found.value}` : text
  })

export interface CompiledScope {
  readonly scope: SuspensionScope
  readonly kind: ScopeKindName
  /** Of two scopes, the one with the larger number is narrower. */
  readonly narrowness: number
  readonly tests: ScopeTests
}

/** @throws Error when the scope is none: settings are checked before they are compiled. */
export function compileScope(scope: SuspensionScope): CompiledScope {
  const found = findScope(scope)
  if (!found) throw new Error(`${scope} is not a scope`)
  const { kind, value } = found
  return { scope, kind, narrowness: SCOPE_KINDS.indexOf(kind), tests: KINDS[kind].tests(value) }
}

/** Whether somebody is among those whom a scope is about. */
export function isInScope(scope: SuspensionScope, subject: Subject): boolean {
  return compileScope(scope).tests.who?.(subject) === true
}

/** Whether this subject hears of a suspension of these scopes; without one, what everybody may read. */
export function isTold(scope: SuspensionScope, subject?: Subject): boolean {
  const found = findScope(scope)
  if (!found) return false
  const { isToldTo }: ScopeKind = KINDS[found.kind]
  if (isToldTo !== 'subjects') return isToldTo === 'everybody'
  if (!subject) return false
  if (found.kind === 'room') return subject.account?.rooms?.includes(found.value) === true
  return isInScope(scope, subject)
}

function domainOf(jid: string | undefined): string | undefined {
  if (jid === undefined) return undefined
  const [bare = ''] = jid.split('/', 1)
  return bare.slice(bare.indexOf('@') + 1).toLowerCase()
}
