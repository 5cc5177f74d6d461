import { findJid } from '@drawbridge/xmpp'
import type { SaslFailure } from '@drawbridge/xmpp'
import type { FastToken } from '@drawbridge/db'
import type { Account, Accounts } from '../routing/accounts.ts'
import type { ChannelBindings } from '../transport/connection.ts'
import { PasswordBusy } from './password.ts'
import type { Passwords, Verifiers } from './password.ts'
import { parseClientFirst, ScramExchange, ScramFailure } from './scram.ts'
import type { ScramFamily } from './scram.ts'

/** Mechanisms that prove a password, offered in this order: the strongest first (RFC 6120 §6.3.3). */
export const MECHANISMS = [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-1',
  'PLAIN',
] as const
export type Mechanism = (typeof MECHANISMS)[number]

export interface SaslSituation {
  readonly bindings: ChannelBindings | undefined
  /** TLS protects what is sent, or a loopback test setting says that it need not: without, no PLAIN and no tokens. */
  readonly isProtected: boolean
  /** Whom the client said it is when it opened the stream (RFC 6120 §4.7.1). */
  readonly from?: string | undefined
}

export interface SaslServices {
  readonly domain: string
  readonly accounts: Accounts
  readonly passwords: Passwords
}

/** How it was proved who the client acts for. */
export type Proof =
  | { readonly kind: 'password'; readonly scram?: { readonly family: ScramFamily; readonly verifiers: Verifiers } }
  | { readonly kind: 'token'; readonly token: FastToken }

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
    }

/** One attempt to sign in: `start` once, then `next` for each response. */
export interface SaslAttempt {
  start(initial: Buffer): Promise<SaslStep>
  next(response: Buffer): Promise<SaslStep>
}

/** The mechanisms that can be had on this connection. */
export function mechanismsFor({ bindings, isProtected }: SaslSituation, families: readonly ScramFamily[]): Mechanism[] {
  return MECHANISMS.filter((name) => {
    if (name === 'PLAIN') return isProtected
    const { family, isPlus } = scramOf(name)
    return families.includes(family) && (!isPlus || bindings !== undefined)
  })
}

function scramOf(name: Exclude<Mechanism, 'PLAIN'>): { readonly family: ScramFamily; readonly isPlus: boolean } {
  const isPlus = name.endsWith('-PLUS')
  return { family: (isPlus ? name.slice(0, -'-PLUS'.length) : name) as ScramFamily, isPlus }
}

/** Begins an attempt with a mechanism that was offered. */
export function beginSasl(name: Mechanism, situation: SaslSituation, services: SaslServices): SaslAttempt {
  return name === 'PLAIN' ? plain(situation, services) : scram(name, situation, services)
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
function scram(
  name: Exclude<Mechanism, 'PLAIN'>,
  situation: SaslSituation,
  { domain, accounts, passwords }: SaslServices,
): SaslAttempt {
  const { bindings, from } = situation
  const { family, isPlus } = scramOf(name)
  const offer = { mechanisms: mechanismsFor(situation, passwords.families), bindings: Object.keys(bindings ?? {}) }
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
        exchange = new ScramExchange({ first, ...verifiers.scram(family), bindingBytes, offer })
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

/** Nothing for ill-formed UTF-8: replacing it would make two passwords or names the same. */
export function utf8From(bytes: Buffer): string | undefined {
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

/** The account that a client names, with or without its domain; nothing for a name that none can have. */
export function localpartOf(name: string, domain: string): string | undefined {
  const jid = findJid(name.includes('@') ? name : `${name}@${domain}`)
  return jid?.domainpart === domain && !jid.isFull ? jid.localpart : undefined
}

/**
 * Nobody acts for anybody else: the only authzid is one's own bare JID (threats AU-01 to AU-04), and the one that the
 * stream was opened for (XEP-0388 §3.4).
 */
function isOwnAuthzid(authzid: string, { localpart, domain, from }: Claimant): boolean {
  if (authzid === '') return true
  const jid = findJid(authzid)
  if (!jid || jid.isFull || localpart === undefined) return false
  if (jid.localpart !== localpart || jid.domainpart !== domain) return false
  return from === undefined || findJid(from)?.bareString === jid.toString()
}

interface Claimant {
  readonly localpart: string | undefined
  readonly domain: string
  readonly from: string | undefined
}
