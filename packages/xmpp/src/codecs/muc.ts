import { xml, type Content, type Element } from '../element.ts'
import {
  NS_CONFERENCE,
  NS_HATS,
  NS_MUC,
  NS_MUC_ADMIN,
  NS_MUC_AFFILIATIONS,
  NS_MUC_USER,
  NS_OCCUPANT_ID,
} from '../ns.ts'
import { findDateTime } from './date-time.ts'

/** XEP-0045: what is said about an occupant, or about somebody's tie to the room. */
export interface MucItem {
  readonly affiliation?: string | undefined
  readonly role?: string | undefined
  readonly jid?: string | undefined
  readonly nick?: string | undefined
  /** Nick of whoever did it. */
  readonly actor?: string | undefined
  readonly reason?: string | undefined
}

function buildItem({ affiliation, role, jid, nick, actor, reason }: MucItem): Element {
  return xml(
    'item',
    { affiliation, role, jid, nick },
    actor === undefined ? undefined : xml('actor', { nick: actor }),
    reason === undefined ? undefined : xml('reason', {}, reason),
  )
}

/** XEP-0463 §5: from which version of the lists to which. */
export interface MucVersions {
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** `<x xmlns='http://jabber.org/protocol/muc#user'/>` as a room sends it, status codes in ascending order. */
export function buildMucUser({
  versions,
  item,
  items = item ? [item] : [],
  codes = [],
  content,
}: {
  readonly versions?: MucVersions | undefined
  readonly item?: MucItem | undefined
  readonly items?: readonly MucItem[] | undefined
  readonly codes?: readonly number[] | undefined
  readonly content?: Content
}): Element {
  return xml(
    'x',
    { xmlns: NS_MUC_USER },
    versions && xml('mav', { xmlns: NS_MUC_AFFILIATIONS, since: versions.since, until: versions.until }),
    items.map(buildItem),
    content,
    codes.toSorted((a, b) => a - b).map((code) => xml('status', { code })),
  )
}

/** The answer to a request for a list (§8.5, §9.5). */
export function buildMucList(items: readonly MucItem[]): Element {
  return xml('query', { xmlns: NS_MUC_ADMIN }, items.map(buildItem))
}

/** The `<item/>`s of a request to a room (§9). */
export function parseMucItems(query: Element): MucItem[] {
  return query.getChildren('item').map((item) => ({
    affiliation: item.attrs['affiliation'],
    role: item.attrs['role'],
    jid: item.attrs['jid'],
    nick: item.attrs['nick'],
    reason: item.getChildText('reason') || undefined,
  }))
}

/** How much of the past is wanted on entering (§7.2.13); `undefined`: nothing is said about it. */
export interface MucHistory {
  readonly maxChars: number | undefined
  readonly maxStanzas: number | undefined
  readonly seconds: number | undefined
  readonly since: Date | undefined
}

/** What a client says to enter a room (§7.2.2): absent, the presence is no request to enter. */
export interface MucJoin {
  readonly password: string | undefined
  readonly history: MucHistory
  /** XEP-0463 §5.1: the lists are asked for, or what has changed in them since this version. */
  readonly lists: { readonly since: string | undefined } | undefined
}

export function findMucJoin(presence: Element): MucJoin | undefined {
  const x = presence.getChild('x', NS_MUC)
  if (!x) return undefined
  const attrs = x.getChild('history')?.attrs ?? {}
  const since = attrs['since']
  const lists = x.getChild('mav', NS_MUC_AFFILIATIONS)
  return {
    lists: lists && { since: lists.attrs['since'] },
    password: x.getChildText('password'),
    history: {
      maxChars: countIn(attrs['maxchars']),
      maxStanzas: countIn(attrs['maxstanzas']),
      seconds: countIn(attrs['seconds']),
      since: since === undefined ? undefined : findDateTime(since),
    },
  }
}

/** A number that cannot be read is one that was not given. */
function countIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

const ROOM_ONLY: ReadonlySet<string> = new Set([NS_MUC, NS_MUC_USER, NS_OCCUPANT_ID, NS_HATS])

/** Whether only a room may say this: its own protocol, who is who (XEP-0421), hats (XEP-0317). */
export function isRoomOnly(child: Element): boolean {
  return ROOM_ONLY.has(child.getNS() ?? '')
}

/** Removes what only a room may say (MU-06, MU-11). Returns how many there were. */
export function stripRoomOnly(stanza: Element): number {
  const forged = stanza.getChildElements().filter(isRoomOnly)
  for (const element of forged) stanza.remove(element)
  return forged.length
}

/** XEP-0249: an invitation that does not go through the room. */
export function buildDirectInvitation(invitation: {
  readonly jid: string
  readonly password?: string | undefined
  readonly reason?: string | undefined
}): Element {
  return xml('x', { xmlns: NS_CONFERENCE, ...invitation })
}

export function buildOccupantId(id: string): Element {
  return xml('occupant-id', { xmlns: NS_OCCUPANT_ID, id })
}

/** XEP-0317: what an occupant is, beyond role and affiliation; `hue` is an angle on the color wheel (XEP-0392). */
export interface Hat {
  readonly uri: string
  readonly title: string
  readonly hue: number | null
}

export function buildHats(hats: readonly Hat[]): Element {
  return xml(
    'hats',
    { xmlns: NS_HATS },
    hats.map(({ uri, title, hue }) => xml('hat', { uri, title, hue: hue ?? undefined })),
  )
}
