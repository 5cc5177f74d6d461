import type { ErrorCode } from '@drawbridge/contract'
import type { SaslFailure } from '@drawbridge/xmpp'
import type { FastToken } from '@drawbridge/db'
import type { Account, Accounts } from '../routing/accounts.ts'
import type { ChannelBindings } from '../transport/connection.ts'
import { isOwnAuthzid, localpartOf, utf8From } from './claimant.ts'
import { oauthBearer } from './oauthbearer.ts'
import type { Oidc } from './oidc/oidc.ts'
import { PasswordBusy } from './password.ts'
import type { Passwords, Verifiers } from './password.ts'
import { parseClientFirst, ScramExchange, ScramFailure } from './scram.ts'
import type { ScramFamily } from './scram.ts'

/** Mechanisms that prove a password, or show the access token of an issuer; the strongest first (RFC 6120 §6.3.3). */
export const MECHANISMS = [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-1',
  'OAUTHBEARER',
  'PLAIN',
] as const
export type Mechanism = (typeof MECHANISMS)[number]

export interface SaslSituation {
  readonly bindings: ChannelBindings | undefined
  /** See `Connection.tlsVersion`. */
  readonly tlsVersion?: string | undefined
  /** TLS protects what is sent, or a loopback test setting says that it need not: without, no PLAIN and no tokens. */
  readonly isProtected: boolean
  /** Whom the client said it is when it opened the stream (RFC 6120 §4.7.1). */
  readonly from?: string | undefined
}

export interface SaslServices {
  readonly domain: string
  readonly accounts: Accounts
  readonly passwords: Passwords
  /** Absent: nobody signs in by access tokens. */
  readonly oidc?: Oidc | undefined
}

/** How it was proved who the client acts for. */
export type Proof =
  | { readonly kind: 'password'; readonly scram?: { readonly family: ScramFamily; readonly verifiers: Verifiers } }
  | { readonly kind: 'token'; readonly token: FastToken }
  | { readonly kind: 'access-token'; readonly endsAt: Date }

/** When a sign-in ends, with all that came of it; nothing for one by password, which ends when somebody ends it. */
export function endOf(proof: Proof): Date | undefined {
  if (proof.kind === 'password') return undefined
  return proof.kind === 'access-token' ? proof.endsAt : (proof.token.grantEndsAt ?? undefined)
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Buffer }
  | {
      readonly kind: 'success'
      readonly bytes: Buffer | undefined
      readonly account: Account
      readonly proof: Proof
    }
  | {
      readonly kind: 'failure'
      readonly condition: SaslFailure
      readonly name: string | undefined
      /** The password was tried and is wrong; anything else is a client that cannot do better. */
      readonly isGuess: boolean
      /** What to tell the person, where it is not about a password. */
      readonly code?: ErrorCode
    }

/** One attempt to sign in: `start` once, then `next` for each response. */
export interface SaslAttempt {
  start(initial: Buffer): Promise<SaslStep>
  next(response: Buffer): Promise<SaslStep>
}

/** What of the server's settings decides which mechanisms there are. */
export interface SaslOffers {
  readonly passwords: Pick<Passwords, 'families'>
  readonly oidc?: Oidc | undefined
}

/** The mechanisms that can be had on this connection. */
export function mechanismsFor({ bindings, isProtected }: SaslSituation, { passwords, oidc }: SaslOffers): Mechanism[] {
  return MECHANISMS.filter((name) => {
    if (name === 'PLAIN') return isProtected
    // RFC 7628 §5: a token is all it takes.
    if (name === 'OAUTHBEARER') return isProtected && oidc !== undefined
    const { family, isPlus } = scramOf(name)
    return passwords.families.includes(family) && (!isPlus || bindings !== undefined)
  })
}

type ScramMechanism = Exclude<Mechanism, 'PLAIN' | 'OAUTHBEARER'>

function scramOf(name: ScramMechanism): { readonly family: ScramFamily; readonly isPlus: boolean } {
  const isPlus = name.endsWith('-PLUS')
  return { family: (isPlus ? name.slice(0, -'-PLUS'.length) : name) as ScramFamily, isPlus }
}

/** Begins an attempt with a mechanism that was offered. */
export function beginSasl(name: Mechanism, situation: SaslSituation, services: SaslServices): SaslAttempt {
  if (name === 'PLAIN') return plain(situation, services)
  if (name !== 'OAUTHBEARER') return scram(name, situation, services)
  if (!services.oidc) throw new Error('OAUTHBEARER was not offered')
  return oauthBearer(services.oidc, { domain: services.domain, from: situation.from })
}

const failure = (condition: SaslFailure, name?: string): SaslStep => ({
  kind: 'failure',
  condition,
  name,
  isGuess: false,
})
const wrongGuess = (name: string | undefined): SaslStep => ({
  kind: 'failure',
  condition: 'not-authorized',
  name,
  isGuess: true,
})

/** RFC 4616. The password is compared with the argon2id verifier. */
function plain({ from }: SaslSituation, { domain, accounts, passwords }: SaslServices): SaslAttempt {
  return {
    async start(initial) {
      const [authzid, name, password, ...rest] = utf8From(initial)?.split('\0') ?? []
      if (authzid === undefined || !name || !password || rest.length > 0) return failure('malformed-request')
      const localpart = localpartOf(name, domain)
      if (!isOwnAuthzid(authzid, { localpart, domain, from })) return failure('invalid-authzid', localpart)
      const account = localpart === undefined ? undefined : accounts.find(localpart)
      try {
        const isRight = await passwords.verify(account?.id, password)
        if (!isRight || !account || account.isDisabled) return wrongGuess(localpart)
        return { kind: 'success', bytes: undefined, account, proof: { kind: 'password' } }
      } catch (error) {
        if (error instanceof PasswordBusy) return failure('temporary-auth-failure')
        throw error
      }
    },
    next: () => Promise.resolve(failure('malformed-request')),
  }
}

/** RFC 5802, RFC 7677. What an attacker learns about an unknown name is what he learns about a known one. */
function scram(name: ScramMechanism, situation: SaslSituation, services: SaslServices): SaslAttempt {
  const { domain, accounts, passwords } = services
  const { bindings, tlsVersion, from } = situation
  const { family, isPlus } = scramOf(name)
  const offer = { mechanisms: mechanismsFor(situation, services), bindings: Object.keys(bindings ?? {}) }
  let verifiers: Verifiers | undefined
  let exchange: ScramExchange | undefined
  let localpart: string | undefined
  let account: Account | undefined
  return {
    async start(initial) {
      try {
        const first = parseClientFirst(utf8From(initial) ?? '')
        localpart = localpartOf(first.username, domain)
        const bindingBytes = bindingFor(first.binding, isPlus, bindings)
        if (bindingBytes === undefined) return failure('not-authorized', localpart)
        if (!isOwnAuthzid(first.authzid ?? '', { localpart, domain, from }))
          return failure('invalid-authzid', localpart)
        account = localpart === undefined ? undefined : accounts.find(localpart)
        const usable = account?.isDisabled === false ? account.id : undefined
        verifiers = await passwords.load(usable, localpart ?? first.username)
        exchange = new ScramExchange({ first, ...verifiers.scram(family), bindingBytes, offer, tlsVersion })
        return { kind: 'challenge', bytes: Buffer.from(exchange.serverFirst) }
      } catch (error) {
        if (error instanceof ScramFailure) return failure(error.reason, localpart)
        throw error
      }
    },
    async next(response) {
      try {
        if (!exchange || !verifiers) return failure('malformed-request', localpart)
        const bytes = Buffer.from(exchange.finish(utf8From(response) ?? ''))
        if (!account) return wrongGuess(localpart)
        return { kind: 'success', bytes, account, proof: { kind: 'password', scram: { family, verifiers } } }
      } catch (error) {
        if (!(error instanceof ScramFailure)) throw error
        return error.reason === 'not-authorized' ? wrongGuess(localpart) : failure(error.reason, localpart)
      }
    },
  }
}

/** The bytes that client-final must carry; nothing when what the client claims cannot be (RFC 5802 §6). */
function bindingFor(claim: string, isPlus: boolean, bindings: ChannelBindings | undefined): Buffer | undefined {
  if (isPlus) return claim === 'tls-exporter' || claim === 'tls-server-end-point' ? bindings?.[claim] : undefined
  // `y` says that the client could bind and believes that we cannot: with -PLUS on offer, somebody removed it.
  if (claim === 'y') return bindings ? undefined : Buffer.alloc(0)
  return claim === 'n' ? Buffer.alloc(0) : undefined
}
