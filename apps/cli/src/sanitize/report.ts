import type { ImageFeature, ImageFormat, ImageRejectReason } from '@drawbridge/contract'

/** A file that was written. */
interface Written {
  /** Relative to the directory it was written to. */
  readonly output: string
  readonly bytes: number
  /** Of its content, in hexadecimal. */
  readonly sha256: string
}

/** Which entry. */
interface Named {
  /** Relative to the argument; bytes that are no UTF-8 as `\xff`. */
  readonly file: string
  /** The same as the file system has it, in base64, where it is no UTF-8. */
  readonly fileBytes?: string
}

/** What became of one entry. Without times and random values: the same version says the same of the same file. */
export type FileReport = Named & Fate

type Fate =
  | {
      readonly verdict: 'clean'
      readonly inputFormat: string
      readonly outputFormat: ImageFormat
      readonly bytesIn: number
      readonly bytesOut: number
      readonly sha256: string
      readonly widthPx: number
      readonly heightPx: number
      readonly frames: number
      readonly features: readonly ImageFeature[]
      /** Relative to --out. */
      readonly output: string
      /** Relative to --thumbnails, where that was asked for. */
      readonly thumbnails?: readonly Written[]
      /** Settings and version of the encoder: another one gives other files. */
      readonly profileVersion: string
    }
  | {
      readonly verdict: 'refused'
      readonly reason: ImageRejectReason
      readonly inputFormat?: string
      readonly bytesIn: number
    }
  | { readonly verdict: 'skipped'; readonly kind: 'link' | 'other' }
  /** Neither clean nor refused: it could not be read, or there was no answer. Another run may do better. */
  | { readonly verdict: 'failed'; readonly why: 'unreadable' | 'unanswered' }

const REASON: Readonly<Record<ImageRejectReason, string>> = {
  unsupported: 'not an image of a kind that is accepted',
  corrupt: 'the file is damaged or cut off',
  'too-large': 'too many bytes or pixels',
  'too-many-frames': 'too many frames',
  failed: 'it could not be decoded safely',
}
const WHY = { unreadable: 'the file cannot be read', unanswered: 'the sanitizer gave no answer' } as const
const KIND = { link: 'a symbolic link, not followed', other: 'neither a file nor a directory' } as const

/** One line for a person. */
export function lineOf(report: FileReport): string {
  const start = `${report.verdict.padEnd(7)}  ${visible(report.file)}`
  switch (report.verdict) {
    case 'skipped':
      return `${start}  ${KIND[report.kind]}`
    case 'failed':
      return `${start}  ${WHY[report.why]}`
    case 'refused': {
      const { inputFormat = 'unknown', bytesIn, reason } = report
      return `${start}  ${inputFormat}  ${bytesIn} bytes  ${reason}: ${REASON[reason]}`
    }
    case 'clean': {
      const { inputFormat, outputFormat, bytesIn, bytesOut, widthPx, heightPx, frames, output } = report
      const shape = `${widthPx}x${heightPx}${frames > 1 ? `, ${frames} frames` : ''}`
      return `${start}  ${inputFormat} -> ${outputFormat}  ${bytesIn} -> ${bytesOut} bytes  ${shape}  ${visible(output)}`
    }
  }
}

/** A name without what steers a terminal or turns the direction of writing: whoever made the file chose it. */
function visible(name: string): string {
  return name.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
