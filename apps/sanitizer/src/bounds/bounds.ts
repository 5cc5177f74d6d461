import type { ImageFeature, ImageRejectReason } from '@drawbridge/contract'

/** What an image announces about itself, before anything is decoded. */
export interface Bounds {
  readonly widthPx: number
  readonly heightPx: number
  /**
   * The part of a GIF's screen up to the far corner of its first frame. libnsgif takes it for the size where it does not
   * believe the screen: one above 2,048 pixels, or of the monitors of old, which some encoders wrote for any picture.
   */
  readonly drawn?: { readonly widthPx: number; readonly heightPx: number }
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
