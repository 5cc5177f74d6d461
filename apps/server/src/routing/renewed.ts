import { findRenewedImage, hashOfImage, listImageTexts, replaceImageText } from '@drawbridge/db'
import type { ImageTextName, RenewalCounts, StoredText } from '@drawbridge/db'
import { filterImages } from '@drawbridge/image-filter'
import type { MadeImage } from '@drawbridge/image-filter'
import { NS_PUBSUB, StanzaFault, StreamFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, ImageStore, RenewalRun } from './feature.ts'
import { aroundOf, findOwn, keepMade } from './image-lookups.ts'
import type { Cleaning, Parties } from './image-lookups.ts'
import { parseStored } from './parse-stored.ts'
import { isImageRecalled } from './recalled.ts'

/** An image that cannot be made anew, or must not be now; what holds it stays as it is. */
class NotRenewed extends Error {
  override readonly name = 'NotRenewed'
}

/**
 * What an image of ours has become: by the map, where it was made anew before, and by the sanitizer, where the map has
 * forgotten it.
 *
 * @throws Error when the sanitizer or the store cannot answer; that it will not, ends `renewElement`
 */
export async function renewedImage(
  bytes: Uint8Array,
  { purpose, sender, readers }: Omit<Cleaning, 'deadline'>,
  { signal }: RenewalRun,
  ctx: Context,
): Promise<MadeImage> {
  const sha256 = hashOfImage('sha-256', bytes)
  const known = await findRenewedImage(ctx.db, sha256, purpose)
  if (known) {
    const isSame = known.cleanSha256.equals(sha256)
    const clean = isSame ? bytes : await ctx.blobs.clean.read(known.cleanSha256.toString('hex'))
    const { cleanType: type, widthPx, heightPx } = known
    if (clean) return { bytes: clean, type, widthPx, heightPx }
  }
  const own = await findOwn(bytes, ctx)
  if (own) return own
  // A recall may know it by this hash only.
  if (isImageRecalled({ sha256, type: '' }, { from: sender }, ctx)) throw new NotRenewed('it is recalled')
  const verdict = await ctx.sanitize(bytes, purpose, { signal, isBulk: true })
  if (verdict.outcome !== 'clean') throw new NotRenewed(`the sanitizer says ${verdict.outcome}`)
  const { bytes: clean, widthPx, heightPx, format, profileVersion } = verdict
  const made = { bytes: clean, type: `image/${format}`, widthPx, heightPx, profileVersion }
  await keepMade(made, [bytes], { purpose, sender, readers }, ctx)
  return made
}

/** Makes the images in a stanza anew, and what it says of files, or in what is around the payload of an item. In place. */
export async function renewElement(root: Element, parties: Parties, run: RenewalRun, ctx: Context): Promise<void> {
  const around = aroundOf('stored', parties, ctx)
  const { from: sender, to } = parties
  const readers = to === undefined ? [sender] : [sender, to]
  await filterImages(root, {
    ...around,
    isRenewal: true,
    keepsLinks: false,
    lookups: {
      ...around.lookups,
      async clean(bytes, purpose) {
        if (!bytes) throw new NotRenewed('it is not base64')
        return renewedImage(bytes, { purpose, sender, readers }, run, ctx)
      },
    },
  })
}

/** The same for an element that is no stanza, as text: of this account, component or room. */
export async function renewPayload(text: string, from: string, run: RenewalRun, ctx: Context): Promise<Element> {
  const payload = parseStored(text)
  await renewElement(xml('item', { xmlns: NS_PUBSUB }, payload), { from }, run, ctx)
  return payload
}

/**
 * A store of elements as text.
 *
 * @param renew - makes one of them anew; false when there was nothing to do.
 */
export function textStore(
  name: string,
  source: ImageTextName,
  table: string,
  renew: (row: StoredText, run: RenewalRun, ctx: Context) => Promise<boolean>,
): ImageStore {
  return {
    name,
    tables: [table],
    async renewNext(after, run, ctx) {
      const { found, last: next } = await listImageTexts(ctx.db, source, after)
      const counts = await renewEach(name, found, run, ctx, {
        keyOf: ({ key }) => key.join(' '),
        renew: (row) => renew(row, run, ctx),
      })
      return { ...counts, next }
    },
  }
}

/** Makes one after the other anew; what cannot be is counted, and stays as it is. */
export async function renewEach<T>(
  store: string,
  all: readonly T[],
  { signal }: RenewalRun,
  { log }: Context,
  { keyOf, renew }: { readonly keyOf: (one: T) => string; readonly renew: (one: T) => Promise<boolean> },
): Promise<RenewalCounts> {
  const counts = { renewed: 0, kept: 0, failed: 0 }
  for (const one of all) {
    signal.throwIfAborted()
    try {
      if (await renew(one)) counts.renewed += 1
    } catch (error) {
      // What we did not write ourselves may be anything; the filter decides about it when it is shown.
      const isItsOwn = [NotRenewed, StanzaFault, StreamFault].some((kind) => error instanceof kind)
      if (!isItsOwn) throw error
      counts.failed += 1
      log.warn('an image stays as it was', { store, key: keyOf(one), error: String(error) })
    }
  }
  return counts
}

/** A store of elements of accounts that nobody has to be told about. */
export function payloadStore(name: string, source: ImageTextName, table: string): ImageStore {
  return textStore(name, source, table, async (row, run, ctx) => {
    const owner = ctx.accounts.findById(row.key[0] ?? '')
    if (!owner) return false
    const renewed = (await renewPayload(row.text, owner.bareJid, run, ctx)).toString()
    return renewed !== row.text && replaceImageText(ctx.db, source, row, renewed)
  })
}
