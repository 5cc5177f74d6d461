import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'

const AUDIENCE = 'xmpp:im.test'
const SCOPE = 'xmpp:client:normal'
const REDIRECT = 'http://127.0.0.1:1/callback'

/** What a token endpoint answers (RFC 6749 §5.1). */
export interface Tokens {
  readonly access_token: string
  readonly id_token: string
  readonly refresh_token: string
}

/** An identity provider that was made without us (node-oidc-provider), with a company of two in it. */
export interface IdentityProvider extends AsyncDisposable {
  readonly url: string
  /** How long access tokens from now on count, in seconds. */
  tokenTtlS: number
}

export interface IdentityProviderOptions {
  /** A client that it knows from the start, such as a web page: public, with PKCE. */
  readonly client?: { readonly id: string; readonly redirectUri: string }
}

/** Subjects of the provider, and how they are called. */
const STAFF: Readonly<Record<string, string>> = { 'a-4711': 'alice', 'b-0815': 'bob' }

/** A program says who its person is by the header `x-person`; in a browser people choose on a page. */
export async function startIdentityProvider({ client }: IdentityProviderOptions = {}): Promise<IdentityProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => undefined
  const server = createServer((request, response) => handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const identities: IdentityProvider = {
    url,
    tokenTtlS: 300,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(url, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' } as never] },
    clients: client
      ? [
          {
            client_id: client.id,
            redirect_uris: [client.redirectUri],
            // Of those, plain http may lead back to this machine.
            application_type: 'native',
            token_endpoint_auth_method: 'none',
            grant_types: ['authorization_code', 'refresh_token'],
          },
        ]
      : [],
    clientBasedCORS: () => true,
    scopes: ['openid', 'offline_access'],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_ctx, token) => ({
      preferred_username: 'accountId' in token ? STAFF[String(token.accountId)] : undefined,
    }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    ttl: {
      Interaction: 300,
      Session: 300,
      Grant: 300,
      AccessToken: () => identities.tokenTtlS,
      RefreshToken: 300,
      IdToken: 300,
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPE,
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  const callback = provider.callback()
  /** Whoever the browser says it is may come in, and agrees to everything. */
  const interact = async (request: IncomingMessage, response: ServerResponse) => {
    const { prompt, params, session } = await provider.interactionDetails(request, response)
    if (prompt.name === 'login') {
      const { searchParams } = new URL(request.url ?? '', url)
      const accountId = String(request.headers['x-person'] ?? searchParams.get('person'))
      if (searchParams.get('person') === 'nobody') {
        const declined = { error: 'access_denied', error_description: 'does not want to' }
        return provider.interactionFinished(request, response, declined, { mergeWithLastSubmission: false })
      }
      if (accountId === 'null') {
        const links = [...Object.entries(STAFF), ['nobody', 'nobody']].map(
          ([subject, name]) => `<a href="?person=${subject}">${name}</a>`,
        )
        return response.setHeader('content-type', 'text/html').end(`<title>Who are you?</title>${links.join(' ')}`)
      }
      return provider.interactionFinished(
        request,
        response,
        { login: { accountId } },
        { mergeWithLastSubmission: false },
      )
    }
    const grant = new provider.Grant({ accountId: session!.accountId, clientId: String(params['client_id']) })
    grant.addOIDCScope('openid offline_access')
    grant.addResourceScope(AUDIENCE, SCOPE)
    const consent = { grantId: await grant.save() }
    return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true })
  }
  handle = (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void callback(request, response)
    interact(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  }
  return identities
}

/** What an application does to get a token for somebody (XEP-0493 §2.3): it knows the discovery URL, and nothing else. */
export async function obtainTokens(discoveryUrl: string, { person }: { readonly person: string }) {
  const metadata = await json(await fetch(discoveryUrl))
  const at = (name: string) => String(metadata[name])
  const registered = await json(
    await fetch(at('registration_endpoint'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'A client that was not there before',
        application_type: 'native',
        redirect_uris: [REDIRECT],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      }),
    }),
  )
  const clientId = String(registered['client_id'])
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: `openid offline_access ${SCOPE}`,
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const redirected = await browse(`${at('authorization_endpoint')}?${query}`, { 'x-person': person })
  const code = new URL(redirected).searchParams.get('code') ?? ''
  const ask = async (parameters: Record<string, string>): Promise<Tokens> => {
    const body = new URLSearchParams({ client_id: clientId, ...parameters })
    return (await json(await fetch(at('token_endpoint'), { method: 'POST', body }))) as unknown as Tokens
  }
  const tokens = await ask({
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: verifier,
  })
  const refresh = () => ask({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
  return { tokens, refresh }
}

async function json(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

/** Follows redirects as a browser does, cookies in hand, until one leads back to the application. */
async function browse(address: string, headers: Record<string, string>): Promise<string> {
  const cookies = new Map<string, string>()
  let at = address
  for (let hops = 0; hops < 10; hops++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { ...headers, cookie } })
    for (const set of response.headers.getSetCookie()) {
      const [name = '', value = ''] = set.split(';', 1)[0]?.split('=') ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${at} leads nowhere: ${response.status} ${await response.text()}`)
    at = new URL(location, at).href
    if (at.startsWith(REDIRECT)) return at
  }
  throw new Error('redirected too often')
}
