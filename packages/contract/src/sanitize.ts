/** Image formats the sanitizer reads and writes. Everything else is refused as `unsupported`. */
export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif'] as const
export type ImageFormat = (typeof IMAGE_FORMATS)[number]

/**
 * Why an image is refused. `failed` covers crash, timeout and verifier failure alike: telling them apart would be an
 * oracle for the sender of a hostile file.
 */
export const IMAGE_REJECT_REASONS = ['unsupported', 'corrupt', 'too-large', 'too-many-frames', 'failed'] as const
export type ImageRejectReason = (typeof IMAGE_REJECT_REASONS)[number]

/** What the clean image is for: it decides limits and output profile. */
export const IMAGE_PROFILES = ['image', 'avatar', 'inline'] as const
export type ImageProfile = (typeof IMAGE_PROFILES)[number]

/** An image made by our encoder from raw pixels; no byte of the sender's file is in it. */
export interface CleanImage {
  readonly outcome: 'clean'
  readonly format: ImageFormat
  readonly inputFormat: ImageFormat
  readonly widthPx: number
  readonly heightPx: number
  readonly frames: number
  readonly bytes: Uint8Array
}

/** A final refusal: the same bytes will be refused again. */
export interface RefusedImage {
  readonly outcome: 'refused'
  readonly reason: ImageRejectReason
  /** What the bytes look like, where sniffing knows: `svg`, `tiff`, `heic`, …; absent when unknown. */
  readonly inputFormat?: string
}

/** The bytes carry no image magic and are not SVG: they are some other kind of file. */
export interface NotAnImage {
  readonly outcome: 'not-an-image'
}

export type SanitizeVerdict = CleanImage | RefusedImage | NotAnImage

/**
 * Asks the sanitizer for a verdict. Rejects with `SanitizerUnavailable` (runtime) when the sanitizer cannot answer now:
 * never a verdict, so never cached as a refusal.
 */
export type Sanitize = (bytes: Uint8Array, profile: ImageProfile, signal?: AbortSignal) => Promise<SanitizeVerdict>
