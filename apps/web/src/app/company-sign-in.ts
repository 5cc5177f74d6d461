/**
 * Sign-in with the company account, in the page: authorization code flow with PKCE (RFC 6749, RFC 7636, RFC 9700), as a
 * public client. Nothing of the issuer's is ever stored: a refresh token lives as long as the page, and what signs in after a
 * reload is a token of our own server. Loaded when somebody needs it.
 */
import type { AuthorizationServer } from '@drawbridge/contract/browser'
import { exchangeAccessToken, ExchangeRefused, type Exchanged } from '../connection/exchange-token.ts'
import { ownIdentity } from './chat.ts'
import { installationId } from '../storage/credentials.ts'
import { RETURN_PATH, type CompanyFault, type SignInProblem } from './company-return.ts'
import type { WebConfig } from './service-documents.ts'

/** What was asked, kept in this tab for as long as the person is away: an answer to anything else is not for us. */
interface Question {
  readonly server: AuthorizationServer
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly isRemembered: boolean
  /** The conversation that was open. */
  readonly hash: string
  /** Milliseconds since 1970. */
  readonly askedAt: number
}

export interface CompanySignIn extends Exchanged {
  readonly isRemembered: boolean
  readonly hash: string
  /** Another one without asking the person; absent where the issuer gave nothing to do it with. */
  readonly renew: (() => Promise<Exchanged | undefined>) | undefined
}

/** It did not come to a sign-in. */
export class CompanyRefused extends Error {
  readonly problem: SignInProblem
  constructor(problem: SignInProblem) {
    super(problem.kind)
    this.name = 'CompanyRefused'
    this.problem = problem
  }
}

const QUESTION_KEY = 'drawbridge.company'
const MAX_AWAY_MS = 30 * 60_000
const LIMIT_MS = 15_000
/** Clocks of this device and of the issuer may be apart by so much, in seconds. */
const SKEW_S = 300

const refuse = (fault: CompanyFault) => new CompanyRefused({ kind: 'company', fault })

/**
 * Sends the person to the issuer; resolves only when the page is on its way. Rejects with {@link CompanyRefused}.
 *
 * @param asksAgain - the issuer is to ask who it is, even if it knows: somebody has signed out here
 */
export async function leaveForIssuer({ isRemembered, asksAgain }: { isRemembered: boolean; asksAgain: boolean }) {
  const server = await fetchJson<AuthorizationServer>('/oidc/sign-in.json')
  if (!server) throw refuse('away')
  const verifier = random()
  const question: Question = {
    server,
    state: random(),
    nonce: random(),
    verifier,
    isRemembered,
    hash: location.hash,
    askedAt: Date.now(),
  }
  sessionStorage.setItem(QUESTION_KEY, JSON.stringify(question))
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const address = new URL(server.authorizationEndpoint)
  const parameters = {
    response_type: 'code',
    client_id: server.clientId,
    redirect_uri: location.origin + RETURN_PATH,
    response_mode: server.responseMode,
    scope: server.scope,
    state: question.state,
    nonce: question.nonce,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: 'S256',
    ...(asksAgain ? { prompt: 'login' } : {}),
  }
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
  location.assign(address)
}

/** Makes a sign-in of what the issuer sent the person back with. Rejects with {@link CompanyRefused}. */
export async function comeBack(answer: URLSearchParams, { service, domain }: WebConfig): Promise<CompanySignIn> {
  const stored = sessionStorage.getItem(QUESTION_KEY)
  sessionStorage.removeItem(QUESTION_KEY)
  const question = stored === null ? undefined : (JSON.parse(stored) as Question)
  if (!question || answer.get('state') !== question.state || Date.now() - question.askedAt > MAX_AWAY_MS)
    throw refuse('not-asked')
  const { server, verifier, isRemembered, hash } = question
  // RFC 9207 §2.4: another issuer may have answered in the place of the one that was asked.
  const named = answer.get('iss')
  if (named === null ? server.isNamedInResponse : named !== server.issuer) throw refuse('not-asked')
  const error = answer.get('error')
  if (error !== null) throw refuse(error === 'access_denied' ? 'cancelled' : 'refused')
  const exchange = async (accessToken: string) => {
    try {
      const userAgentId = installationId()
      return await exchangeAccessToken({ service, domain, accessToken, userAgentId, identity: ownIdentity() })
    } catch (fault) {
      throw fault instanceof ExchangeRefused ? new CompanyRefused(fault.failure) : fault
    }
  }
  const first = await requestToken(server, {
    grant_type: 'authorization_code',
    code: answer.get('code') ?? '',
    redirect_uri: location.origin + RETURN_PATH,
    code_verifier: verifier,
  })
  if (first === 'refused') throw refuse('refused')
  checkIdToken(first.id_token, question)
  let refreshToken = first.refresh_token
  const renew = async () => {
    const next = await requestToken(server, { grant_type: 'refresh_token', refresh_token: refreshToken ?? '' })
    if (next === 'refused') return undefined
    refreshToken = next.refresh_token ?? refreshToken
    return exchange(next.access_token)
  }
  return {
    ...(await exchange(first.access_token)),
    isRemembered,
    hash,
    renew: refreshToken === undefined ? undefined : renew,
  }
}

interface TokenResponse {
  readonly access_token: string
  readonly id_token?: string
  readonly refresh_token?: string
}

/** RFC 6749 §5. Rejects when the issuer cannot be reached. */
async function requestToken(
  { tokenEndpoint, clientId }: AuthorizationServer,
  parameters: Record<string, string>,
): Promise<TokenResponse | 'refused'> {
  let response: Response
  try {
    const body = new URLSearchParams({ client_id: clientId, ...parameters })
    const signal = AbortSignal.timeout(LIMIT_MS)
    response = await fetch(tokenEndpoint, { method: 'POST', body, credentials: 'omit', redirect: 'error', signal })
  } catch {
    throw refuse('away')
  }
  if (response.status >= 500) throw refuse('away')
  const said = (await response.json().catch(() => undefined)) as (TokenResponse & { token_type?: string }) | undefined
  const isBearer = typeof said?.access_token === 'string' && /^bearer$/i.test(said.token_type ?? '')
  return response.ok && isBearer ? said : 'refused'
}

/**
 * OpenID Connect Core §3.1.3.7: the answer is to the question of this tab. Its signature need not be checked, for it came
 * from the issuer itself, over TLS (item 6); and who somebody is here is decided by our server, from the access token.
 */
function checkIdToken(idToken: string | undefined, { server, nonce }: Question): void {
  const claims = claimsOf(idToken)
  const audiences: unknown[] = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']]
  const expiresAt = Number(claims['exp'])
  const isOurs =
    claims['iss'] === server.issuer &&
    claims['nonce'] === nonce &&
    audiences.includes(server.clientId) &&
    (claims['azp'] === undefined ? audiences.length === 1 : claims['azp'] === server.clientId) &&
    expiresAt + SKEW_S > Date.now() / 1_000
  if (!isOurs) throw refuse('not-asked')
}

function claimsOf(jwt = ''): Record<string, unknown> {
  try {
    const base64 = (jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
  } catch {
    return {}
  }
}

async function fetchJson<T>(path: string): Promise<T | undefined> {
  try {
    const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT_MS) })
    return response.ok ? ((await response.json()) as T) : undefined
  } catch {
    return undefined
  }
}

/** 256 bits (RFC 7636 §7.1). */
function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
