import { gauge } from '@drawbridge/runtime'

/** What changes in nodes wait for until whoever wants to hear of them has been told. */
export const setWaiting = gauge(
  'drawbridge_pep_changes_waiting',
  'Changes of nodes that are being told, or wait for it.',
)
