import type { Question, Questions } from './questions.ts'
import { PASS, refuse } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/**
 * The verdict of a node whose rules may be out of date, because it could not read them for longer than its lease. It
 * fails closed: no sessions, no sends, no files. Sockets stay, and what was asked for may be tried again.
 */
export function staleVerdict<Q extends Question>(question: Q, facts: Questions[Q]): Verdict {
  if (question === 'http.request') return (facts as Questions['http.request']).area === 'app' ? stale() : PASS
  // An operator who repairs something must not depend on it.
  if (question === 'account.create')
    return (facts as Questions['account.create']).origin === 'administrator' ? PASS : stale()
  if (question !== 'stanza.route') return stale()
  const { origin, kind, type } = facts as Questions['stanza.route']
  if (origin === 'server' || type === 'error' || (kind === 'iq' && type === 'result')) return PASS
  // Pings, presence and roster reads keep sockets alive and send nothing to anybody.
  return kind === 'message' || (kind === 'iq' && type === 'set') ? stale() : PASS
}

function stale(): Verdict {
  return refuse('policy-stale', 'the policy lease has expired', { retryable: true })
}
