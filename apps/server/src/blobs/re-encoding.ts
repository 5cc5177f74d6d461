import { REMOVED_FEATURES } from '@drawbridge/contract'
import type { Upload } from '@drawbridge/db'
import type { ReEncoding } from '@drawbridge/image-filter'

/** What became of a sender's image; nothing for another file, and for one of a time when nobody noted it. */
export function reEncodingOf(upload: Upload): ReEncoding | undefined {
  const { declaredBytes, sourceFeatures, isAnimationDropped, frames } = upload
  if (sourceFeatures === null || frames === null) return undefined
  return {
    fromBytes: declaredBytes,
    removed: REMOVED_FEATURES.filter((feature) => sourceFeatures.includes(feature)),
    isAnimationDropped: isAnimationDropped === true,
    frames,
  }
}
