import type { Element, IqStanza, Jid, PresenceStanza } from '@drawbridge/xmpp'
import type { Session } from '../stream/session.ts'
import type { Context } from './context.ts'
import type { CommittedMessage, Draft } from './draft.ts'

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
  /** The id of what has this address, where that is another one when it is made anew. */
  idOf?(address: Jid, ctx: Context): string | undefined
  /** What there is, where a service has rooms. */
  rooms?(ctx: Context): Iterable<RoomSummary>
  /** Bare JIDs of whoever belongs there, and of whoever is there now. */
  peopleIn?(address: Jid, ctx: Context): Iterable<string>
  /** Whether a presence gives its sender another name there. */
  isRenaming?(stanza: PresenceStanza, sender: Session, ctx: Context): boolean
  /** Whom a message from this address to everybody there concerns; nothing, where nobody else is to hear of it. */
  audience?(address: Jid, ctx: Context): Audience | undefined
}

/** A room, as administrators choose one. */
export interface RoomSummary {
  /** Bare JID. */
  readonly address: string
  /** As its owners call it; may be empty. */
  readonly name: string
  readonly isPublic: boolean
  readonly isMembersOnly: boolean
  /** Who is in it now. */
  readonly occupants: number
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
