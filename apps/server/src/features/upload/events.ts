import { FILE_REJECT_REASONS, IMAGE_REJECT_REASONS } from '@drawbridge/contract'
import { counter } from '@drawbridge/runtime'
import { INTERRUPTED, NO_ROOM, OVER_BUDGET, RECALLED, SUSPENDED, UNCHECKED } from '../../blobs/reasons.ts'
import { storedReason } from '../../files/rejections.ts'

/** What senders of whole files were told; `unavailable`: there was no verdict in time. */
export const countUpload = counter('drawbridge_uploads_total', 'Uploaded files, by verdict.', {
  outcome: ['clean', 'not-an-image', 'refused', 'unavailable'],
})

const FILE_REASONS = FILE_REJECT_REASONS.map(storedReason)
const REASONS = [
  ...IMAGE_REJECT_REASONS,
  ...FILE_REASONS,
  NO_ROOM,
  OVER_BUDGET,
  RECALLED,
  SUSPENDED,
  INTERRUPTED,
  UNCHECKED,
] as const

const countReason = counter('drawbridge_uploads_refused_total', 'Refused uploads, by reason.', { reason: REASONS })

/** @param reason - as it is stored; one that this release does not know counts as `failed`. */
export function countRefusedUpload(reason: string | null): void {
  countUpload({ outcome: 'refused' })
  countReason({ reason: REASONS.find((known) => known === reason) ?? 'failed' })
}
