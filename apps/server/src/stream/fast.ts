import {
  deleteFastTokensOfClient,
  listFastTokens,
  noteClient,
  putFastToken,
  useFastToken,
  uuidv7,
} from '@drawbridge/db'
import type { Db, FastToken } from '@drawbridge/db'
import { buildFastToken } from '@drawbridge/xmpp'
import type { Authenticate, Element } from '@drawbridge/xmpp'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Account, Accounts } from '../routing/accounts.ts'
import type { ChannelBindings } from '../transport/connection.ts'
import { localpartOf, utf8From } from './claimant.ts'
import { endOf } from './sasl.ts'
import type { Proof, SaslAttempt, SaslSituation, SaslStep } from './sasl.ts'
import type { Sealer } from './seal.ts'

/** The channel binding each token mechanism proves; none for NONE (draft-schmaus-kitten-sasl-ht-08 §3). */
const BINDINGS = {
  'HT-SHA-256-EXPR': 'tls-exporter',
  'HT-SHA-256-ENDP': 'tls-server-end-point',
  'HT-SHA-256-NONE': undefined,
} as const satisfies Record<string, keyof ChannelBindings | undefined>
export type FastMechanism = keyof typeof BINDINGS
export const FAST_MECHANISMS = Object.keys(BINDINGS) as FastMechanism[]

/** A token in use for so long is replaced at its next use (threats §3.4). */
const ROTATE_MS = 24 * 3_600_000
const TOKEN_BYTES = 32
/** An id that no account has. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** The token mechanisms that can be had on this connection (XEP-0484 §3.1). */
export function fastMechanismsFor({ bindings, isProtected }: SaslSituation): FastMechanism[] {
  if (!isProtected) return []
  return FAST_MECHANISMS.filter((name) => {
    const type = BINDINGS[name]
    return type === undefined || bindings?.[type] !== undefined
  })
}

/** Who signed in, how, and with what client. */
export interface ClientSignIn {
  readonly account: Account
  readonly proof: Proof
  readonly authenticate: Authenticate
  readonly situation: SaslSituation
}

/** FAST (XEP-0484): tokens in the place of passwords, each for one installation of a client and one mechanism. */
export interface Fast {
  begin(name: FastMechanism, situation: SaslSituation, authenticate: Authenticate): SaslAttempt
  /**
   * Notes the client, and gives it the token that it asks for or that is due. `id` is the client's; a client that names
   * no id has neither. Resolves with `revoked` when its access was taken back meanwhile.
   */
  signedIn(signIn: ClientSignIn): Promise<{ readonly id?: string; readonly token?: Element } | 'revoked'>
}

export interface FastOptions {
  readonly db: Db
  readonly sealer: Sealer
  readonly domain: string
  readonly accounts: Accounts
  readonly tokenTtlMs: number
  readonly now: () => Date
}

export function createFast({ db, sealer, domain, accounts, tokenTtlMs, now }: FastOptions): Fast {
  const place = (accountId: string, { id, mechanism }: Pick<FastToken, 'id' | 'mechanism'>) =>
    `${accountId}\0${mechanism}\0${id}`

  /** XEP-0484 §3.4: right for this client and mechanism, not too old, and not a replay. */
  const findToken = async (account: Account | undefined, name: FastMechanism, hashed: Buffer, bound: Bound) => {
    const { binding, userAgentId } = bound
    const tokens = await listFastTokens(db, account?.id ?? NOBODY, userAgentId)
    for (const token of account ? tokens : []) {
      if (token.mechanism !== name || token.expiresAt <= now()) continue
      const secret = sealer.open(token.sealed, place(account!.id, token)).toString()
      if (!timingSafeEqual(hmac(secret, 'Initiator', binding), hashed)) continue
      return { token, last: hmac(secret, 'Responder', binding) }
    }
    return undefined
  }

  /** A token that came of a sign-in by an issuer ends with that, and so do all that follow it. */
  const issue = async (
    account: Account,
    clientId: string,
    mechanism: FastMechanism,
    proof: Proof,
  ): Promise<Element> => {
    const secret = randomBytes(TOKEN_BYTES).toString('base64url')
    const id = uuidv7()
    const issuedAt = now()
    const grantEndsAt = endOf(proof) ?? null
    const ends = [issuedAt.getTime() + tokenTtlMs, grantEndsAt?.getTime() ?? Number.POSITIVE_INFINITY]
    const expiresAt = new Date(Math.min(...ends))
    const sealed = sealer.seal(Buffer.from(secret), place(account.id, { id, mechanism }))
    await putFastToken(db, { id, clientId, mechanism, sealed, issuedAt, expiresAt, grantEndsAt })
    return buildFastToken(secret, expiresAt)
  }

  return {
    begin: (name, situation, { userAgent, fast }) => ({
      /** `authcid NUL hash`. What is wrong with a token is nobody's business but ours: one answer for everything. */
      async start(initial) {
        const end = initial.indexOf(0)
        const given = end < 0 ? undefined : utf8From(initial.subarray(0, end))
        const hashed = initial.subarray(end + 1)
        if (!given || hashed.length !== 32) return { ...EXPIRED, condition: 'malformed-request' }
        const localpart = localpartOf(given, domain)
        const found = localpart === undefined ? undefined : accounts.find(localpart)
        const account = found?.isDisabled === false ? found : undefined
        const type = BINDINGS[name]
        const binding = type === undefined ? Buffer.alloc(0) : situation.bindings?.[type]
        if (!binding || userAgent.id === undefined) return EXPIRED
        const match = await findToken(account, name, hashed, { binding, userAgentId: userAgent.id })
        if (!account || !match || !(await useFastToken(db, match.token, fast?.count, now())))
          return { ...EXPIRED, name: localpart }
        return { kind: 'success', bytes: match.last, account, proof: { kind: 'token', token: match.token } }
      },
      next: () => Promise.resolve({ ...EXPIRED, condition: 'malformed-request' }),
    }),

    async signedIn({ account, proof, authenticate, situation }) {
      const { userAgent, tokenFor, fast } = authenticate
      const { id: userAgentId, software, device } = userAgent
      if (userAgentId === undefined) return {}
      const seen = { accountId: account.id, userAgentId, software, device, proof: proof.kind }
      const id = await noteClient(db, seen, now())
      if (id === undefined) return 'revoked'
      const isInvalidated = proof.kind === 'token' && fast?.isInvalidated === true
      if (isInvalidated) await deleteFastTokensOfClient(db, id)
      const wanted = fastMechanismsFor(situation).find((name) => name === tokenFor)
      const mechanism = wanted ?? (isInvalidated ? undefined : rotationOf(proof, now()))
      return mechanism ? { id, token: await issue(account, id, mechanism, proof) } : { id }
    },
  }
}

interface Bound {
  readonly binding: Buffer
  readonly userAgentId: string
}

/** Whatever the reason, the client is to throw its token away and ask for the password (XEP-0484 §4.1). */
const EXPIRED: SaslStep & { readonly kind: 'failure' } = {
  kind: 'failure',
  condition: 'credentials-expired',
  name: undefined,
  isGuess: false,
}

function hmac(secret: string, who: 'Initiator' | 'Responder', binding: Buffer): Buffer {
  return createHmac('sha256', secret).update(who).update(binding).digest()
}

/** The mechanism of a token that is due to be replaced. */
function rotationOf(proof: Proof, at: Date): FastMechanism | undefined {
  if (proof.kind !== 'token' || at.getTime() - proof.token.issuedAt.getTime() < ROTATE_MS) return undefined
  return FAST_MECHANISMS.find((name) => name === proof.token.mechanism)
}
