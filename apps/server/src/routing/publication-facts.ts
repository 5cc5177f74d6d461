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

// What somebody says to others without a message: in presence, in what is published about oneself (XEP-0163), in a vCard.
// Rules that stop messages are asked about that, too, or people would go on talking in their status.

const SHOWS: ReadonlySet<string> = new Set(['away', 'chat', 'dnd', 'xa'])
/** Children of a presence that clients need and people do not write, by namespace. */
const TECHNICAL: ReadonlySet<string> = new Set([NS_CAPS, NS_CAPS2, NS_VCARD_UPDATE, NS_MUC, 'urn:xmpp:idle:1'])

/** Whether a child of a presence may say something in words. */
function hasWords(child: Element): boolean {
  if (child.name === 'priority') return false
  if (child.name === 'show') return !SHOWS.has(child.getText().trim())
  return !TECHNICAL.has(child.getNS() ?? '')
}

/** Whether a presence says more than that somebody is there. */
export function isWordy(presence: Element): boolean {
  return presence.getChildElements().some(hasWords)
}

/** Leaves of a presence what clients need; in place. */
export function removeWords(presence: Element): void {
  for (const child of presence.getChildElements()) if (hasWords(child)) presence.remove(child)
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
