import { findImageBySha1 } from '@drawbridge/db'
import {
  findBase64,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_EME,
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OPENPGP,
  NS_OPENPGP_LEGACY,
  scanForInlineImages,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import { imageRefused } from '../../routing/inline-image.ts'
import { pubsubFault } from './errors.ts'

/** Longest payload, in characters: of a node whose content we know, and of any other (images §6, row 21). */
const MAX_KNOWN_LENGTH = 65_536
const MAX_UNKNOWN_LENGTH = 16_384

const KNOWN_NODES: ReadonlySet<string> = new Set([
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  'http://jabber.org/protocol/nick',
  'http://jabber.org/protocol/mood',
  'http://jabber.org/protocol/activity',
  'http://jabber.org/protocol/tune',
  'urn:xmpp:bookmarks:1',
  'urn:xmpp:mds:displayed:0',
  'urn:xmpp:vcard4',
  'storage:bookmarks',
])

const ENCRYPTION: readonly string[] = [NS_OMEMO, NS_OMEMO_LEGACY, NS_OPENPGP, NS_OPENPGP_LEGACY, NS_EME]

/**
 * Refuses what must not reach another person's client: images that the sanitizer did not make, whatever they are called,
 * and keys for encryption that nobody could check (images §1, §6 rows 10, 16, 21, 24).
 */
export async function refuseContent(node: string, payload: Element, text: string, ctx: Context): Promise<void> {
  if (ENCRYPTION.some((namespace) => node.startsWith(namespace)) || holdsEncryption(payload)) {
    throw new StanzaFault({
      condition: 'policy-violation',
      text: 'End-to-end encryption is not allowed on this server.',
    })
  }
  if (text.length > (KNOWN_NODES.has(node) ? MAX_KNOWN_LENGTH : MAX_UNKNOWN_LENGTH)) {
    throw pubsubFault('not-acceptable', 'payload-too-big', 'This item is too large.')
  }
  if (node === NS_AVATAR_DATA && payload.is('data', NS_AVATAR_DATA)) {
    if (!(await isClean(payload, ctx))) throw imageRefused('unsupported')
    return
  }
  if (scanForInlineImages(xml('item', {}, payload.clone())).length > 0) throw imageRefused('unsupported')
}

/** Whether these bytes are known to have been made by the sanitizer: the avatar feature has put them there. */
async function isClean(data: Element, ctx: Context): Promise<boolean> {
  const bytes = findBase64(data.getText())
  if (!bytes || data.getChildElements().length > 0) return false
  const image = await findImageBySha1(ctx.db, createHash('sha1').update(bytes).digest())
  return image !== undefined && createHash('sha256').update(bytes).digest().equals(image.cleanSha256)
}

function holdsEncryption(payload: Element): boolean {
  const work = [payload]
  for (let next = work.pop(); next; next = work.pop()) {
    if (ENCRYPTION.includes(next.getNS() ?? '')) return true
    work.push(...next.getChildElements())
  }
  return false
}
