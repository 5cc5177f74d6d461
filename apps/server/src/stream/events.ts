import { counter, histogram } from '@drawbridge/runtime'
import { FAST_MECHANISMS } from './fast.ts'
import { MECHANISMS } from './sasl.ts'
import { SASL_FAILURES, STREAM_ERROR_CONDITIONS } from '@drawbridge/xmpp'

/** Tries to sign in; `none` is one that named no mechanism of ours. Whose they were goes into the log. */
export const countSignIn = counter('drawbridge_sign_ins_total', 'Tries to sign in over XMPP.', {
  mechanism: [...MECHANISMS, ...FAST_MECHANISMS, 'none'],
  outcome: ['success', ...SASL_FAILURES],
})

/** The network and the client are not in it. */
export const observeSignIn = histogram(
  'drawbridge_sign_in_seconds',
  'What proving who somebody is takes the server, from the first word of the mechanism to success.',
  [0.01, 0.03, 0.1, 0.3, 1, 2, 5, 10],
)

/** Streams that the server ended with an error (RFC 6120 §4.9). */
export const countStreamError = counter('drawbridge_stream_errors_total', 'Stream errors sent to clients.', {
  condition: STREAM_ERROR_CONDITIONS,
})

/** `key`: the signature of the installation itself. */
export const countClientProof = counter(
  'drawbridge_client_proofs_total',
  'What clients showed to prove what they are.',
  {
    kind: ['key', 'token', 'device-key'],
    outcome: ['good', 'unreadable', 'forged', 'expired', 'other-account', 'other-key', 'wrong-signature', 'revoked'],
  },
)
