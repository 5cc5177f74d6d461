import type { ImageFormat, ImageProfile, ImageRejectReason } from '@drawbridge/contract'
import type { Bounds } from './bounds/index.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'

/** How the encoder writes. Each value is one set of fixed options in the encoder child. */
export const ENCODINGS = ['jpeg', 'png', 'png-palette', 'webp', 'webp-lossless', 'webp-animated', 'gif'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** The format that each encoding writes. */
export const FORMAT_OF: Readonly<Record<Encoding, ImageFormat>> = {
  jpeg: 'jpeg',
  png: 'png',
  'png-palette': 'png',
  webp: 'webp',
  'webp-lossless': 'webp',
  'webp-animated': 'webp',
  gif: 'gif',
}

/** Animated GIFs up to this side stay GIF, for clients that show emotes but no WebP. */
const SMALL_GIF_SIDE_PX = 128
/** Stickers up to this side are cheaper and better without loss: a GIF frame has 256 colors. */
const STICKER_SIDE_PX = 320

/** What to do with one image: decided from its header alone. */
export interface Plan {
  readonly inputFormat: ImageFormat
  readonly isAnimated: boolean
  readonly maxInputPixels: number
  readonly maxOutputSidePx: number
  readonly maxFrames: number
  readonly encoding: Encoding
}

/** Largest body of a profile, in bytes. */
export function maxBytesOf(profile: ImageProfile, config: SanitizerConfig): number {
  return profile === 'inline' ? config.maxInlineBytes : config.maxFileBytes
}

/** Checks an image's announced size against the limits (pixels count over all frames) and decides its output. */
export function planFor(
  inputFormat: ImageFormat,
  bounds: Bounds,
  profile: ImageProfile,
  config: SanitizerConfig,
): Plan | ImageRejectReason {
  const { widthPx, heightPx, frames } = bounds
  const maxFrames = profile === 'inline' ? config.maxInlineFrames : config.maxFrames
  const maxInputPixels = maxPixelsOf(inputFormat, frames, profile, config)
  if (widthPx > config.maxSidePx || heightPx > config.maxSidePx) return 'too-large'
  if (frames > maxFrames) return 'too-many-frames'
  if (widthPx * heightPx * frames > maxInputPixels) return 'too-large'
  // An avatar is a still: XEP-0084 and the vCard take the first frame.
  const isAnimated = frames > 1 && profile !== 'avatar'
  return {
    inputFormat,
    isAnimated,
    maxInputPixels,
    maxOutputSidePx: profile === 'avatar' ? config.avatarSidePx : config.maxOutputSidePx,
    maxFrames,
    encoding: profile === 'avatar' ? 'png-palette' : encodingFor(inputFormat, bounds, isAnimated),
  }
}

function maxPixelsOf(format: ImageFormat, frames: number, profile: ImageProfile, config: SanitizerConfig): number {
  if (profile === 'inline') return config.maxInlinePixels
  return format === 'webp' && frames === 1 ? config.maxWebpPixels : config.maxPixels
}

function encodingFor(format: ImageFormat, { widthPx, heightPx, isLossless }: Bounds, isAnimated: boolean): Encoding {
  const sidePx = Math.max(widthPx, heightPx)
  if (isAnimated && format === 'gif' && sidePx <= SMALL_GIF_SIDE_PX) return 'gif'
  if (isAnimated) return isLossless && sidePx <= STICKER_SIDE_PX ? 'webp-lossless' : 'webp-animated'
  if (format === 'gif') return 'png'
  if (format === 'webp' && isLossless) return 'webp-lossless'
  return format
}
