import { Refusal } from '@drawbridge/contract'
import type { PasskeyView } from '@drawbridge/contract'
import { findPasskey, insertPasskey, listPasskeys, notePasskeyUse, spendChallenge, uuidv7 } from '@drawbridge/db'
import type { Db, Passkey } from '@drawbridge/db'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Sealer } from '../../stream/seal.ts'
import { verifyAssertion, verifyRegistration, WebauthnError } from './webauthn.ts'
import type { RelyingParty } from './webauthn.ts'

/** So long somebody may look for the key, in milliseconds. */
const CHALLENGE_MS = 5 * 60_000
const NONCE_BYTES = 16
const TIME_BYTES = 6
/** Passkeys of one account. */
const MAX_PASSKEYS = 10
const SIGN_IN = 'sign-in'

/** What a browser got from an authenticator, in base64url (WebAuthn §5.1, `toJSON`). */
interface Assertion {
  readonly id: string
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
}
interface Registration {
  readonly name: string
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly publicKey: string
}

/**
 * Passkeys of administrators (WebAuthn): something one has that asks for something one knows or is, so that one of them
 * is two factors. They are bound to our origin, and nobody can be talked into showing one elsewhere.
 */
export interface Passkeys {
  /** The host that keys are bound to; undefined where there can be none: pages at an address, or over plain http. */
  relyingParty(): string | undefined
  list(tx: Db, accountId: string): Promise<readonly PasskeyView[]>
  /** What the next authenticator is to sign: to sign in, or to be added to an account. Good once, and for 5 minutes. */
  challenge(forAccount?: string): string
  /** Adds one, in the caller's transaction. Throws `passkey-failed`, `passkey-known`, `passkey-limit`. */
  add(tx: Db, accountId: string, registration: Registration): Promise<PasskeyView>
  /** The account whose key signed; undefined for whatever is wrong. */
  verify(assertion: Assertion): Promise<string | undefined>
}

export interface PasskeyParts {
  readonly db: Db
  readonly sealer: Sealer
  /** Where the console is. */
  publicUrl(): string
  readonly now: () => Date
}

export function createPasskeys({ db, sealer, publicUrl, now }: PasskeyParts): Passkeys {
  const key = sealer.derive('passkey challenges')
  const macOf = (body: Buffer, purpose: string) => createHmac('sha256', key).update(body).update(purpose).digest()
  /** The nonce of a challenge that we made for this, and that is still good. */
  const nonceOf = (challenge: string, purpose: string) => {
    const bytes = Buffer.from(challenge, 'base64url')
    const body = bytes.subarray(0, NONCE_BYTES + TIME_BYTES)
    const mac = macOf(body, purpose)
    const isOurs = bytes.length === body.length + mac.length && timingSafeEqual(bytes.subarray(body.length), mac)
    if (!isOurs) return undefined
    const expiresAt = new Date(body.readUIntBE(NONCE_BYTES, TIME_BYTES))
    return expiresAt > now() ? { nonce: body.subarray(0, NONCE_BYTES), expiresAt } : undefined
  }
  /** Runs a check of WebAuthn, and uses its challenge up when it passes. */
  const ceremony = async <T>(tx: Db, purpose: string, check: (rp: RelyingParty, isOurs: IsOurs) => T) => {
    let found: ReturnType<typeof nonceOf>
    const rp = relyingPartyAt(publicUrl())
    if (!rp) return undefined
    try {
      const result = check(rp, (challenge) => (found = nonceOf(challenge, purpose)) !== undefined)
      return found && (await spendChallenge(tx, found.nonce, found.expiresAt, now())) ? { result } : undefined
    } catch (error) {
      if (error instanceof WebauthnError) return undefined
      throw error
    }
  }
  return {
    relyingParty: () => relyingPartyAt(publicUrl())?.id,
    list: async (tx, accountId) => (await listPasskeys(tx, accountId)).map(viewOf),
    challenge(forAccount = SIGN_IN) {
      const body = Buffer.concat([randomBytes(NONCE_BYTES), Buffer.alloc(TIME_BYTES)])
      body.writeUIntBE(now().getTime() + CHALLENGE_MS, NONCE_BYTES, TIME_BYTES)
      return Buffer.concat([body, macOf(body, forAccount)]).toString('base64url')
    },
    async add(tx, accountId, { name, ...sent }) {
      const answer = { ...ceremonyFrom(sent), publicKey: bytesOf(sent.publicKey) }
      const passed = await ceremony(tx, accountId, (rp, isOurs) => verifyRegistration(answer, rp, isOurs))
      if (!passed) throw new Refusal('passkey-failed')
      if ((await listPasskeys(tx, accountId)).length >= MAX_PASSKEYS) throw new Refusal('passkey-limit')
      const { publicKey } = answer
      const row = { id: uuidv7(), accountId, name, publicKey, ...passed.result, createdAt: now() }
      if (!(await insertPasskey(tx, row))) throw new Refusal('passkey-known')
      return viewOf({ ...row, usedAt: null })
    },
    async verify({ id, signature, ...sent }) {
      const row = await findPasskey(db, bytesOf(id))
      if (!row) return undefined
      const answer = { ...ceremonyFrom(sent), signature: bytesOf(signature) }
      const passed = await ceremony(db, SIGN_IN, (rp, isOurs) => verifyAssertion(answer, row.publicKey, rp, isOurs))
      return passed && (await notePasskeyUse(db, row.id, passed.result, now())) ? row.accountId : undefined
    },
  }
}

type IsOurs = (challenge: string) => boolean

/** Browsers have passkeys for hosts with a name, over https or on their own machine (WebAuthn §5.1.3). */
function relyingPartyAt(publicUrl: string): RelyingParty | undefined {
  const url = URL.parse(publicUrl)
  if (!url || /^[\d.]+$|^\[/u.test(url.hostname)) return undefined
  const isSecure = url.protocol === 'https:' || url.hostname === 'localhost'
  return isSecure ? { id: url.hostname, origin: url.origin } : undefined
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url')

function ceremonyFrom({ clientDataJSON, authenticatorData }: Pick<Assertion, 'clientDataJSON' | 'authenticatorData'>) {
  return { clientDataJSON: bytesOf(clientDataJSON), authenticatorData: bytesOf(authenticatorData) }
}

function viewOf({ id, name, createdAt, usedAt, credentialId }: Omit<Passkey, 'publicKey' | 'signCount'>): PasskeyView {
  return {
    id,
    name,
    credentialId: credentialId.toString('base64url'),
    createdAt: createdAt.toISOString(),
    ...(usedAt === null ? {} : { usedAt: usedAt.toISOString() }),
  }
}
