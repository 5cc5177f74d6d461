import { FILE_REJECT_REASONS } from '@drawbridge/contract'
import { counter } from '@drawbridge/runtime'

/** What became of files that are no images. */
export const countAdmission = counter(
  'drawbridge_file_admissions_total',
  'Files that are no images, by what became of them.',
  {
    outcome: ['admitted', ...FILE_REJECT_REASONS],
  },
)

/** `known`: the same bytes were scanned before, by the same version. */
export const countScan = counter('drawbridge_antivirus_scans_total', 'Files given to antivirus engines, by outcome.', {
  outcome: ['clean', 'infected', 'known', 'unavailable'],
})
