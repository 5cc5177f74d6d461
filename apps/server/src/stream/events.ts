import { counter } from '@drawbridge/runtime'
import { FAST_MECHANISMS } from './fast.ts'
import { MECHANISMS } from './sasl.ts'
import { SASL_FAILURES, STREAM_ERROR_CONDITIONS } from '@drawbridge/xmpp'

/** Tries to sign in; `none` is one that named no mechanism of ours. Whose they were goes into the log. */
export const countSignIn = counter('drawbridge_sign_ins_total', 'Tries to sign in over XMPP.', {
  mechanism: [...MECHANISMS, ...FAST_MECHANISMS, 'none'],
  outcome: ['success', ...SASL_FAILURES],
})

/** Streams that the server ended with an error (RFC 6120 §4.9). */
export const countStreamError = counter('drawbridge_stream_errors_total', 'Stream errors sent to clients.', {
  condition: STREAM_ERROR_CONDITIONS,
})
