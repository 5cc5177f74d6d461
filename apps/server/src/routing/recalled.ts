import { listCleanHashesBySha1, listImageSenders } from '@drawbridge/db'
import type { ImageMapping, Upload } from '@drawbridge/db'
import { NOTICE } from '@drawbridge/image-filter'
import { compileRecalls } from '@drawbridge/policy'
import type { FileFacts, FindRecall, RecallSetting } from '@drawbridge/policy'
import { findJid, NS_AVATAR_METADATA, scanForInlineImages, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import type { Context } from './feature.ts'

// A recall is about images wherever they are (control §2, row 35). Files are asked about when they are fetched; what
// stanzas and items hold themselves is looked at when it is shown: it stays stored, and is there again when the recall
// ends.

/** Where an image in a stanza comes from. */
export interface Provenance {
  /** Bare JID of whoever sent or published it. */
  readonly from: string
  /** Absent: nobody knows. */
  readonly sentAt?: Date | undefined
}

type Needed = Pick<Context, 'gate' | 'domain'>

const compiled = new WeakMap<readonly RecallSetting[], FindRecall>()

/** The recalls in force; nothing where there is none, which is the common case. */
function recallsIn({ settings: { recalls, modes } }: Context['gate']): FindRecall | undefined {
  if (recalls.length === 0 || (modes.recall ?? 'enforce') !== 'enforce') return undefined
  const known = compiled.get(recalls) ?? compileRecalls(recalls)
  compiled.set(recalls, known)
  return known
}

/** Whether anything is recalled at all. */
export function hasRecalls({ gate }: Pick<Context, 'gate'>): boolean {
  return recallsIn(gate) !== undefined
}

/** Whether a file of ours is recalled. @param type - its media type, as our encoder said it. */
export function isRecalled(file: FileFacts, type: string, { gate }: Pick<Context, 'gate'>): boolean {
  const format = type.startsWith('image/') ? type.slice('image/'.length) : undefined
  return recallsIn(gate)?.(file, format) !== undefined
}

/** The same for a file by its row. */
export function isUploadRecalled(
  { id, accountId, cleanSha256, cleanType, createdAt }: Upload,
  { gate }: Pick<Context, 'gate'>,
): boolean {
  if (!cleanSha256) return false
  const senderId = accountId ?? undefined
  const file = { id, sha256: cleanSha256.toString('hex'), senderId, sentAt: createdAt.getTime() }
  return isRecalled(file, cleanType ?? '', { gate })
}

/** An image of a stanza or an item. */
export interface RecallableImage {
  readonly sha256: Uint8Array
  readonly type: string
  /** Of what was sent, where that is at hand. */
  readonly rawSha256?: Uint8Array | undefined
}

/** The same for an image of a stanza or an item. */
export function isImageRecalled(
  { sha256, type, rawSha256 }: RecallableImage,
  { from, sentAt }: Provenance,
  { gate, domain }: Needed,
): boolean {
  const file: FileFacts = {
    sha256: hexOf(sha256),
    source: rawSha256 && { sha256: hexOf(rawSha256), format: undefined },
    sender: localpartHere(from, domain),
    sentAt: sentAt?.getTime() ?? Number.NaN,
    room: from,
  }
  return isRecalled(file, type, { gate })
}

/** Of a bare JID of ours: whether there is such an account still, or again, does not matter. */
function localpartHere(bareJid: string, domain: string): string | undefined {
  return bareJid.endsWith(`@${domain}`) ? bareJid.slice(0, -domain.length - 1) : undefined
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Every element that holds an image has one of these in its text. */
const CARRIERS = ['urn:xmpp:bob', 'urn:xmpp:avatar:data', 'BINVAL'] as const

/** Whether a stored stanza or item may hold something that is recalled: to be parsed then, and looked through. */
export function mayHoldRecalled(text: string, ctx: Pick<Context, 'gate'>): boolean {
  return hasRecalls(ctx) && CARRIERS.some((carrier) => text.includes(carrier))
}

/**
 * Takes recalled images out of a stanza, or of an element around the payload of an item; in place. It has passed the
 * filter, so every image in it is ours. True when something went.
 */
export function withoutRecalled(root: Element, provenance: Provenance, ctx: Needed): boolean {
  let hasLost = false
  for (const image of scanForInlineImages(root)) {
    if (image.kind !== 'bob' && image.kind !== 'avatar' && image.kind !== 'vcard') continue
    if (!image.bytes) continue
    const sha256 = createHash('sha256').update(image.bytes).digest()
    // XEP-0084 §3: what we publish as an avatar is PNG.
    const type = (image.kind === 'avatar' ? undefined : image.type) ?? 'image/png'
    if (!isImageRecalled({ sha256, type }, provenance, ctx)) continue
    const gone = image.kind === 'vcard' ? (image.element.parent ?? image.element) : image.element
    gone.parent?.remove(gone)
    hasLost = true
  }
  if (hasLost && root.is('message') && !root.getChild('body')) root.append(xml('body', {}, NOTICE))
  return hasLost
}

/** Takes out of metadata of an avatar what names a recalled one: no image at all is what clients are to show (XEP-0084 §4.2.3). */
export async function withoutRecalledInfo(root: Element, provenance: Provenance, ctx: Context): Promise<boolean> {
  const infos = root.getChild('metadata', NS_AVATAR_METADATA)?.getChildren('info') ?? []
  if (infos.length === 0 || !hasRecalls(ctx)) return false
  const ids = infos.map(({ attrs }) => attrs['id'] ?? '').filter((id) => /^[0-9a-f]{40}$/.test(id))
  const hashes = await listCleanHashesBySha1(ctx.db, ids)
  let hasLost = false
  for (const info of infos) {
    const { id = '', type = 'image/png' } = info.attrs
    const sha256 = hashes.get(id) ?? Buffer.alloc(0)
    if (!isImageRecalled({ sha256, type }, provenance, ctx)) continue
    info.parent?.remove(info)
    hasLost = true
  }
  return hasLost
}

/** Whether an image that is asked for by its hash is recalled: whoever of its senders a recall names. */
export async function isMappedRecalled(image: ImageMapping, asked: string, ctx: Context): Promise<boolean> {
  if (!hasRecalls(ctx)) return false
  const { cleanSha256: sha256, cleanType: type, createdAt: sentAt } = image
  const senders = await listImageSenders(ctx.db, image)
  return [...senders, asked].some((from) => isImageRecalled({ sha256, type }, { from, sentAt }, ctx))
}

/** Who sent a stanza, by bare JID. */
export function senderOf({ attrs: { from = '' } }: Element): string {
  return findJid(from)?.bareString ?? from
}
