import type { CleanImage } from '@drawbridge/contract'
import { uuidv7 } from '@drawbridge/db'
import type { NewDerivative, PublishedFile } from '@drawbridge/db'
import type { Context } from '../routing/feature.ts'
import { storeClean } from './blobs.ts'

/** Stores what the sanitizer made: the file, and its thumbnails under new ids. */
export async function cleanFiles(
  { db, blobs }: Pick<Context, 'db' | 'blobs'>,
  image: CleanImage,
): Promise<{ readonly file: PublishedFile; readonly derivatives: readonly NewDerivative[] }> {
  const derivatives: NewDerivative[] = []
  for (const { maxSidePx, format, widthPx, heightPx, bytes: thumbnail } of image.thumbnails) {
    const sha256 = await storeClean(db, blobs, thumbnail)
    const type = `image/${format}`
    derivatives.push({ id: uuidv7(), maxSidePx, sha256, bytes: thumbnail.length, type, widthPx, heightPx })
  }
  return { file: fileOf(image, await storeClean(db, blobs, image.bytes)), derivatives }
}

function fileOf(image: CleanImage, cleanSha256: Buffer): PublishedFile & { readonly cleanSha256: Buffer } {
  const { format, widthPx, heightPx, placeholder, dominantColor, profileVersion, decoder, encoder } = image
  const { features: sourceFeatures, isAnimationDropped, frames } = image
  const made = { widthPx, heightPx, placeholder, dominantColor, profileVersion, decoder, encoder }
  const facts = { ...made, sourceFeatures, isAnimationDropped, frames }
  return { cleanSha256, cleanBytes: image.bytes.length, cleanType: `image/${format}`, ...facts }
}
