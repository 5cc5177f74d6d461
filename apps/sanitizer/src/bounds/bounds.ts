import type { ImageFeature, ImageRejectReason } from '@drawbridge/contract'

/** What an image announces about itself, before anything is decoded. */
export interface Bounds {
  readonly widthPx: number
  readonly heightPx: number
  /** 1 for a still. */
  readonly frames: number
  /** What else is in the file, by its structure. `lossless`: every frame is stored so. */
  readonly features: ReadonlySet<ImageFeature>
  /** Where the image ends; what follows is not shown to the decoder. */
  readonly endOffset: number
}

/** The header cannot be that of an image we read. */
export class BoundsError extends Error {
  readonly reason: ImageRejectReason

  constructor(reason: ImageRejectReason, why: string) {
    super(why)
    this.reason = reason
  }
}
