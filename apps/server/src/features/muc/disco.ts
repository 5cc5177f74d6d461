import {
  buildDiscoInfo,
  buildDiscoItems,
  buildRsm,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_COMMANDS,
  NS_HATS,
  NS_MAM,
  NS_FULLTEXT,
  NS_MAM_EXTENDED,
  NS_MODERATION,
  NS_MODERATION_0,
  NS_MUC,
  NS_MUC_AFFILIATIONS,
  NS_MUC_REGISTER,
  NS_MUC_ROOM_INFO,
  NS_MUC_SELF_PING,
  NS_MUC_STABLE_ID,
  NS_OCCUPANT_ID,
  NS_PING,
  NS_REGISTER,
  NS_RETRACTION,
  NS_RETRACTION_TOMBSTONE,
  NS_RSM,
  NS_SID,
  NS_VCARD,
  parseRsm,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { DiscoIdentity, Element, FormField, RsmRequest } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { hatCommands } from './hats.ts'
import type { RoomRequest } from './iq.ts'
import { affiliationRank } from './privileges.ts'
import type { Room } from './room.ts'
import { roomsOf } from './rooms.ts'

/** Most rooms or occupants in one answer. */
const PAGE = 100
/** The node under which a reserved nick can be asked for (XEP-0045 §7.12). */
const NICK_NODE = 'x-roomuser-item'

/** The same at the service and at each room (§6.2, §6.4): what is not here is not there. */
const FEATURES = [
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_HATS,
  NS_MUC,
  NS_MUC_REGISTER,
  NS_MUC_STABLE_ID,
  NS_OCCUPANT_ID,
  NS_PING,
  NS_RSM,
  NS_SID,
  NS_VCARD,
] as const

/** Of a room whose archive can be read. */
const ARCHIVE_FEATURES = [
  NS_FULLTEXT,
  NS_MAM,
  NS_MAM_EXTENDED,
  NS_MODERATION,
  NS_MODERATION_0,
  NS_RETRACTION,
  NS_RETRACTION_TOMBSTONE,
] as const

const identityOf = (name: string): DiscoIdentity => ({ category: 'conference', type: 'text', name })

/** §6.2. */
export function serviceInfo({ attrs: { node } }: Element): Element {
  if (node !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
  return buildDiscoInfo({ identities: [identityOf('Rooms')], features: [...FEATURES].toSorted() })
}

/** §6.3: rooms that everybody may know of, and those one belongs to. */
export function serviceItems(query: Element, ctx: Context, session: Session): Element {
  if (query.attrs['node'] !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
  const account = session.account.bareJid
  const visible = [...roomsOf(ctx).all()].filter((room) => !room.isLocked && isVisible(room, account))
  const items = visible.map((room) => ({ jid: room.address, name: nameOf(room) }))
  return page(query, items)
}

function isVisible(room: Room, account: string): boolean {
  const affiliation = room.affiliationOf(account)
  if (affiliation === 'outcast') return false
  return room.config.isPublic || affiliationRank(affiliation) >= affiliationRank('member')
}

/** XEP-0059 §2: with a result set, a page of it in the order of addresses; without, as much as an answer holds. */
function page(query: Element, unsorted: readonly { readonly jid: string; readonly name: string }[]): Element {
  const items = unsorted.toSorted((a, b) => (a.jid < b.jid ? -1 : 1))
  const wantsPage = query.getChild('set', NS_RSM) !== undefined
  const rsm = parseRsm(query, PAGE)
  const from = startOf(items, rsm)
  const part = items.slice(from, from + rsm.max)
  const answer = buildDiscoItems(part)
  if (wantsPage || items.length > PAGE) {
    answer.append(
      buildRsm({
        first: part.at(0)?.jid,
        firstIndex: part.length === 0 ? undefined : from,
        last: part.at(-1)?.jid,
        count: items.length,
      }),
    )
  }
  return answer
}

function startOf(items: readonly { readonly jid: string }[], { max, after, before, index }: RsmRequest): number {
  if (index !== undefined) return index
  if (after !== undefined) return positionAfter(items, after)
  if (before === undefined) return 0
  const end = before === '' ? items.length : items.findIndex(({ jid }) => jid >= before)
  return Math.max(0, (end === -1 ? items.length : end) - max)
}

/** The item itself may be gone: its place in the order is what counts. */
function positionAfter(items: readonly { readonly jid: string }[], after: string): number {
  const next = items.findIndex(({ jid }) => jid > after)
  return next === -1 ? items.length : next
}

const nameOf = (room: Room): string => room.config.name || (room.jid.localpart ?? '')

/**
 * §6.4: a room that is not public does not tell strangers that it is there: they hear what they would hear if it were
 * not. @throws StanzaFault `item-not-found`; `forbidden` for whoever was banned and knows
 */
export function assertMayKnow(room: Room, account: string): void {
  const affiliation = room.affiliationOf(account)
  if (room.isLocked && affiliation !== 'owner') throw new StanzaFault({ condition: 'item-not-found' })
  const isInside = () => room.occupantsOf(account).next().done === false
  if (isVisible(room, account) || isInside()) return
  throw new StanzaFault(affiliation === 'outcast' ? { condition: 'forbidden' } : { condition: 'item-not-found' })
}

/** §6.4, with the room's form of §15.5.4; §7.12: one's own reserved nick. */
export function roomInfo({ attrs: { node } }: Element, { room, session }: RoomRequest): Element {
  const account = session.account.bareJid
  if (node === NICK_NODE) {
    const nick = room.affiliations.get(account)?.nick
    const identities = nick ? [{ category: 'conference', type: 'text', name: nick }] : []
    return buildDiscoInfo({ node, identities, features: [] })
  }
  if (node !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
  const { config } = room
  const features = [
    ...FEATURES,
    NS_COMMANDS,
    NS_MUC_AFFILIATIONS,
    NS_MUC_SELF_PING,
    NS_REGISTER,
    ...(config.isLogged ? ARCHIVE_FEATURES : []),
    config.isPublic ? 'muc_public' : 'muc_hidden',
    config.isPersistent ? 'muc_persistent' : 'muc_temporary',
    config.isMembersOnly ? 'muc_membersonly' : 'muc_open',
    config.isModerated ? 'muc_moderated' : 'muc_unmoderated',
    config.isNonAnonymous ? 'muc_nonanonymous' : 'muc_semianonymous',
    config.password === '' ? 'muc_unsecured' : 'muc_passwordprotected',
  ]
  return buildDiscoInfo({
    identities: [identityOf(nameOf(room))],
    features: features.toSorted(),
    forms: [{ formType: NS_MUC_ROOM_INFO, fields: infoFields(room) }],
  })
}

function infoFields({ config, occupants, subject, photoSha1s }: Room): FormField[] {
  const field = (name: string, value: string, type: FormField['type'] = 'text-single'): FormField => ({
    name,
    type,
    values: [value],
  })
  return [
    field('muc#roominfo_description', config.description),
    field('muc#roominfo_lang', config.language),
    field('muc#roominfo_occupants', String(occupants.size)),
    field('muc#roominfo_subject', subject?.text ?? ''),
    field('muc#roominfo_subjectmod', config.allowsSubject ? '1' : '0', 'boolean'),
    field('muc#roominfo_logs', config.isLogged ? '1' : '0', 'boolean'),
    field('muc#maxhistoryfetch', String(config.maxHistory)),
    field('muc#roominfo_slow_mode_duration', String(config.slowModeS)),
    field('muc#roomconfig_changesubject', config.allowsSubject ? '1' : '0', 'boolean'),
    ...(config.pubsub === '' ? [] : [field('muc#roominfo_pubsub', config.pubsub)]),
    // XEP-0486 §5.1: of every format, in their order.
    ...(photoSha1s.length === 0
      ? []
      : [{ name: 'muc#roominfo_avatarhash', type: 'text-multi', values: photoSha1s } as const]),
  ]
}

/** §6.5: who is inside, to those who are inside; to others, to whom the room is open, nobody (MU-04). */
export function roomItems(query: Element, request: RoomRequest): Element {
  const { room, session } = request
  const { node } = query.attrs
  if (node === NS_COMMANDS) return buildDiscoItems(hatCommands(request), node)
  if (node !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
  if (!room.seatOf(session)) return buildDiscoItems([])
  return page(
    query,
    [...room.occupants.values()].map(({ jid, nick }) => ({ jid, name: nick })),
  )
}
