/** Image formats the sanitizer writes: the only ones that are ever delivered. */
export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif'] as const
export type ImageFormat = (typeof IMAGE_FORMATS)[number]

/** Image formats the sanitizer may read: AVIF by setting, and never written. All else is refused as `unsupported`. */
export const INPUT_FORMATS = [...IMAGE_FORMATS, 'avif'] as const
export type InputFormat = (typeof INPUT_FORMATS)[number]

/**
 * Why an image is refused. `failed` covers crash, timeout and verifier failure alike: telling them apart would be an
 * oracle for the sender of a hostile file.
 */
export const IMAGE_REJECT_REASONS = ['unsupported', 'corrupt', 'too-large', 'too-many-frames', 'failed'] as const
export type ImageRejectReason = (typeof IMAGE_REJECT_REASONS)[number]

/** What the clean image is for: it decides limits and output profile. */
export const IMAGE_PROFILES = ['image', 'avatar', 'inline', 'emote'] as const
export type ImageProfile = (typeof IMAGE_PROFILES)[number]

/** Where the bytes came from. Each origin has decoders of its own, so that one cannot taint another. */
export const IMAGE_ORIGINS = ['local', 'remote', 'fetched'] as const
export type ImageOrigin = (typeof IMAGE_ORIGINS)[number]

/** What a sender's file had, for the census. Read from its structure; nothing is decompressed for it. */
export const IMAGE_FEATURES = [
  'alpha',
  'animation',
  'apng',
  'palette',
  'grayscale',
  'cmyk',
  'sixteenBit',
  'lossless',
  'progressive',
  'interlaced',
  'icc',
  'exif',
  'xmp',
  'iptc',
  'c2pa',
  'gainMap',
  'comment',
  'trailingBytes',
] as const
export type ImageFeature = (typeof IMAGE_FEATURES)[number]

/** Those that hold something beside the picture: they are gone afterwards, and whoever sent it may want to know. */
export const REMOVED_FEATURES = [
  'exif',
  'xmp',
  'iptc',
  'c2pa',
  'gainMap',
  'comment',
  'trailingBytes',
] as const satisfies readonly ImageFeature[]
export type RemovedFeature = (typeof REMOVED_FEATURES)[number]

/** Longest sides of the two thumbnails, in pixels. */
export const THUMBNAIL_SIDES_PX = [512, 128] as const
export type ThumbnailSide = (typeof THUMBNAIL_SIDES_PX)[number]

/** A file that our encoder wrote from raw pixels, checked segment by segment. */
export interface CleanFile {
  readonly format: ImageFormat
  readonly widthPx: number
  readonly heightPx: number
  readonly bytes: Uint8Array
}

/** A still, smaller than its image. */
export interface CleanThumbnail extends CleanFile {
  /** The side that it fits into. */
  readonly maxSidePx: ThumbnailSide
}

/** An image made by our encoder from raw pixels; no byte of the sender's file is in it. */
export interface CleanImage extends CleanFile {
  readonly outcome: 'clean'
  readonly inputFormat: InputFormat
  /** 1 for a still. */
  readonly frames: number
  /** Largest first. A size is missing where the image itself is no larger; an animation always has a still. */
  readonly thumbnails: readonly CleanThumbnail[]
  /** A ThumbHash (https://evanw.github.io/thumbhash) in base64, for the time before the image is there. */
  readonly placeholder: string
  /** Average color as `#rrggbb`. */
  readonly dominantColor: string
  /** The file was animated in a way that is not kept (APNG; avatars): its sender should hear that. */
  readonly isAnimationDropped: boolean
  /** What the sender's file had, in the order of `IMAGE_FEATURES`. */
  readonly features: readonly ImageFeature[]
  /** Changes with every setting of the encoders and with their version: files of another one may be made anew. */
  readonly profileVersion: string
  /** Software that read the file, such as `sharp 0.35.5, libvips 8.18.7`. */
  readonly decoder: string
  /** Software that wrote these files. */
  readonly encoder: string
}

/** A final refusal: the same bytes will be refused again under the same `policyVersion`. */
export interface RefusedImage {
  readonly outcome: 'refused'
  readonly reason: ImageRejectReason
  /** What the bytes look like, where sniffing knows: `svg`, `tiff`, `heic`, …; absent when unknown. */
  readonly inputFormat?: string
  /** With the SHA-256 of the bytes, the key under which a `failed` may be kept, so that no child dies of it again. */
  readonly policyVersion?: string
}

/** The bytes carry no image magic and are not SVG: they are some other kind of file. */
export interface NotAnImage {
  readonly outcome: 'not-an-image'
}

export type SanitizeVerdict = CleanImage | RefusedImage | NotAnImage

/** Who pays for an image, and how much work a minute is theirs. */
export interface ImagePayer {
  /** Names the payer to the sanitizer, which learns no account: at most 64 characters, the same one each time. */
  readonly key: string
  readonly pixelsPerMinute: number
  readonly cpuMsPerMinute: number
}

export interface SanitizeOptions {
  readonly signal?: AbortSignal | undefined
  /** Default `local`. */
  readonly origin?: ImageOrigin | undefined
  /** Work that nobody waits for: it yields to everything else. */
  readonly isBulk?: boolean | undefined
  /** Whether policy lets AVIF in here; the sanitizer's own setting must as well. Default false. */
  readonly acceptsAvif?: boolean | undefined
  /** Absent: nobody is charged, as for what an administrator imports. */
  readonly payer?: ImagePayer | undefined
  /** Told while the image waits for its turn, and whenever that changes: how many are ahead of it. */
  readonly onQueued?: ((ahead: number) => void) | undefined
}

/**
 * Asks the sanitizer for a verdict. Rejects with `SanitizerUnavailable` (runtime) when the sanitizer cannot answer now,
 * and with `ImageBudgetSpent`, which is one, when the payer has to wait: never a verdict, so never cached as a refusal.
 */
export type Sanitize = (bytes: Uint8Array, profile: ImageProfile, options?: SanitizeOptions) => Promise<SanitizeVerdict>
