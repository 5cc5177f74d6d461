import { CODES } from '@drawbridge/contract'
import { filterImages, imageRefused, NS_STICKERS } from '@drawbridge/image-filter'
import {
  ENCRYPTION_FAMILY,
  findBase64,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_PUBSUB,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { ClientIdentity } from '@drawbridge/policy'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { aroundOf, encryptionOf, findOwn } from '../../routing/image-lookups.ts'
import { pubsubFault } from './errors.ts'

/** Longest payload, in characters: of a node whose content we know, and of any other (images §6, row 21). */
const MAX_KNOWN_LENGTH = 65_536
const MAX_UNKNOWN_LENGTH = 16_384

const KNOWN_NODES: ReadonlySet<string> = new Set([
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_STICKERS,
  'http://jabber.org/protocol/nick',
  'http://jabber.org/protocol/mood',
  'http://jabber.org/protocol/activity',
  'http://jabber.org/protocol/tune',
  'urn:xmpp:bookmarks:1',
  'urn:xmpp:mds:displayed:0',
  'urn:xmpp:vcard4',
  'storage:bookmarks',
])

/**
 * Makes an item harmless for other people's clients, in place, or refuses it: images that the sanitizer did not make,
 * whatever they are called, and keys for encryption that nobody could check (images §1, §6 rows 10, 16, 18, 21, 24).
 *
 * @param publisher - bare JID of whoever publishes.
 * @param client - what it publishes with; absent where it says something else, and nothing is fetched for it.
 */
export async function cleanItem(
  owner: Account,
  { node, publisher, client }: { readonly node: string; readonly publisher: string; readonly client?: ClientIdentity },
  payload: Element,
  ctx: Context,
): Promise<void> {
  const parties = { from: publisher, to: owner.bareJid }
  if (ENCRYPTION_FAMILY.test(node) && encryptionOf(parties, ctx) === 'refuse') throw encryptionRefused()
  if (payload.toString().length > (KNOWN_NODES.has(node) ? MAX_KNOWN_LENGTH : MAX_UNKNOWN_LENGTH)) {
    throw pubsubFault('not-acceptable', 'payload-too-big', 'This item is too large.')
  }
  if (node === NS_AVATAR_DATA && payload.is('data', NS_AVATAR_DATA)) {
    if (!(await isOurs(payload, ctx))) throw imageRefused('unsupported')
    return
  }
  // The avatars' feature has written it anew before.
  if (node === NS_AVATAR_METADATA && publisher === owner.bareJid) return
  // Inside an element of its own, so that the payload itself can be judged like anything in it.
  const wrapper = xml('item', { xmlns: NS_PUBSUB }, payload)
  await filterImages(wrapper, aroundOf('component', parties, ctx, client))
  if (!wrapper.children.includes(payload)) throw imageRefused('unsupported')
  payload.parent = null
}

function encryptionRefused(): StanzaFault {
  const { type, condition, text } = CODES['encryption-refused']
  return new StanzaFault({ type, condition, text: text.en })
}

/** Whether the sanitizer made these bytes: the avatars' feature has put them there. */
async function isOurs(data: Element, ctx: Context): Promise<boolean> {
  const bytes = findBase64(data.getText())
  return bytes !== undefined && data.getChildElements().length === 0 && (await findOwn(bytes, ctx)) !== undefined
}
