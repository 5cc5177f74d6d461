import { JidFault, parseJid } from '@drawbridge/xmpp'
import type { SaslFailure } from '@drawbridge/xmpp'
import type { Account, Accounts } from '../routing/accounts.ts'
import type { ChannelBindings } from '../transport/connection.ts'
import { PasswordBusy } from './password.ts'
import type { Passwords } from './password.ts'
import { parseClientFirst, ScramExchange, ScramFailure } from './scram.ts'

/** Offered in this order, the strongest first (RFC 6120 §6.3.3). */
export type Mechanism = 'SCRAM-SHA-256-PLUS' | 'SCRAM-SHA-256' | 'PLAIN'

export interface SaslSituation {
  readonly bindings: ChannelBindings | undefined
  /** TLS protects the password on its way; or a loopback test setting says that it need not. */
  readonly mayOfferPlain: boolean
}

export interface SaslServices {
  readonly domain: string
  readonly accounts: Accounts
  readonly passwords: Passwords
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Buffer }
  | { readonly kind: 'success'; readonly bytes: Buffer | undefined; readonly account: Account }
  | {
      readonly kind: 'failure'
      readonly condition: SaslFailure
      readonly name: string | undefined
      /** The password was tried and is wrong; anything else is a client that cannot do better. */
      readonly isGuess: boolean
    }

/** One attempt to sign in: `start` once, then `next` for each response. */
export interface SaslAttempt {
  start(initial: Buffer): Promise<SaslStep>
  next(response: Buffer): Promise<SaslStep>
}

/** The mechanisms that can be had on this connection. */
export function mechanismsFor({ bindings, mayOfferPlain }: SaslSituation): Mechanism[] {
  return [
    ...(bindings ? (['SCRAM-SHA-256-PLUS'] as const) : []),
    'SCRAM-SHA-256',
    ...(mayOfferPlain ? (['PLAIN'] as const) : []),
  ]
}

/** Begins an attempt, or returns nothing for a mechanism that was not offered. */
export function beginSasl(
  mechanism: string,
  situation: SaslSituation,
  services: SaslServices,
): SaslAttempt | undefined {
  const offered = mechanismsFor(situation).find((name) => name === mechanism)
  if (offered === undefined) return undefined
  return offered === 'PLAIN' ? plain(services) : scram(offered === 'SCRAM-SHA-256-PLUS', situation, services)
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
function plain({ domain, accounts, passwords }: SaslServices): SaslAttempt {
  return {
    async start(initial) {
      const [authzid, name, password, ...rest] = utf8From(initial)?.split('\0') ?? []
      if (authzid === undefined || !name || !password || rest.length > 0) return failure('malformed-request')
      const localpart = localpartOf(name, domain)
      if (!isOwnAuthzid(authzid, localpart, domain)) return failure('invalid-authzid', localpart)
      const account = localpart === undefined ? undefined : accounts.find(localpart)
      try {
        const isRight = await passwords.verify(account?.id, password)
        if (!isRight || !account || account.isDisabled) return wrongGuess(localpart)
        return { kind: 'success', bytes: undefined, account }
      } catch (error) {
        if (error instanceof PasswordBusy) return failure('temporary-auth-failure')
        throw error
      }
    },
    next: () => Promise.resolve(failure('malformed-request')),
  }
}

/** RFC 5802, RFC 7677. What an attacker learns about an unknown name is what he learns about a known one. */
function scram(isPlus: boolean, { bindings }: SaslSituation, services: SaslServices): SaslAttempt {
  const { domain, accounts, passwords } = services
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
        if (!isOwnAuthzid(first.authzid ?? '', localpart, domain)) return failure('invalid-authzid', localpart)
        account = localpart === undefined ? undefined : accounts.find(localpart)
        const usable = account?.isDisabled === false ? account.id : undefined
        const { verifier, isReal } = await passwords.scramVerifier(usable, localpart ?? first.username)
        exchange = new ScramExchange({ first, verifier, bindingBytes, isReal })
        return { kind: 'challenge', bytes: Buffer.from(exchange.serverFirst) }
      } catch (error) {
        if (error instanceof ScramFailure) return failure(error.reason, localpart)
        throw error
      }
    },
    async next(response) {
      try {
        if (!exchange) return failure('malformed-request', localpart)
        const bytes = Buffer.from(exchange.finish(utf8From(response) ?? ''))
        return account ? { kind: 'success', bytes, account } : wrongGuess(localpart)
      } catch (error) {
        if (!(error instanceof ScramFailure)) throw error
        return error.reason === 'not-authorized' ? wrongGuess(localpart) : failure(error.reason, localpart)
      }
    },
  }
}

/** Nothing for ill-formed UTF-8: replacing it would make two passwords or names the same. */
function utf8From(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The bytes that client-final must carry; nothing when what the client claims cannot be (RFC 5802 §6). */
function bindingFor(claim: string, isPlus: boolean, bindings: ChannelBindings | undefined): Buffer | undefined {
  if (isPlus) return claim === 'tls-exporter' || claim === 'tls-server-end-point' ? bindings?.[claim] : undefined
  // `y` says that the client could bind and believes that we cannot: with -PLUS on offer, somebody removed it.
  if (claim === 'y') return bindings ? undefined : Buffer.alloc(0)
  return claim === 'n' ? Buffer.alloc(0) : undefined
}

function localpartOf(name: string, domain: string): string | undefined {
  try {
    const jid = parseJid(name.includes('@') ? name : `${name}@${domain}`)
    return jid.domainpart === domain && !jid.isFull ? jid.localpart : undefined
  } catch (error) {
    if (error instanceof JidFault) return undefined
    throw error
  }
}

/** Nobody acts for anybody else: the only authzid is one's own bare JID (threats AU-01 to AU-04). */
function isOwnAuthzid(authzid: string, localpart: string | undefined, domain: string): boolean {
  if (authzid === '') return true
  try {
    const jid = parseJid(authzid)
    return !jid.isFull && jid.localpart === localpart && localpart !== undefined && jid.domainpart === domain
  } catch (error) {
    if (error instanceof JidFault) return false
    throw error
  }
}
