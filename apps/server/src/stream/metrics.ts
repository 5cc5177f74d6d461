import { gauge } from '@drawbridge/runtime'

export const setChecksWaiting = gauge('drawbridge_password_checks_waiting', 'Passwords that wait to be checked.')

/** What waits inside sessions (see `queues.ts`): of all of them together, and of the one with the most. */
export const SESSION_QUEUES = ['inbound', 'unacknowledged', 'held', 'asked'] as const
const OF = ['all', 'longest'] as const

export const setSessionQueue = gauge('drawbridge_session_queue', 'What waits in sessions, by queue.', {
  queue: SESSION_QUEUES,
  of: OF,
})

export const setComponentQueue = gauge('drawbridge_component_queue', 'What waits at components, by queue.', {
  queue: ['stanzas', 'questions'],
})

export const setComponentUnsent = gauge(
  'drawbridge_component_unsent_bytes',
  'Bytes that components have not taken yet.',
)

export const setUnsent = gauge('drawbridge_session_unsent_bytes', 'Bytes that clients have not taken yet.', { of: OF })
