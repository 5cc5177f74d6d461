import { appendAudit, endGrants as endGrantsOf, findAccountById, findIdentity, linkIdentity } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { Account } from '../../routing/accounts.ts'
import { localpartOf } from '../claimant.ts'
import { TokenRefused, verifyAccessToken } from './access-token.ts'
import type { AccessToken } from './access-token.ts'
import { countTokenRefusal } from './events.ts'
import type { TokenRefusal } from './events.ts'
import { createIssuerKeys, IssuerAway } from './issuer-keys.ts'
import { discoveryUrl } from './issuer-metadata.ts'
import { verifyLogoutToken } from './logout-token.ts'
import type { OidcConfig } from './oidc.config.ts'
import { createProvision } from './provision.ts'
import type { ProvisionParts } from './provision.ts'
import { createWebSignIn } from './web-sign-in.ts'
import type { WebSignIn } from './web-sign-in.ts'

/** No sign-in counts for longer, whatever the issuer writes into its tokens. */
const MAX_LIFETIME_MS = 7 * 86_400_000

/** Whose token it is. */
export interface Admitted {
  readonly account: Account
  /** When this sign-in ends, with everything that came of it. */
  readonly endsAt: Date
}

/** Sign-in by the access tokens of one OpenID Connect issuer. */
export interface Oidc {
  /** Where clients find out how to get a token (XEP-0493 §4.2). */
  readonly discoveryUrl: string
  /** What they are to ask for, apart by spaces; absent: nothing in particular. */
  readonly scope: string | undefined
  /** For our own web client; absent: it is not known to the issuer. */
  readonly web: WebSignIn | undefined
  /** Whose it is, or why it is nobody's. */
  identify(token: string): Promise<Admitted | { readonly refusal: TokenRefusal }>
  /**
   * The issuer has logged somebody out (OpenID Connect Back-Channel Logout §2.7): what came of its tokens ends. `done` as
   * well where that is nobody here; `away`: ask again, the issuer's keys cannot be had.
   */
  logOut(token: string): Promise<'done' | 'refused' | 'away'>
}

export interface OidcSettings {
  readonly common: { readonly domain: string; readonly allowPlaintext: boolean }
  readonly oidc: OidcConfig
}

export interface OidcParts extends Omit<ProvisionParts, 'domain'> {
  /** Ends the sessions of an account that came of a token, and what these clients are told of by push. */
  readonly endGrants: (account: Account, clientIds: readonly string[]) => void
  readonly log: Log
}

/** Nothing without an issuer. It is not asked anything before somebody presents a token. */
export function openOidc({ common, oidc }: OidcSettings, parts: OidcParts): Oidc | undefined {
  const { issuer } = oidc
  return issuer === undefined ? undefined : createOidc({ ...oidc, issuer }, common, parts)
}

function createOidc(
  config: OidcConfig & { readonly issuer: string },
  { domain, allowPlaintext }: OidcSettings['common'],
  { db, accounts, gate, endGrants, log, now }: OidcParts,
): Oidc {
  const { issuer, scopes, webClient, signInLifetimeMs, clockSkewMs, isProvisioning } = config
  const keys = createIssuerKeys({ config, allowPlaintext, log })
  const provision = isProvisioning ? createProvision({ db, domain, accounts, gate, now }) : undefined

  /** Who it is at the issuer decides; the name counts once, when that is not known yet (threats §3.7). */
  const find = async (token: AccessToken): Promise<Account | TokenRefusal> => {
    const known = await findIdentity(db, { issuer, subject: token.subject })
    if (!known) return link(token)
    const account = accounts.findById(known.accountId)
    if (!account) return 'no-account'
    return faultBetween(token, account, known) ?? account
  }

  const link = async (token: AccessToken): Promise<Account | TokenRefusal> => {
    const { subject, name } = token
    const localpart = localpartOf(name, domain)
    if (localpart === undefined) return 'no-account'
    const account = accounts.find(localpart) ?? (await provision?.(localpart))
    // Whoever gives out names at the issuer is not to give out administrators here: those are linked by one of them.
    if (!account || isPrivileged(account)) return 'no-account'
    const row = await findAccountById(db, account.id)
    if (!row) return 'no-account'
    const fault = faultBetween(token, account, row)
    if (fault) return fault
    return db.transaction(async (tx) => {
      const at = now()
      if (!(await linkIdentity(tx, account.id, { issuer, subject }, at))) return 'other-subject'
      const { bareJid } = account
      const detail = { issuer, subject }
      await appendAudit(tx, { actor: bareJid, action: 'link-identity', target: bareJid, detail }, at)
      return account
    })
  }

  const endOf = ({ expiresAt }: AccessToken): Date => {
    const at = now().getTime()
    const end = Math.max(at + signInLifetimeMs, expiresAt.getTime() + clockSkewMs)
    return new Date(Math.min(end, at + MAX_LIFETIME_MS))
  }

  const refuse = (refusal: TokenRefusal, why: object) => {
    countTokenRefusal({ reason: refusal })
    log.info('an access token was refused', { reason: refusal, ...why })
    return { refusal }
  }

  return {
    discoveryUrl: discoveryUrl(issuer),
    scope: scopes.length > 0 ? scopes.join(' ') : undefined,
    web:
      webClient === undefined ? undefined : createWebSignIn({ config: { ...config, webClient }, allowPlaintext, log }),
    async identify(text) {
      try {
        const token = await verifyAccessToken(text, { config, keys, now })
        const found = await find(token)
        const about = { subject: token.subject, name: token.name }
        if (typeof found === 'string') return refuse(found, about)
        return { account: found, endsAt: endOf(token) }
      } catch (error) {
        return refuse(faultOf(error), { because: String(error) })
      }
    },
    async logOut(text) {
      try {
        const subject = await verifyLogoutToken(text, { config, keys, now })
        const known = await findIdentity(db, { issuer, subject })
        const account = known && accounts.findById(known.accountId)
        if (!account) return 'done'
        const at = now()
        const clients = await db.transaction(async (tx) => {
          const row = { actor: 'issuer', action: 'end-sessions', target: account.bareJid, detail: { issuer, subject } }
          await appendAudit(tx, row, at)
          return endGrantsOf(tx, account.id, at)
        })
        endGrants(account, clients)
        return 'done'
      } catch (error) {
        const reason = faultOf(error)
        log.info('a logout token was refused', { reason, because: String(error) })
        return reason === 'away' ? 'away' : 'refused'
      }
    },
  }
}

/** What a token was refused for; anything that is not about tokens is thrown on. */
function faultOf(error: unknown): TokenRefusal {
  if (error instanceof TokenRefused) return error.fault
  if (error instanceof IssuerAway) return 'away'
  throw error
}

/** Why a token does not let its owner in. Another one would not help whoever is disabled: that comes first. */
function faultBetween(
  { issuedAt }: AccessToken,
  { isDisabled }: Account,
  { tokensValidFrom }: { readonly tokensValidFrom: Date | null },
): TokenRefusal | undefined {
  if (isDisabled) return 'disabled'
  // Tokens say whole seconds: one of the same second may be from before.
  return tokensValidFrom !== null && issuedAt <= tokensValidFrom ? 'ended' : undefined
}

function isPrivileged({ isAdmin, isBreakGlass, roles, administers }: Account): boolean {
  return isAdmin || isBreakGlass || roles.length > 0 || administers.length > 0
}
