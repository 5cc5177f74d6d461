import { deleteFastTokensOfClients } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { DomainEvents } from '../routing/feature.ts'
import { listedId } from './clients.ts'
import type { Revocations } from './revocations.ts'
import type { Session } from './session.ts'

export interface WithdrawalParts {
  readonly db: Db
  readonly revocations: Revocations
  readonly log: Log
  readonly emit: (event: 'client.revoked', payload: DomainEvents['client.revoked']) => void
}

/**
 * Takes back what a client could go on with after a rule has ended its session (control §3.2, `disconnect`): its tokens,
 * so that its next try by one is told `<credentials-expired/>` (XEP-0484 §4.1), and what it is told of by push. Links to
 * files ask the rules by themselves. All sessions of one change cost one statement.
 */
export function createWithdrawal({ db, revocations, log, emit }: WithdrawalParts): (session: Session) => void {
  let ended: Session[] = []
  const withdraw = () => {
    const sessions = ended
    ended = []
    const ids = sessions.flatMap(({ clientId }) => clientId ?? [])
    if (ids.length > 0) {
      deleteFastTokensOfClients(db, ids).catch((error: unknown) =>
        log.error('tokens of clients that were locked out were not deleted', { error: String(error) }),
      )
    }
    for (const { account, clientId, jid } of sessions) {
      emit('client.revoked', { account, id: listedId(clientId, jid.resourcepart) })
    }
  }
  return (session) => {
    // Who is just signing in with such a token is told now.
    if (session.clientId !== undefined) revocations.revoke(session.clientId)
    if (ended.push(session) === 1) setImmediate(withdraw)
  }
}
