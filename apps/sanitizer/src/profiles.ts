import { createHash } from 'node:crypto'
import { THUMBNAIL_SIDES_PX, type ImageProfile, type ImageRejectReason, type InputFormat } from '@drawbridge/contract'
import type { Bounds } from './bounds/index.ts'
import { ENCODINGS, type Encoding } from './encodings.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'

/** Animated GIFs up to this side stay GIF, for clients that show emotes but no WebP. */
const SMALL_GIF_SIDE_PX = 128
/** Stickers up to this side are cheaper and better without loss: a GIF frame has 256 colors. */
const STICKER_SIDE_PX = 320
const EMOTE_SIDE_PX = 256
/** Emotes are many in one message. */
const MAX_EMOTE_BYTES = 256 * 1024
const MAX_EMOTE_PIXELS = 1_000_000

/** What to do with one image: decided from its header alone. */
export interface Plan {
  readonly inputFormat: InputFormat
  readonly isAnimated: boolean
  /** The file moves, and what comes out of it will not. */
  readonly isAnimationDropped: boolean
  readonly maxInputPixels: number
  readonly maxOutputSidePx: number
  readonly maxOutputBytes: number
  readonly maxFrames: number
  /** What the image is written as; `hasAlpha` is known when it is decoded. */
  readonly encoding: (hasAlpha: boolean) => Encoding
  /** Sides of the thumbnails, largest first; none for what is small by itself. */
  readonly thumbnailSidesPx: readonly (typeof THUMBNAIL_SIDES_PX)[number][]
}

/** What differs between the profiles. */
interface Limits {
  readonly maxBytes: number
  readonly maxFrames: number
  readonly maxPixels: number
  readonly maxOutputSidePx: number
  readonly maxOutputBytes: number
}

function limitsOf(profile: ImageProfile, config: SanitizerConfig): Limits {
  const image = {
    maxBytes: config.maxFileBytes,
    maxFrames: config.maxFrames,
    maxPixels: config.maxPixels,
    maxOutputSidePx: config.maxOutputSidePx,
    maxOutputBytes: Number.POSITIVE_INFINITY,
  }
  const inline = {
    ...image,
    maxBytes: config.maxInlineBytes,
    maxFrames: config.maxInlineFrames,
    maxPixels: config.maxInlinePixels,
  }
  const emote = { maxFrames: config.maxInlineFrames, maxOutputSidePx: EMOTE_SIDE_PX, maxOutputBytes: MAX_EMOTE_BYTES }
  return {
    image,
    inline,
    avatar: { ...image, maxOutputSidePx: config.avatarSidePx },
    emote: { ...image, ...emote },
  }[profile]
}

/** Largest body of a profile, in bytes. */
export function maxBytesOf(profile: ImageProfile, config: SanitizerConfig): number {
  return limitsOf(profile, config).maxBytes
}

/** Checks an image's announced size against the limits (pixels count over all frames) and decides its output. */
export function planFor(
  inputFormat: InputFormat,
  bounds: Bounds,
  profile: ImageProfile,
  config: SanitizerConfig,
): Plan | ImageRejectReason {
  const { widthPx, heightPx, frames } = bounds
  const { maxFrames, maxPixels, maxOutputSidePx, maxOutputBytes } = limitsOf(profile, config)
  const maxInputPixels = Math.min(maxPixels, maxPixelsOf(inputFormat, frames, config))
  if (widthPx > config.maxSidePx || heightPx > config.maxSidePx) return 'too-large'
  if (frames > maxFrames) return 'too-many-frames'
  if (widthPx * heightPx * frames > maxInputPixels) return 'too-large'
  if (profile === 'emote' && widthPx * heightPx > MAX_EMOTE_PIXELS) return 'too-large'
  // An avatar is a still: XEP-0084 and the vCard take the first frame.
  const isAnimated = frames > 1 && profile !== 'avatar'
  const hasThumbnails = profile === 'image' || profile === 'inline'
  return {
    inputFormat,
    isAnimated,
    isAnimationDropped: bounds.features.has('animation') && !isAnimated,
    maxInputPixels,
    maxOutputSidePx,
    maxOutputBytes,
    maxFrames,
    encoding: (hasAlpha) =>
      profile === 'avatar' ? 'png-palette' : encodingFor(inputFormat, bounds, isAnimated, hasAlpha),
    thumbnailSidesPx: hasThumbnails
      ? THUMBNAIL_SIDES_PX.filter((sidePx) => isAnimated || Math.max(widthPx, heightPx) > sidePx)
      : [],
  }
}

function maxPixelsOf(format: InputFormat, frames: number, config: SanitizerConfig): number {
  if (format === 'avif') return config.maxAvifPixels
  return format === 'webp' && frames === 1 ? config.maxWebpPixels : config.maxPixels
}

function encodingFor(
  format: InputFormat,
  { widthPx, heightPx, features }: Bounds,
  isAnimated: boolean,
  hasAlpha: boolean,
): Encoding {
  const sidePx = Math.max(widthPx, heightPx)
  const isLossless = features.has('lossless')
  if (isAnimated && format === 'gif' && sidePx <= SMALL_GIF_SIDE_PX) return 'gif'
  if (isAnimated) return isLossless && sidePx <= STICKER_SIDE_PX ? 'webp-lossless' : 'webp-animated'
  if (format === 'gif') return 'png'
  if (format === 'webp' && isLossless) return 'webp-lossless'
  if (format === 'avif') return hasAlpha ? 'webp' : 'jpeg'
  return format
}

/**
 * Names everything that decides how a clean file looks: the encodings, the sides, and the software that writes.
 *
 * @param encoder - name and versions of that software.
 */
export function profileVersionOf(config: SanitizerConfig, encoder: string): string {
  const { maxOutputSidePx, avatarSidePx } = config
  return versionOf([ENCODINGS, THUMBNAIL_SIDES_PX, EMOTE_SIDE_PX, maxOutputSidePx, avatarSidePx, encoder])
}

/** Names everything that decides whether a file is refused: the limits, and the software that reads. */
export function policyVersionOf(config: SanitizerConfig, decoder: string): string {
  const { socket: _socket, ...limits } = config
  return versionOf([limits, MAX_EMOTE_BYTES, MAX_EMOTE_PIXELS, decoder])
}

function versionOf(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)
}
