import { Refusal } from '@drawbridge/contract'
import { claimReply, dropReply, putReply } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AdminContext } from './api.ts'

/** How long a key is remembered, in milliseconds. */
const REMEMBER_MS = 86_400_000
/** Keys of one actor that are remembered. */
const MAX_PER_ACTOR = 10_000

/** What a route answers, before it is sent. */
export interface Reply {
  readonly status: number
  /** JSON; empty when there is no body. */
  readonly body: string
}

/** The key of a request, as draft-ietf-httpapi-idempotency-key-header writes it: quoted, or bare. */
export function idempotencyKeyOf(req: IncomingMessage): string | undefined {
  const header = req.headers['idempotency-key']
  if (header === undefined) return undefined
  const key = /^(?:"([\x21\x23-\x7e]{1,128})"|([\x21\x23-\x7e]{1,128}))$/u.exec(String(header))
  if (!key) throw new Refusal('bad-request', { detail: 'Idempotency-Key is 1 to 128 visible characters.' })
  return key[1] ?? key[2]
}

/**
 * Carries a request out once, however often it comes with its key: the first answer is kept for a day, and given again.
 * What was refused may be tried again. Of a request that was cut off nobody knows how it ended, so it is never repeated.
 *
 * @throws Refusal `idempotency-key-reused`, `idempotency-key-busy`, `rate-limited`
 */
export async function once(
  { db, sealer, now }: AdminContext,
  request: { readonly actor: string; readonly key: string; readonly content: string },
  work: () => Promise<Reply>,
): Promise<Reply & { readonly isReplay: boolean }> {
  const { actor } = request
  const keyHash = sha256(request.key)
  const fingerprint = sha256(request.content)
  const place = `${actor}\0${keyHash.toString('hex')}\0reply`
  const at = now()
  const limits = { at, forgetBefore: new Date(at.getTime() - REMEMBER_MS), max: MAX_PER_ACTOR }
  const claim = await claimReply(db, { actor, keyHash, fingerprint }, limits)
  if (claim === 'too-many') throw new Refusal('rate-limited', { retryAfterS: 3_600 })
  if (claim !== 'claimed') {
    if (!claim.fingerprint.equals(fingerprint)) throw new Refusal('idempotency-key-reused')
    if (claim.status === null || claim.sealed === null) throw new Refusal('idempotency-key-busy')
    return { status: claim.status, body: sealer.open(claim.sealed, place).toString(), isReplay: true }
  }
  const reply = await work().catch(async (error: unknown) => {
    await dropReply(db, { actor, keyHash })
    throw error
  })
  await putReply(db, { actor, keyHash }, reply.status, sealer.seal(Buffer.from(reply.body), place))
  return { ...reply, isReplay: false }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
