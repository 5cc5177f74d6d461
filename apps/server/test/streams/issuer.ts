import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK, JWTHeaderParameters } from 'jose'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a token is to be made of, where that is not what a good one is made of. */
export interface TokenTwist {
  /** Claims instead of, or beside, those of a good token; undefined leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Partial<JWTHeaderParameters>
  /** Signs it; default: the key of the issuer that is in use. */
  readonly key?: CryptoKey | Uint8Array
}

/** An OpenID Connect issuer whose tokens can be wrong in every way. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string
  /** Paths that were asked for. */
  readonly requests: string[]
  /** What the documents say; a test may change it. */
  discovery: Record<string, unknown>
  keySet: { keys: unknown[] }
  /** Answers instead of the issuer; undefined: the issuer itself. */
  instead: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | undefined
  /** The public key in use. */
  readonly jwk: JWK
  /** An access token for `alice` that lives for five minutes. */
  token(twist?: TokenTwist): Promise<string>
  /** Signs with another key from now on, and shows both. */
  rotate(): Promise<void>
}

/** What makes a server take the tokens of a test issuer. */
export const oidcSettings = (issuer: { readonly url: string }) => ({ issuer: issuer.url, audiences: 'xmpp:im.test' })

const ALG = 'ES256'

export async function startIssuer(): Promise<TestIssuer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    const { instead, discovery, keySet } = issuer
    if (instead) return void response.writeHead(instead.status, instead.headers).end(instead.body)
    const document = { '/.well-known/openid-configuration': discovery, '/keys': keySet }[request.url ?? '']
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let made = 0
  const make = async () => {
    const { publicKey, privateKey } = await generateKeyPair(ALG, { extractable: true })
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `key-${++made}`, alg: ALG, use: 'sig' } }
  }
  let current = await make()
  const issuer: TestIssuer = {
    url,
    requests,
    discovery: { issuer: url, jwks_uri: `${url}/keys` },
    keySet: { keys: [current.jwk] },
    instead: undefined,
    get jwk() {
      return current.jwk
    },
    token({ claims = {}, header = {}, key = current.privateKey } = {}) {
      const at = Math.floor(Date.now() / 1_000)
      const good = {
        iss: url,
        aud: 'xmpp:im.test',
        sub: 'subject-of-alice',
        preferred_username: 'alice',
        scope: 'openid xmpp:client:normal',
        client_id: 'test-client',
        iat: at,
        exp: at + 300,
      }
      return new SignJWT({ ...good, ...claims })
        .setProtectedHeader({ alg: ALG, kid: current.jwk.kid, typ: 'at+jwt', ...header })
        .sign(key, { crit: { 'urn:example:new': true } })
    },
    async rotate() {
      const { keys } = issuer.keySet
      current = await make()
      issuer.keySet = { keys: [...keys, current.jwk] }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return issuer
}
