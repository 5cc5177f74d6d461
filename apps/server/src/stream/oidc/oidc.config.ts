import { boolean, duration, list } from '@drawbridge/runtime'
import * as z from 'zod'

/** Signature algorithms by which everybody can check a token, and nobody but the issuer can make one (RFC 8725 §3.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Sign-in by access tokens of an OpenID Connect issuer (RFC 7628, XEP-0493). */
export const oidcConfig = z
  .object({
    issuer: z
      .url({ protocol: /^https?$/, error: 'expected an https address' })
      .refine(isPlainAddress, 'expected an address without query, fragment and password')
      .optional()
      .meta({
        env: 'DRAWBRIDGE_OIDC_ISSUER',
        doc: 'Whose access tokens sign people in (OAUTHBEARER): the issuer, spelled as in its discovery document. An https address; plain http only on this machine, together with DRAWBRIDGE_ALLOW_PLAINTEXT. Absent: nobody signs in by token.',
      }),
    audiences: list.readonly().default([]).meta({
      env: 'DRAWBRIDGE_OIDC_AUDIENCES',
      doc: 'What a token must be made out to (`aud`); one of these. Needed with an issuer: without it, a token made for any other service of the company would let that service in here.',
    }),
    clients: list.readonly().default([]).meta({
      env: 'DRAWBRIDGE_OIDC_CLIENTS',
      doc: 'Client ids that may have asked for a token (`azp` or `client_id`). Absent: every client that the issuer gives a token for us.',
    }),
    algorithms: list
      .pipe(z.array(z.enum(ALGORITHMS, { error: `expected some of ${ALGORITHMS.join(', ')}` })).min(1))
      .readonly()
      .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
      .meta({
        env: 'DRAWBRIDGE_OIDC_ALGORITHMS',
        doc: 'Signature algorithms that count. Only what the issuer uses is best; `none` and algorithms with a shared secret are never among them.',
      }),
    accountClaim: z
      .string()
      .regex(/^(?!email$)[\w:/.-]{1,128}$/, 'expected the name of a claim other than email')
      .default('preferred_username')
      .meta({
        env: 'DRAWBRIDGE_OIDC_ACCOUNT_CLAIM',
        doc: 'The claim that names the account at the first sign-in: `alice` or `alice@` and the domain. From then on the subject of the token (`sub`) is who it is. Must be a claim that people cannot choose at the issuer, or they choose whose account is theirs; never `email`.',
      }),
    scopes: list.readonly().default(['xmpp:client:normal']).meta({
      env: 'DRAWBRIDGE_OIDC_SCOPES',
      doc: 'Scopes that a token must have, all of them; clients are told (XEP-0493). An empty list in the configuration file asks for none: then every token made out to us signs in, whatever it was asked for.',
    }),
    webClient: z.string().min(1).max(256).optional().meta({
      env: 'DRAWBRIDGE_OIDC_WEB_CLIENT',
      doc: 'Client id of our own web client at the issuer: a public client with PKCE, whose redirect address is `/signed-in` at this server. With it, the sign-in page offers the company account. Absent: it does not.',
    }),
    webScopes: list.readonly().optional().meta({
      env: 'DRAWBRIDGE_OIDC_WEB_SCOPES',
      doc: 'What the web client asks the issuer for, beside `openid`. Absent: DRAWBRIDGE_OIDC_SCOPES. For issuers that want a scope asked for by another name than tokens have it by, such as Microsoft Entra ID (`api://im.example.com/xmpp.client`).',
    }),
    clockSkewMs: duration
      .refine((ms) => ms >= 0 && ms <= 5 * MINUTE_MS, 'expected at most five minutes')
      .default(MINUTE_MS)
      .meta({
        env: 'DRAWBRIDGE_OIDC_CLOCK_SKEW',
        doc: 'How far the clocks of the issuer and this server may be apart. More lets tokens that have ended in for so long.',
      }),
    keysMaxAgeMs: duration
      .refine((ms) => ms >= MINUTE_MS && ms <= DAY_MS, 'expected one minute to a day')
      .default(60 * MINUTE_MS)
      .meta({
        env: 'DRAWBRIDGE_OIDC_KEYS_MAX_AGE',
        doc: 'After how long the keys of the issuer are fetched again. Shorter notices sooner that a key was withdrawn.',
      }),
    keysMaxStaleMs: duration
      .refine((ms) => ms >= MINUTE_MS && ms <= 7 * DAY_MS, 'expected one minute to seven days')
      .default(DAY_MS)
      .meta({
        env: 'DRAWBRIDGE_OIDC_KEYS_MAX_STALE',
        doc: 'How long keys count while the issuer cannot be reached. Longer lets people sign in for longer without it; shorter ends sooner what a withdrawn key is good for.',
      }),
    signInLifetimeMs: duration
      .refine((ms) => ms >= 0 && ms <= 7 * DAY_MS, 'expected at most seven days')
      .default(12 * 60 * MINUTE_MS)
      .meta({
        env: 'DRAWBRIDGE_OIDC_SIGN_IN_LIFETIME',
        doc: 'How long a sign-in by token counts, where the token itself ends sooner: then sessions and FAST tokens that came of it end, and the client comes back with a new token. `0s` ends them with the token. Shorter keeps people out sooner who were locked at the issuer only.',
      }),
    isProvisioning: boolean.default(false).meta({
      env: 'DRAWBRIDGE_OIDC_PROVISION',
      doc: 'Whether whoever has a token and no account gets one, without a password. Off: an administrator makes accounts.',
    }),
  })
  .superRefine(({ issuer, audiences, clients, webClient }, context) => {
    if (webClient !== undefined) {
      const message =
        issuer === undefined
          ? 'DRAWBRIDGE_OIDC_WEB_CLIENT needs DRAWBRIDGE_OIDC_ISSUER.'
          : clients.length > 0 &&
            !clients.includes(webClient) &&
            'DRAWBRIDGE_OIDC_CLIENTS must name DRAWBRIDGE_OIDC_WEB_CLIENT, or the web client is turned away.'
      if (message) context.addIssue({ code: 'custom', path: ['webClient'], message, params: { sentence: true } })
    }
    if (issuer === undefined || audiences.length > 0) return
    const message =
      'DRAWBRIDGE_OIDC_ISSUER needs DRAWBRIDGE_OIDC_AUDIENCES: what its tokens for this server are made out to.'
    context.addIssue({ code: 'custom', path: ['audiences'], message, params: { sentence: true } })
  })

export type OidcConfig = z.output<typeof oidcConfig>

/** RFC 8414 §2: an issuer has "no query or fragment components". */
function isPlainAddress(text: string): boolean {
  const { username, password, search, hash } = new URL(text)
  return username === '' && password === '' && search === '' && hash === ''
}

/** Whether requests to this address stay on this machine. */
function isOnThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** Whether something may be fetched there whose content is trusted: by https, or in a test on this machine. */
export function isTrustworthy(address: string, { allowPlaintext }: { readonly allowPlaintext: boolean }): boolean {
  const url = URL.parse(address)
  if (url?.protocol === 'https:') return true
  return url?.protocol === 'http:' && allowPlaintext && isOnThisMachine(url)
}
