import { SANDBOX_LEVELS, SANDBOX_PROBES } from '@drawbridge/contract'
import { JOBS } from '@drawbridge/jobs'
import { gauge, histogram } from '@drawbridge/runtime'

export const setSessions = gauge('drawbridge_sessions_connected', 'Sessions with a connection on this node.', {
  transport: ['tcp', 'websocket'],
})

export const setWaiting = gauge(
  'drawbridge_sessions_waiting',
  'Sessions of this node whose client is away and may resume (XEP-0198).',
)

export const setPending = gauge('drawbridge_archive_pending', 'Messages that wait for their commit on this node.')

export const setHeld = gauge('drawbridge_messages_held', 'Messages that suspensions hold back.')

export const setOutbox = gauge('drawbridge_outbox_rows', 'Work in the outbox that is not done yet.')

export const setPresenceRequests = gauge(
  'drawbridge_presence_requests',
  'Requests for presence that nobody has answered (RFC 6121).',
)

export const setPushDevices = gauge('drawbridge_push_devices', 'Devices that are told of messages (XEP-0357).')

export const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const

export const setJobs = gauge('drawbridge_jobs', 'Background jobs, by state.', {
  job: JOBS.map(({ name }) => name),
  state: JOB_STATES,
})

/** Nothing is 1 while the sanitizer does not answer. */
export const setSandboxLevel = gauge(
  'drawbridge_sanitizer_sandbox',
  'What holds hostile image decoders: 1 for the level in use, D being none.',
  { level: SANDBOX_LEVELS },
)

export const setSandboxDenied = gauge(
  'drawbridge_sanitizer_denied',
  'What the sandbox denied when the newest image decoders tried it: 1 is denied.',
  { probe: SANDBOX_PROBES },
)

/** Every answer of the sanitizer, for uploads, avatars and images in messages alike. */
export const observeSanitizer = histogram(
  'drawbridge_sanitizer_seconds',
  'From asking the sanitizer about one image to its answer.',
  [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  { outcome: ['clean', 'refused', 'not-an-image', 'unavailable'] },
)
