import {
  changeRoomAffiliations,
  changeRoomInvitations,
  deleteRoom,
  forgetAffiliationChanges,
  insertRoom,
  listRooms,
  listSubjects,
  updateRoom,
  uuidv7,
} from '@drawbridge/db'
import type { RoomAffiliationRow, RoomInvitation } from '@drawbridge/db'
import { BoundedMap, TokenBucket } from '@drawbridge/runtime'
import { StanzaFault } from '@drawbridge/xmpp'
import type { Jid } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import { perSession } from '../../routing/kept.ts'
import { parseStored } from '../../routing/parse-stored.ts'
import { changesScopes } from './affiliation-versions.ts'
import type { VersionStep } from './affiliation-versions.ts'
import { profileConfig, roomConfigSchema } from './config.ts'
import type { RoomConfig } from './config.ts'
import { affiliationRank } from './privileges.ts'
import type { Affiliation } from './privileges.ts'
import { Room, roomJid } from './room.ts'
import { subjectOf } from './subject.ts'

/** First part of the service's domain. */
export const LABEL = 'rooms'
/** Most invitations that one room remembers until they are answered; the oldest go first. */
const MAX_INVITATIONS = 1_000
/** Most affiliations that one room keeps. */
export const MAX_AFFILIATIONS = 10_000
/** Rooms that one account may enter at once, and how many more each second: many devices with many bookmarks. */
const JOIN_BURST = 300
/** Accounts whose joins are counted; one that was dropped begins anew. */
const MAX_JOINERS = 100_000
const JOINS_PER_S = 20

/** All rooms of this server, in memory from the start on. */
export interface Rooms {
  readonly domain: string
  readonly size: number
  all(): Iterable<Room>
  find(localpart: string): Room | undefined
  /** The room at this address. @throws StanzaFault `item-not-found` */
  get(jid: Jid): Room
  create(jid: Jid, by: string): Promise<Room | 'exists'>
  /** Takes a room away; its archive stays. */
  forget(room: Room): Promise<void>
  /** False when the account enters more rooms than anybody needs to. */
  mayJoin(account: string, now: number): boolean
  countBy(account: string): number
}

const services = new WeakMap<Context, Rooms>()

export function roomsOf(ctx: Context): Rooms {
  const rooms = services.get(ctx)
  if (!rooms) throw new Error('rooms are used before they are loaded')
  return rooms
}

/** Reads every room from the database: once, before the first stream. */
export async function loadRooms(ctx: Context): Promise<void> {
  const domain = `${LABEL}.${ctx.domain}`
  const byLocalpart = new Map<string, Room>()
  const counts = new Map<string, number>()
  const joins = new BoundedMap<string, TokenBucket>(MAX_JOINERS)
  const closing = new Map<string, Promise<void>>()
  const count = (account: string, by: number) => counts.set(account, (counts.get(account) ?? 0) + by)
  for (const { row, affiliations, affiliationChanges, hatKinds, hats, invitations } of await listRooms(ctx.db)) {
    // §10.1.3: it was never configured, and its owner is no longer inside to do so.
    if (row.isLocked) {
      await deleteRoom(ctx.db, row.id)
      continue
    }
    const room = new Room(row, roomJid(row.localpart, domain), roomConfigSchema.parse(row.config))
    for (const affiliated of affiliations) room.put(affiliated)
    for (const change of affiliationChanges) room.versions.put(change)
    for (const kind of hatKinds) room.hatKinds.set(kind.uri, kind)
    for (const [jid, list] of Map.groupBy(hats, (hat) => hat.jid)) {
      room.hats.set(
        jid,
        list.map(({ uri }) => uri),
      )
    }
    room.invitations = invitations
    byLocalpart.set(row.localpart, room)
    count(row.createdBy, 1)
  }
  const byAddress = new Map([...byLocalpart.values()].map((room) => [room.address, room]))
  for (const { owner, stanza, sentAt } of await listSubjects(ctx.db, [...byAddress.keys()])) {
    const room = byAddress.get(owner)!
    // The archive may be older than the room: another one had its address.
    if (sentAt >= room.createdAt) room.subject = subjectOf(parseStored(stanza), sentAt)
  }
  services.set(ctx, {
    domain,
    get size() {
      return byLocalpart.size
    },
    all: () => byLocalpart.values(),
    find: (localpart) => byLocalpart.get(localpart),
    get(jid) {
      const room = byLocalpart.get(jid.localpart ?? '')
      if (!room) throw new StanzaFault({ condition: 'item-not-found' })
      return room
    },
    async create(jid, by) {
      const localpart = jid.localpart ?? ''
      await closing.get(localpart)
      if (byLocalpart.has(localpart)) return 'exists'
      const config = profileConfig(ctx.limits.roomProfile)
      const row = {
        id: uuidv7(),
        localpart,
        createdBy: by,
        createdAt: ctx.now(),
        config,
        secret: Buffer.from(randomBytes(32)),
      }
      if ((await insertRoom(ctx.db, row)) === 'exists') return 'exists'
      const none = {
        vcard: null,
        photoSha1s: [],
        vcardFilterVersion: 0,
        affiliationVersion: 0,
        affiliationEpoch: 0,
      }
      const room = new Room({ ...row, ...none, isLocked: true }, jid, config)
      room.put({ jid: by, affiliation: 'owner', nick: null, nickKey: null, reason: null })
      byLocalpart.set(localpart, room)
      count(by, 1)
      return room
    },
    async forget(room) {
      if (room.isDestroyed) return
      // From this turn on nobody enters; the address is free again when the row is gone.
      room.isDestroyed = true
      const localpart = room.jid.localpart ?? ''
      byLocalpart.delete(localpart)
      count(room.createdBy, -1)
      const gone = deleteRoom(ctx.db, room.id).finally(() => closing.delete(localpart))
      closing.set(localpart, gone)
      await gone
    },
    mayJoin(account, now) {
      const bucket = joins.get(account) ?? new TokenBucket(JOINS_PER_S, JOIN_BURST)
      joins.set(account, bucket)
      return bucket.take(now)
    },
    countBy: (account) => counts.get(account) ?? 0,
  })
}

/** The rooms that a session is in. */
export const roomsWith = perSession(() => new Set<Room>())

/** §10.1.3: a room that is configured is open. */
export async function saveConfig(room: Room, config: RoomConfig, ctx: Context): Promise<void> {
  await updateRoom(ctx.db, room.id, { config, isLocked: false })
  // Others may read the lists now: what they could not see before is not in what has changed.
  if (changesScopes(room.config, config)) {
    await forgetAffiliationChanges(ctx.db, room.id)
    room.versions.forget()
  }
  room.config = config
  room.isLocked = false
}

type AffiliationRow = Omit<RoomAffiliationRow, 'affiliation'> & {
  readonly affiliation: RoomAffiliationRow['affiliation'] | 'none'
}

/** Stores affiliations, then has them in force. `none` is no row. Returns what has changed by that, by JID. */
export function saveAffiliations(
  room: Room,
  changes: readonly AffiliationRow[],
  ctx: Context,
): Promise<ReadonlyMap<string, VersionStep>> {
  const save = () => room.inTurn(() => changeLists(room, changes, ctx))
  // Who comes to belong to an incident room may speak there from now on: after what they have said there already.
  const isLettingIn = changes.some(({ jid, affiliation }) => belongs(affiliation) && !belongs(room.affiliationOf(jid)))
  if (!isLettingIn || !ctx.gate.sparesMembersOf(room.address)) return save()
  return ctx.reclassify(save, { by: room.address, parties: [room.id] })
}

/** Whether somebody of this affiliation is a member of the room, or more than that. */
export function belongs(affiliation: Affiliation): boolean {
  return affiliationRank(affiliation) >= affiliationRank('member')
}

async function changeLists(
  room: Room,
  changes: readonly AffiliationRow[],
  ctx: Context,
): Promise<ReadonlyMap<string, VersionStep>> {
  const set = changes.flatMap(({ affiliation, ...rest }) => (affiliation === 'none' ? [] : [{ ...rest, affiliation }]))
  const removed = changes.flatMap(({ jid, affiliation }) => (affiliation === 'none' ? [jid] : []))
  const added = set.filter(({ jid }) => !room.affiliations.has(jid)).length
  if (room.affiliations.size + added - removed.length > MAX_AFFILIATIONS) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'This list is full.' })
  }
  const plan = room.versions.plan(changes, room.affiliations)
  await changeRoomAffiliations(ctx.db, room.id, { set, removed }, plan)
  for (const jid of removed) room.affiliations.delete(jid)
  for (const row of set) room.put(row)
  return room.versions.follow(plan)
}

/** In force at once, stored by and by: what is lost is that somebody may decline. */
export function changeInvitations(
  room: Room,
  { added = [], answered = [] }: { added?: readonly RoomInvitation[]; answered?: readonly RoomInvitation[] },
  ctx: Context,
): void {
  const isIn = (list: readonly RoomInvitation[], { invitee, inviter }: RoomInvitation) =>
    list.some((other) => other.invitee === invitee && other.inviter === inviter)
  const fresh = added.filter((invitation) => !isIn(room.invitations, invitation))
  const kept = [...room.invitations.filter((invitation) => !isIn(answered, invitation)), ...fresh]
  room.invitations = kept.slice(-MAX_INVITATIONS)
  const removed = [...answered, ...kept.slice(0, -MAX_INVITATIONS)]
  if (fresh.length === 0 && removed.length === 0) return
  void changeRoomInvitations(ctx.db, room.id, { added: fresh, removed }, ctx.now()).catch((error: unknown) =>
    ctx.log.error('an invitation was not stored', { room: room.address, error: String(error) }),
  )
}
