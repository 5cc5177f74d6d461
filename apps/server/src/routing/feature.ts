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
} from '@drawbridge/xmpp'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '../stream/session.ts'
import type { Stranger } from '../stream/stream-server.ts'
import type { Account } from './accounts.ts'
import type { Context } from './context.ts'
import type { DomainEvents } from './domain-events.ts'
import type { Draft, MessageStage, Released } from './draft.ts'
import type { ImageStore } from './image-store.ts'
import type { Service } from './service.ts'

// Everything that a feature is made of comes from here.
export type * from './context.ts'
export type * from './domain-events.ts'
export * from './draft.ts'
export type * from './image-store.ts'
export * from './service.ts'

/** What suspensions leave of a session's presence. The server itself knows it in any case: messages depend on it. */
export interface PresenceReach {
  /** Others see it. */
  readonly isShown: boolean
  /** It is shown the presence of others. */
  readonly seesOthers: boolean
}

/** A request of a client, to one of the features. */
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
  /** Asked once: it follows from the configuration. */
  streamFeatures(ctx: Context): Element[]
  /** The payload of the result; rejects with a `StanzaFault` or `Refusal`. Nothing: such an iq has no place here. */
  answer(iq: Element, stranger: Stranger, ctx: Context): Promise<Element | undefined> | undefined
}

/** A path on the HTTP port that one feature answers. */
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

/** What implements an extension: what it claims, and where it takes part. Everything is optional but its name and claim. */
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
  /** A request or an answer that one client of ours has handed to another. */
  readonly relayed?: (stanza: IqStanza, ctx: Context) => void
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
