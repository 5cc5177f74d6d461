import {
  addImageReaders,
  findCleanImage,
  findReadableImage,
  findStickerPack,
  findUpload,
  hashOfImage,
  listPepItems,
  putImageMapping,
  touchImageMapping,
} from '@drawbridge/db'
import type { ImageMapping } from '@drawbridge/db'
import { NS_STICKERS } from '@drawbridge/image-filter'
import type {
  Around,
  AvatarInfo,
  Edge,
  EncryptionPolicy,
  Lookups,
  MadeImage,
  SharedFile,
} from '@drawbridge/image-filter'
import { E2EE_POLICIES } from '@drawbridge/policy'
import type { ClientIdentity, E2eePolicy } from '@drawbridge/policy'
import { CODES } from '@drawbridge/contract'
import { StanzaFault } from '@drawbridge/xmpp'
import { storeClean } from '../blobs/blobs.ts'
import { isOwnLink, isSecret, parsePath } from '../blobs/link.ts'
import { reEncodingOf } from '../blobs/re-encoding.ts'
import { thumbnailsOf } from '../blobs/thumbnails.ts'
import type { Context } from './feature.ts'
import { sanitizeInline } from './inline-image.ts'
import { isImageRecalled, isUploadRecalled } from './recalled.ts'
import { fetchingFor } from './re-host.ts'

/** Who speaks, and to whom, by bare JID. */
export interface Parties {
  readonly from: string
  readonly to?: string | undefined
}

/**
 * What the image filter has to know about a stanza on one of our edges.
 *
 * @param client - of the account that speaks, now. Without it nothing is fetched: what is stored stays what it is, and
 *   what others send has nobody here whose quota it could be kept under.
 */
export function aroundOf(edge: Edge, parties: Parties, ctx: Context, client?: ClientIdentity): Around {
  const account = ctx.accounts.findByBareJid(parties.from)
  return {
    edge,
    isStrict: ctx.images.isStrict,
    encryption: encryptionOf(parties, ctx),
    keepsLinks: ctx.mediaPolicy(account).externalMedia !== 'strip',
    lookups: {
      ...lookupsOf(parties, ctx),
      ...(account && client ? fetchingFor({ account, client }, ctx) : {}),
    },
  }
}

/** There is no scanner yet; clients that clean for themselves are believed. */
const CARRIED_OUT: { readonly [P in E2eePolicy]?: EncryptionPolicy } = {
  'text-only': 'text-only',
  'client-sanitize': 'allow',
}

/**
 * The stricter answer of the two accounts. In a room the sender's counts: who may not publish keys cannot be encrypted to.
 * What nobody here can carry out yet is refused.
 */
export function encryptionOf({ from, to }: Parties, ctx: Pick<Context, 'accounts' | 'mediaPolicy'>): EncryptionPolicy {
  const sender = ctx.accounts.findByBareJid(from)
  const recipient = to === undefined ? undefined : ctx.accounts.findByBareJid(to)
  const answers = [sender, recipient].flatMap((account) => (account ? [ctx.mediaPolicy(account).e2ee] : []))
  if (answers.length === 0) answers.push(ctx.mediaPolicy().e2ee)
  const strictest = E2EE_POLICIES.find((policy) => answers.includes(policy))
  return (strictest && CARRIED_OUT[strictest]) ?? 'refuse'
}

/** Answers from the database, for a stanza of one account, component or contact. */
function lookupsOf({ from, to }: Parties, ctx: Context): Lookups {
  const { db } = ctx
  const readers = to === undefined ? [from] : [from, to]
  return {
    isOwnLink: (url) => isOwnLink(url, ctx.mediaUrl()) || isOwnLink(url, ctx.publicUrl()),
    findFile: (url) => findFile(url, ctx),
    clean: (bytes, purpose, deadline) => cleanInline(bytes, { purpose, sender: from, readers, deadline }, ctx),
    async findAvatar(sha1) {
      if (!/^[0-9a-f]{40}$/.test(sha1)) return undefined
      const hash = { name: 'sha-1', hash: Buffer.from(sha1, 'hex') } as const
      const found = await findReadableImage(db, from, hash, 'avatar')
      return found && avatarFrom(found)
    },
    async findPack(id) {
      const account = ctx.accounts.findByBareJid(from)
      if (!account) return undefined
      const known = (await findStickerPack(db, account.id, id)) ?? id
      const [item] = await listPepItems(db, account.id, NS_STICKERS, { itemIds: [known], limit: 1 })
      return item?.itemId
    },
    digest: hashOfImage,
  }
}

function avatarFrom({ cleanSha1, cleanType, cleanBytes, widthPx, heightPx }: ImageMapping): AvatarInfo {
  return { id: cleanSha1.toString('hex'), type: cleanType, bytes: cleanBytes, widthPx, heightPx }
}

/** The clean file behind a link of ours; nothing without its secret, before its verdict, or after it was recalled. */
async function findFile(url: string, ctx: Context): Promise<SharedFile | undefined> {
  const path = parsePath(new URL(url).pathname)
  const upload = path && (await findUpload(ctx.db, path.link.id))
  if (!upload || upload.state !== 'clean' || !isSecret(path.link.secret, upload.tokenHash)) return undefined
  const { cleanType, cleanBytes, cleanSha256, widthPx, heightPx, placeholder } = upload
  if (cleanType === null || cleanBytes === null || cleanSha256 === null) return undefined
  if (isUploadRecalled(upload, ctx)) return undefined
  return {
    name: upload.filename,
    type: cleanType,
    bytes: cleanBytes,
    sha256: cleanSha256,
    widthPx: widthPx ?? undefined,
    heightPx: heightPx ?? undefined,
    thumbnails: await thumbnailsOf(upload, ctx),
    placeholder: placeholder ?? undefined,
    reEncoding: reEncodingOf(upload),
  }
}

/** What an image in a stanza is cleaned for, who sends it, and who is to find it by its hash; by bare JID. */
export interface Cleaning {
  readonly purpose: 'avatar' | 'inline'
  readonly sender: string
  readonly readers: readonly string[]
  readonly deadline?: AbortSignal
}

/**
 * The image that replaces these bytes. Bytes of our own making replace themselves, so that what passes twice is not
 * encoded twice. It is in the clean store, and in the map under both its hashes: a device that sends the clean image on
 * must find it.
 *
 * @throws StanzaFault as `sanitizeInline`
 */
export async function cleanInline(
  bytes: Uint8Array | undefined,
  { purpose, sender, readers, deadline }: Cleaning,
  ctx: Pick<
    Context,
    | 'db'
    | 'domain'
    | 'sanitize'
    | 'log'
    | 'blobs'
    | 'accounts'
    | 'images'
    | 'gate'
    | 'now'
    | 'mediaPolicy'
    | 'evidenceRetentionMs'
  >,
): Promise<MadeImage> {
  const { db } = ctx
  const own = bytes && (await findOwn(bytes, ctx))
  if (own) {
    refuseRecalled(own, sender, ctx)
    await touchImageMapping(db, own.mapping)
    await addImageReaders(db, own.mapping, readers, sender)
    return own
  }
  const image = await sanitizeInline(bytes, { profile: purpose, sender }, ctx, deadline)
  const { widthPx, heightPx } = image
  const made = { bytes: image.bytes, type: `image/${image.format}`, widthPx, heightPx }
  refuseRecalled(made, sender, ctx, bytes)
  const { profileVersion } = image
  await keepMade({ ...made, profileVersion }, bytes ? [bytes] : [], { purpose, sender, readers }, ctx)
  return made
}

/** Keeps an image of ours, to be known again by its own bytes and by those that it was made of. */
export async function keepMade(
  { bytes: clean, ...made }: MadeImage & { readonly profileVersion: string },
  sources: readonly Uint8Array[],
  { purpose, sender, readers }: Omit<Cleaning, 'deadline'>,
  { db, blobs }: Pick<Context, 'db' | 'blobs'>,
): Promise<void> {
  await storeClean(db, blobs, clean)
  for (const raw of [...sources, clean]) {
    await putImageMapping(db, { ...made, raw, clean, profile: purpose }, readers, sender)
  }
}

/** An image that is recalled, as an error for whoever sends it. */
export class RecalledImage extends StanzaFault {
  constructor() {
    const { type, condition, text } = CODES['media-recalled']
    super({ type, condition, text: text.en })
  }
}

/**
 * What is recalled is not sent again, either, whatever it is sent as.
 *
 * @param raw - what was sent, where that is not the image itself.
 * @throws RecalledImage
 */
export function refuseRecalled(
  { bytes, type }: Pick<MadeImage, 'bytes' | 'type'>,
  sender: string,
  ctx: Pick<Context, 'gate' | 'domain' | 'now'>,
  raw?: Uint8Array,
): void {
  const rawSha256 = raw && hashOfImage('sha-256', raw)
  const image = { sha256: hashOfImage('sha-256', bytes), type, rawSha256 }
  if (isImageRecalled(image, { from: sender, sentAt: ctx.now() }, ctx)) throw new RecalledImage()
}

/** These bytes as the sanitizer's own work, if they are. SHA-256 decides: SHA-1 can be made to match. */
export async function findOwn(
  bytes: Uint8Array,
  ctx: Pick<Context, 'db'>,
): Promise<(MadeImage & { readonly mapping: ImageMapping }) | undefined> {
  const mapping = await findCleanImage(ctx.db, hashOfImage('sha-256', bytes))
  return mapping && { bytes, type: mapping.cleanType, widthPx: mapping.widthPx, heightPx: mapping.heightPx, mapping }
}
