import type { AdminRouteId, BodyOf, ParamsOf, QueryOf, ResponseOf } from '@drawbridge/contract'
import type {
  DiscoForm,
  DiscoIdentity,
  DiscoInfo,
  DiscoItem,
  Element,
  Form,
  FormSource,
  IqStanza,
  Jid,
  MessageStanza,
  PresenceStanza,
  SettingIdentity,
} from '@drawbridge/xmpp'
import type { StanzaFacts } from '@drawbridge/policy'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ArchiveWriter, Db, PepNode, RenewalCounts, RenewalCursor, StandingMessage } from '@drawbridge/db'
import type { Sanitize } from '@drawbridge/contract'
import type { Jobs } from '@drawbridge/jobs'
import type { Fetcher, Log } from '@drawbridge/runtime'
import type { Clients } from '../stream/clients.ts'
import type { ChangePassword } from '../stream/change-password.ts'
import type { Passwords } from '../stream/password.ts'
import type { Throttle } from '../stream/throttle.ts'
import type { ContactConfig, RegistrationConfig } from './registration.config.ts'
import type { Session } from '../stream/session.ts'
import type { Stranger } from '../stream/stream-server.ts'
import type { Account, Accounts } from './accounts.ts'
import type { ArchiveConfig } from './archive.config.ts'
import type { ImagesConfig } from './images.config.ts'
import type { BlockLists } from './block-lists.ts'
import type { Chats } from './chats.ts'
import type { Components } from './components.ts'
import type { OfflineCursors } from './cursor.ts'
import type { Invitations } from './invitations.ts'
import type { Rosters } from './rosters.ts'
import type { Unit, Units } from './units.ts'
import type { Sessions } from './sessions.ts'
import type { AdmitFile } from '../files/admission.ts'
import type { Gate } from '../policy/gate.ts'
import type { AskMediaPolicy } from '../policy/media.ts'
import type { Traffic } from '../traffic.ts'
import type { Blobs } from '../blobs/blobs.ts'
import type { MediaLinks } from '../blobs/media-link.ts'
import type { PushConfig } from '../web-push/push.config.ts'
import type { WebPush } from '../web-push/web-push.ts'
import type { PushTargets } from './push-targets.ts'
import type { ExternalServicesConfig } from '../features/external-services.config.ts'

/** The stages a message passes, in this order, with the commit between `record` and `deliver`. */
export const BEFORE_COMMIT = ['amend', 'record'] as const
export const AFTER_COMMIT = ['deliver', 'copy', 'notify'] as const
export type MessageStage = (typeof BEFORE_COMMIT)[number] | (typeof AFTER_COMMIT)[number]

/** Where a message's archive row goes: whose archive, with whom, and which way it went. */
export interface ArchiveRow {
  readonly owner: string
  readonly peer: string
  readonly direction: 'in' | 'out'
}

/** Who speaks: a client of ours, a component for its own domain (XEP-0114), or the server itself, which is believed. */
export type Origin = 'client' | 'component' | 'server'

/** One message on its way: features read and extend it, stage by stage. */
export interface Draft {
  /** As it will be stored and delivered: a service speaks in its own name, so it replaces what the client sent. */
  stanza: MessageStanza
  /** The session that sent it; absent when a component or the server itself did. */
  readonly sender: Session | undefined
  readonly origin: Origin
  /** UUIDv7, and the stanza-id in every archive that holds the message (XEP-0359). */
  readonly id: string
  readonly sentAt: Date
  /** Must be stored before it is delivered. */
  readonly durable: boolean
  /** What is stored of it, in characters; known after the commit. */
  sizeBytes: number
  readonly archives: ArchiveRow[]
  /** Work that must follow the commit, in the same transaction: a push, a job. Payloads hold ids, never texts. */
  readonly outbox: { readonly kind: string; readonly payload: unknown }[]
  /** What the rules were asked about it; absent for what the server itself says. */
  readonly facts?: StanzaFacts | undefined
  /** The suspension that holds it back from its recipients, if any. */
  heldBy: string | undefined
  /** Sessions that got the message itself, so that none gets a carbon as well (XEP-0280 §6.1). */
  readonly deliveredTo: Set<Session>
  /** Position in each owner's archive, known after the commit. */
  positions: ReadonlyMap<string, number>
}

/** Making images anew, as far as one process goes on with it. */
export interface RenewalRun {
  readonly startedAt: Date
  /** Also what today's encoders made. */
  readonly isEverything: boolean
  readonly signal: AbortSignal
  /** Of today's encoders; known once one of them was asked. */
  profileVersion?: string | undefined
}

/** What became of a part of a store. */
export interface RenewedPart extends RenewalCounts {
  /** Where it ends; nothing: there is no more. */
  readonly next: RenewalCursor | undefined
}

/**
 * A place where images of ours are kept, or are said something of, and how they are made anew there (control §2, row 36).
 * Whatever asks for one by the name or the hash that it had finds the new one.
 */
export interface ImageStore {
  readonly name: string
  /** The tables whose images these are. */
  readonly tables: readonly string[]
  /** Its images are counted before anything is done; those of others as they are found. */
  readonly isCounted?: boolean
  /**
   * Makes anew what comes next in this store. Doing it twice changes nothing.
   *
   * @param after - where the part before it ended; empty: it is the first.
   */
  renewNext(after: RenewalCursor, run: RenewalRun, ctx: Context): Promise<RenewedPart>
}

/** What a feature may reach. Features never reach each other. */
export interface Context {
  readonly domain: string
  readonly domainJid: Jid
  readonly db: Db
  readonly writer: ArchiveWriter
  readonly cursors: OfflineCursors
  readonly sessions: Sessions
  readonly accounts: Accounts
  readonly rosters: Rosters
  readonly units: Units
  readonly invitations: Invitations
  readonly blockLists: BlockLists
  readonly components: Components
  readonly sanitize: Sanitize
  readonly admitFile: AdmitFile
  /** What is on the web; absent where the operator lets nothing be fetched. */
  readonly fetcher: Fetcher | undefined
  readonly mediaLinks: MediaLinks
  readonly pushTargets: PushTargets
  readonly chats: Chats
  readonly traffic: Traffic
  readonly webPush: WebPush
  readonly push: PushConfig
  readonly externalServices: ExternalServicesConfig
  readonly jobs: Jobs
  readonly gate: Gate
  readonly mediaPolicy: AskMediaPolicy
  readonly log: Log
  readonly blobs: Blobs
  /** How long sealed files are kept, in milliseconds. */
  readonly evidenceRetentionMs: number
  readonly limits: ServerLimits
  readonly archive: ArchiveConfig
  readonly images: ImagesConfig
  /** What the features in force advertise (XEP-0030 §3.1): for the server, and for each account's bare JID. */
  readonly disco: {
    readonly server: readonly string[]
    readonly account: readonly string[]
    readonly identities: { readonly server: readonly DiscoIdentity[]; readonly account: readonly DiscoIdentity[] }
    readonly services: readonly DiscoItem[]
    findNode(to: DiscoNode['to'], node: string): DiscoNode | undefined
    accountItems(request: IqRequest): Promise<readonly DiscoItem[]>
    /** XEP-0128: what the server says beside its features. */
    forms(): readonly DiscoForm[]
  }
  /** Verifiers for a new account, and another password for one there is. Both throw `PasswordUnfit` and `PasswordBusy`. */
  readonly passwords: Pick<Passwords, 'make'> & { readonly change: ChangePassword }
  /** Who has access to an account (XEP-0494). */
  readonly clients: Clients
  /** Every command of the features in force, in their order. */
  readonly commands: readonly AdHocCommand[]
  readonly administrate: Administrate
  readonly factorByChat: FactorByChat
  /** Ends an account at its own wish, with all it holds. */
  removeAccount(account: Account): Promise<void>
  readonly registration: RegistrationConfig
  /** Addresses of the people behind the service, by their role (XEP-0157). */
  readonly contacts: ContactConfig
  readonly throttle: Throttle
  now(): Date
  /** The service at a domain below the server's. */
  findService(domainpart: string): Service | undefined
  /** Where the status document is, also while the service is away (XEP-0455). */
  statusUrl(): string
  /** Whether streams may come by HTTP requests (XEP-0206). */
  readonly hasBosh: boolean
  /** Base URL under which people reach the HTTP port, without a trailing slash. */
  publicUrl(): string
  /** The same for files, which may have an origin of their own. */
  mediaUrl(): string
  readonly hasMediaOrigin: boolean
  /** Links to files are good for anybody who knows them, without our signature on whom they were given to. */
  readonly hasPlainLinks: boolean
  /**
   * Sends a stanza from the server itself, or on behalf of an account, through the message path.
   *
   * @param sender - present: it is judged as what this session says.
   */
  route(stanza: MessageStanza | PresenceStanza | IqStanza, sender?: Session): Promise<void>
  /** Stores of the features in force, in their order. */
  readonly imageStores: readonly ImageStore[]
  /** Announces something that happened, to the features that listen for it. */
  emit<K extends keyof DomainEvents>(event: K, payload: DomainEvents[K]): void
}

export interface ServerLimits {
  readonly maxUploadBytes: number
  readonly maxRosterItems: number
  /** Unanswered, of one account (RFC 6121 §3.1.3). */
  readonly maxPresenceRequests: number
  readonly archivePageMax: number
  /** What a new room is like, and who may make one. */
  readonly roomProfile: 'open' | 'members'
  readonly roomCreation: 'everybody' | 'admins'
  readonly maxRoomsPerAccount: number
  readonly maxRoomOccupants: number
  readonly maxPepNodes: number
  readonly maxPepItems: number
  readonly maxPepBytes: number
  readonly maxPepSubscriptions: number
}

/** Things that happened and that other features care about. A short list, on purpose. */
/** What suspensions leave of a session's presence. The server itself knows it in any case: messages depend on it. */
export interface PresenceReach {
  /** Others see it. */
  readonly isShown: boolean
  /** It is shown the presence of others. */
  readonly seesOthers: boolean
}

export interface DomainEvents {
  'account.deleted': { readonly localpart: string }
  /** Somebody has made an account with an invitation of somebody else's. */
  'invitation.accepted': { readonly inviter: Account; readonly invited: Account }
  /** The access of a client was taken back (XEP-0494 §3.2); `id` is as its list of clients has it. */
  'client.revoked': { readonly account: Account; readonly id: string }
  /** The company gives a person another name. */
  'account.renamed': { readonly bareJid: string }
  /** A unit was made, changed or removed, or has other members; both as they were in that moment. */
  'unit.changed': { readonly before: Unit | undefined; readonly after: Unit | undefined }
  /** A contact's block list changed; presence has to follow (XEP-0191 §3). */
  'blocking.changed': { readonly owner: string; readonly blocked: readonly Jid[]; readonly unblocked: readonly Jid[] }
  /** The canonical avatar of an account changed (XEP-0398); `sha1` is of our own bytes, absent when removed. */
  'avatar.changed': { readonly owner: string; readonly sha1: string | undefined }
  /** A session became available, or began to take messages, and its presence was broadcast (RFC 6121 §4.2, §4.7.2.3). */
  'session.available': { readonly session: Session }
  /** A session said that it is unavailable; `farewell` is the status it gave (RFC 6121 §4.5.2). */
  'session.unavailable': { readonly session: Session; readonly farewell: readonly Element[] }
  /** What the server says to everybody or to whoever is new is another message, or nothing any more (XEP-0133). */
  'standing-message.changed': {
    readonly kind: StandingMessage['kind']
    readonly message: StandingMessage | undefined
  }
  /** Features of a session became known by a disco#info query of ours. */
  'disco.known': {
    readonly session: Session
    readonly features: ReadonlySet<string>
    readonly identity: SettingIdentity | undefined
  }
  /** Somebody looks at a client: it was bound, came back (XEP-0198), or said so (XEP-0352). */
  'session.active': { readonly session: Session }
  /** An account has another password; `keep` is the session that goes on. */
  'password.changed': { readonly account: Pick<Account, 'id' | 'localpart'>; readonly keep: Session | undefined }
  /** Something changed in a node of an account (XEP-0163). */
  'pep.changed': { readonly owner: Account; readonly change: PepChange }
  /** What was published before is to be shown otherwise: whoever wants to know is told again, and nothing else follows. */
  'pep.shown': { readonly owner: Account; readonly change: PepChange }
  /** Other images are recalled than before, or none. */
  'recalls.changed': Readonly<Record<string, never>>
  /** Other suspensions are in force than before, or none. */
  'suspensions.changed': Readonly<Record<string, never>>
  /** One account may from now on see the presence of another (RFC 6121 §3.1.5); both by bare JID. */
  'presence.granted': { readonly of: string; readonly to: string }
  /** An account's vCard was replaced (XEP-0054). */
  'vcard.changed': { readonly owner: Account }
  /** An upload has its verdict (XEP-0363): it is in the database as clean or as refused. */
  'upload.settled': { readonly id: string }
  /** An upload waits for the sanitizer, behind so many other images. */
  'upload.queued': { readonly id: string; readonly ahead: number }
}

/** What happened to a PEP node. Its configuration says who may hear of it, and how much. */
export type PepChange = {
  readonly node: PepNode
  /** Nobody is to be told; what follows from it still does. */
  readonly isSilent?: boolean
} & (
  | { readonly what: 'published'; readonly item: PublishedItem }
  | { readonly what: 'retracted'; readonly itemId: string }
  | { readonly what: 'purged' | 'configured' }
  /** Who was to hear of the node is forgotten with it. */
  | { readonly what: 'deleted'; readonly audience: ReadonlySet<Session> }
)

export interface PublishedItem {
  readonly id: string
  readonly payload: Element
  /** Bare JID of whoever published it, if that was not the owner. */
  readonly publisher?: string | undefined
}

export interface IqRequest {
  readonly stanza: IqStanza
  readonly session: Session
  /** True when the request is addressed to the sender's own account, bare JID or no `to`. */
  readonly isOwn: boolean
  /** Bare JID of the account it is addressed to; the server's domain for `to: 'server'`. */
  readonly to: Jid
}

/** One kind of request, answered by exactly one feature. */
export interface IqRoute {
  readonly type: 'get' | 'set'
  /**
   * `server`: the domain. `own`: the sender's own account only. `account`: any local account; the handler decides.
   * `client`: a client of ours, in whose place it is answered here.
   */
  readonly to: 'server' | 'own' | 'account' | 'client'
  readonly xmlns: string
  readonly name: string
  /** The payload of the result; nothing for an empty result. Throw a `StanzaFault` or `Refusal` to refuse. */
  handle(payload: Element, request: IqRequest, ctx: Context): Element | undefined | Promise<Element | undefined>
  /** The same for a component that asks the server (XEP-0114): it is no account. Absent: it is not answered. */
  answerComponent?(payload: Element, ctx: Context): Element | undefined
}

/** A message that is committed, or has just been released from hold: hand it to whoever is to have it. */
export interface CommittedMessage {
  readonly stanza: MessageStanza
  readonly sender: Session | undefined
  /** Its stanza-id (XEP-0359). */
  readonly id: string
  readonly sentAt: Date
  /** Position in each owner's archive. */
  readonly positions: ReadonlyMap<string, number>
}

/** A message that a suspension had held back. */
export interface Released {
  readonly id: string
  readonly stanza: MessageStanza
  readonly archives: readonly ArchiveRow[]
}

/** The request went on to somebody else, whose answer comes back as a stanza of its own. */
export const RELAYED = Symbol('relayed')

/**
 * A domain of its own below the server's, such as `rooms.im.test`, answered by one feature. Everything addressed to the
 * domain, or to anything at it, comes here; throw a `StanzaFault` or `Refusal` to refuse.
 */
export interface Service {
  /** Its domain is this label before the server's. */
  readonly label: string
  /** In disco#items of the server (XEP-0030 §4). */
  readonly name: string
  presence(stanza: PresenceStanza, sender: Session, ctx: Context): Promise<void> | void
  /** Requests and answers alike; an answer returns nothing. The payload of the result, nothing for an empty one. */
  iq(
    stanza: IqStanza,
    sender: Session | undefined,
    ctx: Context,
  ): Promise<Element | typeof RELAYED | undefined> | Element | typeof RELAYED | undefined
  /**
   * After `amend` and before `record`: replaces the stanza by what the service says, and adds the archive rows. The
   * stored stanza's `to` stays at the service, so that no archive holds who is behind a nick.
   */
  message(draft: Draft, ctx: Context): void
  deliver(message: CommittedMessage, ctx: Context): void
  /** Devices that speak from this address, where the service speaks for this one (XEP-0280 §6.1). */
  companions?(address: Jid, session: Session, ctx: Context): readonly Session[]
  /** Whether somebody belongs to what has this address; a service that has it has rooms. */
  isMember?(address: Jid, bareJid: string, ctx: Context): boolean
  /** Whether a presence gives its sender another name there. */
  isRenaming?(stanza: PresenceStanza, sender: Session, ctx: Context): boolean
  /** Whom a message from this address to everybody there concerns; nothing, where nobody else is to hear of it. */
  audience?(address: Jid, ctx: Context): Audience | undefined
}

/** Those whom a room is for, inside or not; people by their bare JIDs. */
export interface Audience {
  /** Not open to everybody (XEP-0492 §3). */
  readonly isPrivate: boolean
  members(): Iterable<string>
  mayHear(person: string): boolean
  /** The nicks that a person has there, or has reserved. */
  nicksOf(person: string): readonly string[]
  /** Whether a message of the room is this person's own. */
  hasSaid(person: string, message: Element): boolean
}

/** How a command ended (XEP-0050 §3.4): what it says, and what it found out. */
export interface CommandOutcome {
  readonly note?: { readonly type: 'info' | 'warn' | 'error'; readonly text: string }
  readonly result?: Omit<FormSource, 'type'> & {
    /** What is no field, inside the form (XEP-0133 §4.8). */
    readonly payload?: Element
  }
}

/** A command that is executed by filling in one form, or none (XEP-0050). */
export interface AdHocCommand {
  readonly node: string
  readonly name: string
  /** Where it can be found and executed; an administrator's also at his own bare JID (XEP-0133 §2). */
  readonly at: readonly ('server' | 'own')[]
  /** Who may not execute it does not see it either. */
  isAllowed(account: Account, ctx: Context): boolean
  /** It administers: whoever has a second factor shows it first. */
  readonly isAdministrative?: boolean
  /** What has to be filled in; absent for a command that asks nothing. */
  readonly form?: (account: Account, ctx: Context) => Promise<Omit<FormSource, 'type'>> | Omit<FormSource, 'type'>
  /** `form` is the submitted one; its values are what the user typed. Throws a `StanzaFault` or `Refusal` to refuse. */
  execute(form: Form | undefined, session: Session, ctx: Context): Promise<CommandOutcome> | CommandOutcome
}

/** An operation of the admin API, with the rights of the account: for whoever speaks XMPP instead of HTTP. */
export type Administrate = <Id extends AdminRouteId>(
  account: Account,
  id: Id,
  request: { readonly params?: ParamsOf<Id>; readonly query?: QueryOf<Id>; readonly body?: BodyOf<Id> },
) => Promise<ResponseOf<Id>>

/** The second factor of an administrator who speaks XMPP instead of HTTP. */
export interface FactorByChat {
  /** Whether it has to be shown. Rejects with `second-factor-missing` where there has to be one, and is none. */
  isNeeded(account: Account): Promise<boolean>
  /** Rejects with `second-factor-failed`, `rate-limited`. */
  show(account: Account, code: string, remoteAddress: string): Promise<void>
}

/** A node of disco that is not the root: commands, nodes of PubSub (XEP-0030 §3.2, §4.2). */
export interface DiscoNode {
  /** `own`: asked by the account itself; `account`: asked by anybody, and the node decides who is answered. */
  readonly to: 'server' | 'own' | 'account'
  matches(node: string, ctx: Context): boolean
  info(node: string, request: IqRequest, ctx: Context): Promise<DiscoInfo> | DiscoInfo
  items(node: string, request: IqRequest, ctx: Context): Promise<readonly DiscoItem[]> | readonly DiscoItem[]
}

/** What a client may ask before it signs in (XEP-0077). */
export interface Registration {
  streamFeatures(ctx: Context): Element[]
  /** The payload of the result; rejects with a `StanzaFault` or `Refusal`. Nothing: such an iq has no place here. */
  answer(iq: Element, stranger: Stranger, ctx: Context): Promise<Element | undefined> | undefined
}

export interface HttpRoute {
  readonly method: string
  /** Path that the request's path equals, or begins with when this ends with a slash. */
  readonly path: string
  handle(req: IncomingMessage, res: ServerResponse, url: URL, ctx: Context): Promise<void> | void
}

/** Something a session can begin with: elements of a namespace in `<bind/>` (XEP-0386 §2.2). */
export interface BindInline {
  /** Advertised under this name as well (§2.1). */
  readonly xmlns: string
  /** Does what the element says; what it returns goes into `<bound/>`. */
  enable(element: Element, session: Session, ctx: Context): Promise<Element | undefined> | Element | undefined
}

export interface Feature {
  readonly name: string
  /** What the feature claims; `pnpm gen` turns this into doap.xml and docs/xeps.md. */
  readonly implements: readonly {
    readonly xep: number
    readonly version: string
    readonly status?: 'partial'
    /** What of it is not there, for who reads the list. */
    readonly missing?: string
  }[]
  /** Advertised in disco#info of the server (XEP-0030 §3.1). */
  readonly disco?: readonly string[]
  /** Further identities in disco#info of the server, and of each account's bare JID (XEP-0030 §3.1). */
  readonly identities?: { readonly server?: readonly DiscoIdentity[]; readonly account?: readonly DiscoIdentity[] }
  readonly discoNodes?: readonly DiscoNode[]
  /** In disco#items of an account, beside its resources (XEP-0030 §4.1). */
  readonly accountItems?: (request: IqRequest, ctx: Context) => Promise<readonly DiscoItem[]>
  readonly commands?: readonly AdHocCommand[]
  /** XEP-0128: forms in disco#info of the server; nothing where there is nothing to say. */
  readonly discoForms?: readonly ((ctx: Context) => DiscoForm | undefined)[]
  /** Advertised in disco#info of each account's bare JID. */
  readonly accountDisco?: readonly string[]
  /** Extra stream features after authentication (RFC 6120 §4.3.2), in their order. */
  readonly streamFeatures?: readonly ((ctx: Context) => Element)[]
  readonly iq?: readonly IqRoute[]
  /**
   * Looks at a stanza that enters, before anything else does. Returns nothing when the stanza may go on at once, or a
   * promise when it has to be cleaned first; may change the element in place; throws to refuse it. A stanza without a
   * session comes from a component.
   */
  readonly enter?: (
    stanza: MessageStanza | PresenceStanza | IqStanza,
    session: Session | undefined,
    ctx: Context,
  ) => Promise<void> | undefined
  /** Synchronous, every one: what a stage needs is in memory or comes with the draft. */
  readonly message?: { readonly [S in MessageStage]?: (draft: Draft, ctx: Context) => void }
  /** Messages that were held back and are in their recipients' archives now, in their order, before they are delivered. */
  readonly released?: (messages: readonly Released[], ctx: Context) => void
  readonly service?: Service
  /** All presence of a session but what goes to a service; exactly one feature has it. */
  readonly presence?: (
    stanza: PresenceStanza,
    session: Session,
    ctx: Context,
    reach: PresenceReach,
  ) => Promise<void> | void
  /** Looks at a stanza just before a session gets it; false withholds it from that session. */
  readonly outbound?: (element: Element, session: Session, ctx: Context) => boolean
  /**
   * Rewrites the text of a stanza for one session, where it may hold links to files (`Outgoing.hasFileLinks`); any other
   * text is shared by all who get it. One feature has it.
   */
  readonly personalize?: (text: string, session: Session, ctx: Context) => string
  /** What a client may ask before it signs in. One feature has it. */
  readonly registration?: Registration
  readonly bindInline?: readonly BindInline[]
  readonly session?: {
    /** It is about to be bound by XEP-0386; what this returns is said in `<bound/>`. Comes before `bound`. */
    readonly boundInline?: (session: Session, ctx: Context) => Promise<Element | undefined>
    readonly bound?: (session: Session, ctx: Context) => void
    readonly ended?: (session: Session, ctx: Context) => Promise<void> | void
  }
  readonly on?: {
    readonly [K in keyof DomainEvents]?: (payload: DomainEvents[K], ctx: Context) => Promise<void> | void
  }
  readonly http?: readonly HttpRoute[]
  /** Images that only the feature can make anew, since others are told of it, or it has them in memory. */
  readonly imageStores?: readonly ImageStore[]
  /** Brings its levels among the metrics up to date: called when somebody looks at them, so that they cost nothing else. */
  readonly measure?: (ctx: Context) => void
  /** Loads what the synchronous stages need to have in memory. Called once, before the first stream. */
  readonly start?: (ctx: Context) => Promise<void> | void
  readonly stop?: (ctx: Context) => Promise<void> | void
}

/** Names a feature; the type checker does the rest. */
export function defineFeature(feature: Feature): Feature {
  return feature
}
