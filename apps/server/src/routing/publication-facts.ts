import {
  findForm,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_BOOKMARKS,
  NS_BOOKMARKS_LEGACY,
  NS_CAPS,
  NS_CAPS2,
  NS_MDS,
  NS_MUC,
  NS_MUC_ADMIN,
  NS_PUBSUB,
  NS_PUBSUB_OWNER,
  NS_PUBSUB_PUBLISH_OPTIONS,
  NS_VCARD,
  NS_VCARD4,
  NS_VCARD_UPDATE,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'

const NS_IDLE = 'urn:xmpp:idle:1'

// What somebody says to others without a message: in presence, in what is published about oneself (XEP-0163), in a vCard.
// Rules that stop messages are asked about that, too, or people would go on talking in their status.

const SHOW = /^(?:away|chat|dnd|xa)$/u
const PRIORITY = /^-?\d{1,3}$/u
/** SHA-1 in hex, or nothing yet (XEP-0153 §4.1). */
const PHOTO = /^(?:[0-9a-f]{40})?$/iu
/** XEP-0082 §3.2. */
const INSTANT = /^[-\dT:.+Z]{10,35}$/u

/** Where a presence goes, and what is known of what clients write into it. */
export interface PresencePlace {
  /** To a room: what it asks of whoever enters goes no further. */
  readonly isToRoom: boolean
  /** Whether these capabilities were announced before, when everybody could say what they liked. */
  readonly isKnownCaps: (caps: Element) => boolean
}

/** Whether a child of a presence may say something in words: what clients write themselves has one form. */
function hasWords(child: Element, { isToRoom, isKnownCaps }: PresencePlace): boolean {
  const { name } = child
  if (name === 'priority' || name === 'show') return !isText(child, name === 'show' ? SHOW : PRIORITY)
  switch (child.getNS()) {
    // A node is a URI (XEP-0115 §4), and so is what somebody has to say after `https://`.
    case NS_CAPS:
    case NS_CAPS2:
      return !isKnownCaps(child)
    case NS_VCARD_UPDATE:
      return !hasOnly(child, []) || !child.children.every((photo) => typeof photo !== 'string' && isPhoto(photo))
    case NS_IDLE:
      return !hasOnly(child, ['since']) || child.children.length > 0 || !INSTANT.test(child.attrs['since'] ?? '')
    case NS_MUC:
      return !isToRoom
    default:
      return true
  }
}

function hasOnly({ attrs }: Element, names: readonly string[]): boolean {
  return Object.keys(attrs).every((name) => name === 'xmlns' || names.includes(name))
}

/** Whether an element is such a text, and nothing else. */
function isText(element: Element, pattern: RegExp): boolean {
  return hasOnly(element, []) && element.getChildElements().length === 0 && pattern.test(element.getText().trim())
}

const isPhoto = (element: Element) => element.name === 'photo' && isText(element, PHOTO)

/** Whether a presence says more than that somebody is there. */
export function isWordy(presence: Element, place: PresencePlace): boolean {
  return presence.getChildElements().some((child) => hasWords(child, place))
}

/** Leaves of a presence what clients need; in place. */
export function removeWords(presence: Element, place: PresencePlace): void {
  for (const child of presence.getChildElements()) if (hasWords(child, place)) presence.remove(child)
}

/** Nodes that only their owner reads, unless the owner says otherwise (XEP-0402 §4.1, XEP-0490 §4.1, XEP-0048). */
const PRIVATE_NODES: ReadonlySet<string> = new Set([NS_BOOKMARKS, NS_BOOKMARKS_LEGACY, NS_MDS])

/** What is known of a request that may show others something. */
export interface PublicationFacts {
  /** Others see what it changes. */
  readonly isPublication?: true
  /** It only puts people out of a room, without a word. */
  readonly isRemoval?: true
  readonly media?: 'image'
  /** Of what is published, beside those of the request itself. */
  readonly namespaces: readonly string[]
}

/** Looks at a request; nothing for nearly every one, at the cost of looking at its payload. */
export function publicationFacts(iq: Element): PublicationFacts | undefined {
  const payload = iq.getChildElements()[0]
  if (iq.attrs['type'] === 'get') {
    const node = payload?.getNS() === NS_PUBSUB ? payload?.getChild('items')?.attrs['node'] : undefined
    return node === undefined ? undefined : { namespaces: [node] }
  }
  if (iq.attrs['type'] !== 'set') return undefined
  switch (payload?.getNS()) {
    case NS_PUBSUB:
      return payload && publishFacts(payload)
    // A node that is opened shows what was put there before.
    case NS_PUBSUB_OWNER:
      return payload?.getChild('configure') ? { isPublication: true, namespaces: [] } : undefined
    case NS_MUC_ADMIN:
      return payload && isRemoval(payload) ? { isRemoval: true, namespaces: [] } : undefined
    case NS_VCARD:
      return { isPublication: true, namespaces: [], ...(payload?.getChild('PHOTO') ? { media: 'image' } : {}) }
    default:
      return undefined
  }
}

/** Whether people are only put out of a room, or silenced, and nothing is said about it (XEP-0045 §8.2, §8.4, §9.1). */
function isRemoval(query: Element): boolean {
  const items = query.getChildElements()
  return (
    items.length > 0 &&
    items.every(
      ({ name, attrs: { affiliation, role }, children }) =>
        name === 'item' &&
        children.length === 0 &&
        (affiliation === 'outcast' || affiliation === 'none' || role === 'none' || role === 'visitor'),
    )
  )
}

function publishFacts(pubsub: Element): PublicationFacts | undefined {
  const publish = pubsub.getChild('publish')
  if (!publish) return undefined
  const { node = '' } = publish.attrs
  const items = publish.getChildren('item').flatMap((item) => item.getChildElements())
  const namespaces = [...new Set([node, ...items.map((item) => item.getNS() ?? '')])]
  const isImage =
    namespaces.includes(NS_AVATAR_DATA) ||
    (namespaces.includes(NS_AVATAR_METADATA) && items.some((item) => item.getChild('info') !== undefined)) ||
    (namespaces.includes(NS_VCARD4) && items.some((item) => item.getChild('photo') !== undefined))
  const options = pubsub.getChild('publish-options')
  const said = options && findForm(options, NS_PUBSUB_PUBLISH_OPTIONS)?.values.get('pubsub#access_model')?.[0]
  const isOwn = (said ?? (PRIVATE_NODES.has(node) ? 'whitelist' : 'presence')) === 'whitelist'
  return { namespaces, ...(isOwn ? {} : { isPublication: true }), ...(isImage ? { media: 'image' } : {}) }
}
