import {
  findPictureToRenew,
  findUploadToRenew,
  renewImageMappings,
  replaceImageText,
  replaceUploadFile,
} from '@drawbridge/db'
import type { RenewalCounts } from '@drawbridge/db'
import type { ImageProfile } from '@drawbridge/contract'
import { storeClean } from '../blobs/blobs.ts'
import { cleanFiles } from '../blobs/clean-files.ts'
import type { Context, ImageStore, RenewalRun } from '../routing/feature.ts'
import { partiesOf } from '../routing/filter-stored.ts'
import { parseStored } from '../routing/parse-stored.ts'
import { isMappedRecalled, isUploadRecalled } from '../routing/recalled.ts'
import { payloadStore, renewElement, textStore } from '../routing/renewed.ts'

type Fate = keyof RenewalCounts

const one = (fate: Fate): RenewalCounts => ({ renewed: 0, kept: 0, failed: 0, [fate]: 1 })
const NONE = { renewed: 0, kept: 0, failed: 0, next: undefined } as const

/** Files and their thumbnails (XEP-0363), one at a time: each may be large. */
const uploads: ImageStore = {
  name: 'uploads',
  tables: ['upload', 'upload_derivative'],
  isCounted: true,
  async renewNext(after, run, ctx) {
    const upload = await findUploadToRenew(ctx.db, run.startedAt, after)
    if (!upload) return NONE
    const next = [upload.id]
    // A recall may know it by its hash, and nobody is served it meanwhile.
    if (!upload.cleanSha256 || isUploadRecalled(upload, ctx) || isCurrent(upload, run)) return { ...one('kept'), next }
    const raw = await ctx.blobs.clean.read(upload.cleanSha256.toString('hex'))
    const image = raw && (await makeAnew(raw, 'image', { id: upload.id }, run, ctx))
    if (!image) return { ...one('failed'), next }
    if (isCurrent(upload, run)) return { ...one('kept'), next }
    const { file, derivatives } = await cleanFiles(ctx, image)
    const { bytes: clean, widthPx, heightPx, profileVersion } = image
    const mapped = { raw, clean, type: file.cleanType, widthPx, heightPx, profileVersion }
    const isReplaced = await replaceUploadFile(ctx.db, upload, file, derivatives, mapped)
    return { ...one(isReplaced ? 'renewed' : 'kept'), next }
  },
}

/**
 * Images that stanzas and items hold, each once, whoever has it: what they become is in the map then, which the stores
 * below read, and which answers who asks for one by an earlier hash.
 */
const pictures: ImageStore = {
  name: 'pictures',
  tables: ['image_map'],
  isCounted: true,
  async renewNext(after, run, ctx) {
    const picture = await findPictureToRenew(ctx.db, run.startedAt, after)
    if (!picture) return NONE
    const { cleanSha256, profile } = picture
    const sha256 = cleanSha256.toString('hex')
    const next = [sha256, profile]
    if ((await isMappedRecalled(picture, '', ctx)) || isCurrent(picture, run)) return { ...one('kept'), next }
    const raw = await ctx.blobs.clean.read(sha256)
    const image = raw && (await makeAnew(raw, profile as ImageProfile, { sha256 }, run, ctx))
    if (!image) return { ...one('failed'), next }
    if (isCurrent(picture, run)) return { ...one('kept'), next }
    const { bytes: clean, widthPx, heightPx, profileVersion } = image
    const isOther = !cleanSha256.equals(await storeClean(ctx.db, ctx.blobs, clean))
    const made = { raw, clean, profile, type: `image/${image.format}`, widthPx, heightPx, profileVersion }
    await renewImageMappings(ctx.db, made)
    return { ...one(isOther ? 'renewed' : 'kept'), next }
  },
}

const isCurrent = ({ profileVersion }: { readonly profileVersion: string | null }, run: RenewalRun) =>
  !run.isEverything && profileVersion !== null && profileVersion === run.profileVersion

/** What today's encoders make of an image of ours; nothing when they cannot, and what is there stays. */
async function makeAnew(
  raw: Uint8Array,
  profile: ImageProfile,
  known: Readonly<Record<string, string>>,
  run: RenewalRun,
  { sanitize, log }: Context,
) {
  const verdict = await sanitize(raw, profile, { signal: run.signal, isBulk: true })
  if (verdict.outcome === 'clean') {
    run.profileVersion = verdict.profileVersion
    return verdict
  }
  // Our own encoder wrote it: that it cannot be read is worth somebody's attention.
  log.error('an image of ours cannot be made anew', { ...known, outcome: verdict.outcome })
  return undefined
}

/** Messages in archives, those that are held back or wait for their recipients included: each is stored once. */
const messages = textStore('messages', 'messages', 'message', async (row, run, ctx) => {
  const message = parseStored(row.text)
  await renewElement(message, partiesOf(message), run, ctx)
  const renewed = message.toString()
  return renewed !== row.text && replaceImageText(ctx.db, 'messages', row, renewed)
})

/**
 * THE list of places where images of ours are kept or described, in the order in which they are made anew: files first,
 * then what is said of them; packs of stickers before the messages that name them.
 */
export function imageStores(ctx: Pick<Context, 'imageStores'>): readonly ImageStore[] {
  return [
    uploads,
    pictures,
    ...ctx.imageStores,
    payloadStore('items', 'items', 'pep_item'),
    payloadStore('private elements', 'private', 'private_xml'),
    payloadStore('requests', 'requests', 'presence_request'),
    messages,
  ]
}
