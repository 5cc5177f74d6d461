import { counter, gauge } from '@drawbridge/runtime'
import { PAUSE_REASONS } from './connection.ts'

/** A connection is not read for a while: what its client sends waits on the client's side. */
export const countPause = counter('drawbridge_connection_pauses_total', 'Times a connection was not read, by reason.', {
  reason: PAUSE_REASONS,
})

export const setEarly = gauge(
  'drawbridge_bosh_requests_early',
  'Requests of BOSH sessions that wait for those before them.',
)
