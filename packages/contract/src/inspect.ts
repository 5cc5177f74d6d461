import { FILE_CLASSES } from '@drawbridge/policy'
import type { FileClass } from '@drawbridge/policy'

export { FILE_CLASSES } from '@drawbridge/policy'
export type { FileClass } from '@drawbridge/policy'

/** What a file that is no image was found to be and to hold. Whether it may pass is for the media policy to say. */
export interface FileReport {
  /** What its content is, such as `pdf`, `zip` or `unknown`: for logs and the census. */
  readonly kind: string
  readonly classes: readonly FileClass[]
  /** Files in its archives that were looked at. */
  readonly entries: number
}

/**
 * Asks the sanitizer what a file is: archives are unpacked in one of its children, never in the server. Rejects with
 * `SanitizerUnavailable` (runtime) when it cannot answer now.
 *
 * @param extension - of the file's name, in lower case and without the dot; empty when there is none.
 */
export type InspectFile = (bytes: Uint8Array, extension: string, signal?: AbortSignal) => Promise<FileReport>

/** Why a file that is no image is refused: one of its classes, or what the antivirus engines said or did not say. */
export const FILE_REJECT_REASONS = [...FILE_CLASSES, 'infected', 'unscanned'] as const
export type FileRejectReason = (typeof FILE_REJECT_REASONS)[number]

export type FileAdmission =
  | { readonly outcome: 'admitted'; readonly classes: readonly FileClass[] }
  | { readonly outcome: 'refused'; readonly reason: FileRejectReason }
