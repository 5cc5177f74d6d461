import { CLAIMED_USER_HEADER, claimedUserFrom } from '@drawbridge/contract'
import { attributed } from '@drawbridge/db'
import type { IncomingMessage } from 'node:http'

/**
 * Puts on record who on this machine says that they make a request of the local socket, beside the actor: `local:cli` is
 * all that is known, and all that counts (ADR 36).
 */
export function asClaimed<T>(req: IncomingMessage, work: () => Promise<T>): Promise<T> {
  const claimedUser = claimedUserFrom(req.headers[CLAIMED_USER_HEADER])
  return claimedUser === undefined ? work() : attributed({ claimedUser }, work)
}
