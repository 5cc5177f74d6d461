import { xml, type Element } from '../element.ts'
import { findJid } from '../jid.ts'
import { NS_BOOKMARKS, NS_BOOKMARKS_LEGACY, NS_NOTIFICATION_SETTINGS } from '../ns.ts'

/** A room that somebody wants to find again (XEP-0402 §3). */
export interface Bookmark {
  /** Of the room, bare: the id of its item. */
  readonly jid: string
  /** `<conference xmlns='urn:xmpp:bookmarks:1'/>`. */
  readonly conference: Element
}

/** What both formats of a bookmark can say beside the address of the room. */
const ATTRIBUTES = ['name', 'autojoin'] as const
const TEXTS = ['nick', 'password'] as const

function copyOf(conference: Element, attrs: Readonly<Record<string, string | undefined>>): Element {
  for (const name of ATTRIBUTES) attrs = { ...attrs, [name]: conference.attrs[name] }
  const texts = TEXTS.flatMap((name) => {
    const text = conference.getChildText(name)
    return text === undefined ? [] : [xml(name, {}, text)]
  })
  return xml('conference', attrs, texts)
}

/** Reads `<storage xmlns='storage:bookmarks'/>` (XEP-0048 §3.1). A bookmark without a usable address is left out. */
export function parseLegacyBookmarks(storage: Element): Bookmark[] {
  const byJid = new Map<string, Bookmark>()
  for (const conference of storage.getChildren('conference', NS_BOOKMARKS_LEGACY)) {
    const jid = findJid(conference.attrs['jid'])?.bareString
    if (jid !== undefined) byJid.set(jid, { jid, conference: copyOf(conference, { xmlns: NS_BOOKMARKS }) })
  }
  return [...byJid.values()]
}

/** Builds `<storage/>` with these bookmarks and whatever else is kept in it, addresses of pages for example. */
export function buildLegacyBookmarks(bookmarks: readonly Bookmark[], others: readonly Element[] = []): Element {
  return xml('storage', { xmlns: NS_BOOKMARKS_LEGACY }, bookmarks.map(buildLegacyBookmark), [...others])
}

/** `<conference xmlns='storage:bookmarks'/>`. The same text means the same bookmark, as far as old clients see it. */
export function buildLegacyBookmark({ jid, conference }: Bookmark): Element {
  return copyOf(conference, { xmlns: NS_BOOKMARKS_LEGACY, jid })
}

/** A bookmark with what another one of the same room had beside what old clients know (XEP-0402 §3: extensions). */
export function withExtensions({ jid, conference }: Bookmark, before: Element): Bookmark {
  const extensions = before.getChild('extensions', NS_BOOKMARKS)
  return extensions ? { jid, conference: conference.clone().append(extensions.clone()) } : { jid, conference }
}

/** XEP-0492 §2.1: what a conversation may do to get attention. */
export const NOTIFICATION_SETTINGS = ['always', 'on-mention', 'never'] as const
export type NotificationSetting = (typeof NOTIFICATION_SETTINGS)[number]

/** Who asks for a setting: a client by its identity in service discovery (XEP-0030 §3.1). */
export interface SettingIdentity {
  readonly category: string
  readonly type: string
}

/** One of the settings of a conversation, and whom it is for; for everybody, where it names nobody. */
export interface NotificationRule {
  readonly setting: NotificationSetting
  readonly category?: string | undefined
  readonly type?: string | undefined
}

/** Most settings that are read of one conversation: identities a client can have are few. */
const MAX_RULES = 32

/** Reads what a bookmark says of notifications (XEP-0492 §2); empty where it says nothing. */
export function parseNotificationRules(conference: Element): NotificationRule[] {
  const notify = conference.getChild('extensions')?.getChild('notify', NS_NOTIFICATION_SETTINGS)
  const elements = notify?.getChildElements() ?? []
  return elements.slice(0, MAX_RULES).flatMap((element): NotificationRule[] => {
    const setting = NOTIFICATION_SETTINGS.find((known) => known === element.getName())
    const { 'identity-category': category, 'identity-type': type } = element.attrs
    return setting ? [{ setting, category, type }] : []
  })
}

/** The setting that is most specific to this identity (XEP-0492 §3); `undefined` where nothing is said to it. */
export function findNotificationSetting(
  rules: readonly NotificationRule[],
  identity?: SettingIdentity,
): NotificationSetting | undefined {
  let best: { readonly setting: NotificationSetting; readonly rank: number } | undefined
  for (const rule of rules) {
    const rank = rankOf(rule, identity)
    if (rank !== undefined && (!best || rank > best.rank)) best = { setting: rule.setting, rank }
  }
  return best?.setting
}

/** How well a setting fits; `undefined`: it is for others. */
function rankOf({ category, type }: NotificationRule, identity: SettingIdentity | undefined): number | undefined {
  if (category === undefined) return type === undefined ? 0 : undefined
  if (category !== identity?.category) return undefined
  if (type === undefined) return 1
  return type === identity.type ? 2 : undefined
}
