import type { RoomAffiliationRow, RoomHatKind, RoomInvitation, RoomRow, StoredAffiliation } from '@drawbridge/db'
import { BoundedMap } from '@drawbridge/runtime'
import { mixesAlphabets, nicknameKey, parseJid, PrecisFault, StanzaFault } from '@drawbridge/xmpp'
import type { Element, Jid } from '@drawbridge/xmpp'
import { createHmac } from 'node:crypto'
import type { Broadcast, Outgoing } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'
import type { RoomConfig } from './config.ts'
import { AffiliationVersions } from './affiliation-versions.ts'
import { FanOut } from './fan-out.ts'
import type { Affiliation, Role, Standing } from './privileges.ts'
import { SlowMode } from './slow-mode.ts'

/** Most characters of a nick, and of a reason that somebody gives. */
export const MAX_NICK = 128
export const MAX_REASON = 1_024
/** Ids of occupants that a room keeps, of whoever came by; what was forgotten is computed again. */
const MAX_OCCUPANT_IDS = 10_000

/** One session inside a room. */
export interface Seat {
  readonly session: Session
  /** Its full JID as text, so that nothing is built per recipient. */
  readonly address: string
  occupant: Occupant
  /** What the client put into its latest presence, without what only the room may say. */
  payload: readonly Element[]
  /** Moderators see real JIDs, and everybody does in a non-anonymous room. Kept in step by `Room.lookAgain`. */
  seesJids: boolean
  isGone: boolean
  /** Messages that came while the history for this seat is being read; absent afterwards. */
  waiting: Outgoing[] | undefined
  /** More of them came than are held: the seat has no place here any more. */
  isOverrun: boolean
}

/** Somebody in a room under one nick, with one or more devices. */
export interface Occupant {
  nick: string
  nickKey: string
  /** `room@service/nick`. */
  jid: string
  /** Bare JID of the account behind the nick. */
  readonly account: string
  /** XEP-0421: the same person under every nick. */
  readonly occupantId: string
  role: Role
  affiliation: Affiliation
  /** The others know that it is here: presence of its role is broadcast. */
  isShown: boolean
  /** Newest last: the last one's presence is the occupant's. */
  seats: readonly Seat[]
  /** The presence as others get it, serialized once for each kind of viewer. */
  shown: { readonly open: Broadcast; readonly hidden: Broadcast } | undefined
}

export interface Affiliated {
  readonly affiliation: StoredAffiliation
  readonly nick: string | null
  readonly nickKey: string | null
  readonly reason: string | null
}

export interface Subject {
  readonly text: string
  readonly nick: string
  readonly at: Date
}

/** A room: what is stored, all in memory, and who is in it now. */
export class Room {
  readonly id: string
  readonly jid: Jid
  /** Its bare JID as text; also the owner of its archive. */
  readonly address: string
  readonly createdBy: string
  readonly createdAt: Date
  readonly #secret: Uint8Array
  readonly #occupantIds = new BoundedMap<string, string>(MAX_OCCUPANT_IDS)
  config: RoomConfig
  subject: Subject | undefined
  vcard: string | undefined
  /** By which version of the image filter it was let in; 0 for none. */
  vcardFilterVersion: number
  /** Hashes of its picture, one for each format. */
  photoSha1s: readonly string[]
  readonly affiliations = new Map<string, Affiliated>()
  readonly versions: AffiliationVersions
  #turn: Promise<unknown> = Promise.resolve()
  /** Hats by URI, and who wears which: URIs by bare JID (XEP-0317). */
  readonly hatKinds = new Map<string, RoomHatKind>()
  readonly hats = new Map<string, readonly string[]>()
  /** Not answered yet, oldest first; replaced, never changed. */
  invitations: readonly RoomInvitation[] = []
  /** Being made: nobody but its creator may enter before it is configured (§10.1.3). */
  isLocked: boolean
  isDestroyed = false
  /** By the nick as it is compared (RFC 8266). */
  readonly occupants = new Map<string, Occupant>()
  readonly #bySession = new Map<Session, Seat>()
  /** Everybody's seats; replaced, never changed. */
  seats: readonly Seat[] = []
  readonly fanOut = new FanOut()
  readonly slowMode = new SlowMode()

  constructor(row: RoomRow, jid: Jid, config: RoomConfig) {
    this.id = row.id
    this.jid = jid
    this.address = jid.toString()
    this.createdBy = row.createdBy
    this.createdAt = row.createdAt
    this.#secret = row.secret
    this.versions = new AffiliationVersions(row)
    this.config = config
    this.vcard = row.vcard ?? undefined
    this.vcardFilterVersion = row.vcardFilterVersion
    this.photoSha1s = row.photoSha1s
    this.isLocked = row.isLocked
  }

  put({ jid, affiliation, nick, nickKey, reason }: RoomAffiliationRow): void {
    this.affiliations.set(jid, { affiliation, nick, nickKey, reason })
  }

  /** One change of the lists after the other: each makes one version of the next. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change)
    this.#turn = done.catch(() => undefined)
    return done
  }

  affiliationOf(bareJid: string): Affiliation {
    const own = this.affiliations.get(bareJid)
    if (own) return own.affiliation
    const domain = bareJid.slice(bareJid.indexOf('@') + 1)
    return this.affiliations.get(domain)?.affiliation === 'outcast' ? 'outcast' : 'none'
  }

  hatsOf(account: string): RoomHatKind[] {
    return (this.hats.get(account) ?? []).flatMap((uri) => this.hatKinds.get(uri) ?? [])
  }

  /** Role and affiliation of a session; outside, the role is `none`. */
  standingOf(session: Session): Standing {
    const occupant = this.#bySession.get(session)?.occupant
    if (occupant) return occupant
    return { role: 'none', affiliation: this.affiliationOf(session.account.bareJid) }
  }

  seatOf(session: Session): Seat | undefined {
    return this.#bySession.get(session)
  }

  /** The seat of a session that must be inside (§7.4, §7.5). */
  getSeat(session: Session): Seat {
    const seat = this.#bySession.get(session)
    if (!seat) throw new StanzaFault({ type: 'modify', condition: 'not-acceptable', text: 'You are not in this room.' })
    return seat
  }

  occupantAt(nick: string): Occupant | undefined {
    return this.occupants.get(keyOfNick(nick))
  }

  *occupantsOf(account: string): Generator<Occupant, void> {
    for (const occupant of this.occupants.values()) if (occupant.account === account) yield occupant
  }

  /** XEP-0421 §4: the same for one person, another one in every room, and telling nothing of the JID. */
  occupantIdOf(account: string): string {
    const known = this.#occupantIds.get(account)
    if (known !== undefined) return known
    const id = createHmac('sha256', this.#secret).update(account).digest('base64url')
    this.#occupantIds.set(account, id)
    return id
  }

  occupantJid(nick: string): string {
    return `${this.address}/${nick}`
  }

  /** Seats a session with an occupant, whom it may be the first session of. */
  sit(session: Session, occupant: Occupant, payload: readonly Element[]): Seat {
    const seat: Seat = {
      session,
      address: session.jid.toString(),
      occupant,
      payload,
      seesJids: false,
      isGone: false,
      waiting: undefined,
      isOverrun: false,
    }
    this.occupants.set(occupant.nickKey, occupant)
    occupant.seats = [...occupant.seats, seat]
    occupant.shown = undefined
    this.#bySession.set(session, seat)
    this.seats = [...this.seats, seat]
    this.lookAgain(occupant)
    return seat
  }

  /** Takes a seat away, and the occupant with the last of its seats. */
  rise(seat: Seat): void {
    const { occupant, session } = seat
    seat.isGone = true
    seat.waiting = undefined
    this.#bySession.delete(session)
    this.seats = this.seats.filter((other) => other !== seat)
    occupant.seats = occupant.seats.filter((other) => other !== seat)
    occupant.shown = undefined
    if (occupant.seats.length === 0) this.occupants.delete(occupant.nickKey)
  }

  rename(occupant: Occupant, nick: string): void {
    this.occupants.delete(occupant.nickKey)
    occupant.nick = nick
    occupant.nickKey = keyOfNick(nick)
    occupant.jid = this.occupantJid(nick)
    occupant.shown = undefined
    this.occupants.set(occupant.nickKey, occupant)
  }

  /** Empties a room that is no more. */
  clear(): void {
    for (const seat of this.seats) {
      seat.isGone = true
      seat.waiting = undefined
    }
    this.seats = []
    this.occupants.clear()
    this.#bySession.clear()
  }

  /** After a change of role or configuration: who sees real JIDs. */
  lookAgain(occupant: Occupant): void {
    const seesJids = this.config.isNonAnonymous || occupant.role === 'moderator'
    for (const seat of occupant.seats) seat.seesJids = seesJids
  }
}

/** How nicks are compared (RFC 8266 §2): neither spacing nor case tells two people apart (MU-07). @throws StanzaFault */
export function keyOfNick(nick: string): string {
  if (nick.length > MAX_NICK) throw new StanzaFault({ condition: 'jid-malformed', text: 'This nick is too long.' })
  try {
    return nicknameKey(nick)
  } catch (error) {
    if (error instanceof PrecisFault) throw new StanzaFault({ condition: 'jid-malformed' }, { cause: error })
    throw error
  }
}

/**
 * §7.2.8, §7.6: nobody takes a nick that somebody else has, or has reserved (MU-07), or one that only looks like another
 * (SP-16). @throws StanzaFault `conflict`, `jid-malformed`
 */
export function assertNickFree(room: Room, nick: string, account: string, ownKey?: string): void {
  const key = keyOfNick(nick)
  if (mixesAlphabets(nick)) {
    throw new StanzaFault({ condition: 'jid-malformed', text: 'This nick mixes alphabets that look alike.' })
  }
  const holder = key === ownKey ? undefined : room.occupants.get(key)
  const isTaken = holder !== undefined && (holder.account !== account || ownKey !== undefined)
  if (isTaken || isReservedByOther(room, key, account)) {
    throw new StanzaFault({ condition: 'conflict', text: 'This nick is taken.' })
  }
}

function isReservedByOther(room: Room, key: string, account: string): boolean {
  for (const [jid, { nickKey }] of room.affiliations) if (nickKey === key && jid !== account) return true
  return false
}

/** The address of a room at this service. */
export function roomJid(localpart: string, serviceDomain: string): Jid {
  return parseJid(`${localpart}@${serviceDomain}`)
}
