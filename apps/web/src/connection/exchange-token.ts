/**
 * Shows the server an access token of the company's issuer (OAUTHBEARER: RFC 7628), and learns whose account it opens. What
 * signs in from then on is a token of the server's own, which ends when this sign-in does.
 */
import type { XmppClient } from '@xmpp/client'
import { NS_FAST, NS_SASL2, NS_STREAM } from '@drawbridge/xmpp'
import type { ClientIdentity } from './connection.ts'
import type { Element } from './element.ts'
import { failureFrom, type Failure } from './failure.ts'
import { HashedToken, HT_MECHANISM, tokenKeyFrom, type TokenKey } from './token.ts'
import { buildUserAgent, createEntity, interceptInput, keepOnlySasl2 } from './xmpp-js.ts'

export interface ExchangeOptions {
  /** WebSocket URL of the server. */
  readonly service: string
  readonly domain: string
  readonly accessToken: string
  /** Of this installation (XEP-0388 §2.3). */
  readonly userAgentId: string
  readonly identity: Pick<ClientIdentity, 'name' | 'version'>
}

export interface Exchanged {
  /** Bare JID. */
  readonly account: string
  readonly token: TokenKey
}

/** The server does not take the token, or cannot be reached. */
export class ExchangeRefused extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.kind)
    this.name = 'ExchangeRefused'
    this.failure = failure
  }
}

const LIMIT_MS = 20_000
const MECHANISM = 'OAUTHBEARER'

/** Rejects with {@link ExchangeRefused}. */
export async function exchangeAccessToken(options: ExchangeOptions): Promise<Exchanged> {
  const { service, domain, accessToken, userAgentId, identity } = options
  const entity = createEntity({
    service,
    domain,
    lang: navigator.language,
    timeout: LIMIT_MS,
    async credentials(authenticate, mechanisms) {
      if (!mechanisms.includes(MECHANISM)) throw new ExchangeRefused({ kind: 'token-not-offered' })
      await authenticate(
        { accessToken },
        MECHANISM,
        buildUserAgent(userAgentId, `${identity.name} ${identity.version}`),
      )
    },
  })
  entity.saslFactory.use(MECHANISM, Bearer)
  // Without it xmpp.js does not ask for a token.
  entity.fast.saslFactory.use(HT_MECHANISM, HashedToken)
  try {
    const success = await successOf(entity, { service, domain })
    const token = success.getChild('token', NS_FAST)?.attrs
    const account = success.getChildText('authorization-identifier', NS_SASL2)
    if (!account || !token?.['token'] || !token['expiry']) throw new ExchangeRefused({ kind: 'token-not-offered' })
    return { account, token: await tokenKeyFrom({ token: token['token'], expiry: token['expiry'] }, userAgentId) }
  } finally {
    entity.disconnect().catch(() => undefined)
  }
}

function successOf(entity: XmppClient, { service, domain }: Pick<ExchangeOptions, 'service' | 'domain'>) {
  return new Promise<Element>((resolve, reject) => {
    const refuse = (failure: Failure) => reject(new ExchangeRefused(failure))
    const timer = setTimeout(refuse, LIMIT_MS, { kind: 'unreachable' } satisfies Failure)
    interceptInput(entity, (element) => {
      if (element.is('features', NS_STREAM)) keepOnlySasl2(element)
      const isEnd = element.is('failure', NS_SASL2) || element.is('error', NS_STREAM)
      if (isEnd) refuse(failureFrom(element) ?? { kind: 'unreachable' })
      else if (element.is('success', NS_SASL2)) resolve(element)
      else return true
      clearTimeout(timer)
      return false
    })
    entity.on('error', (error) => reject(error instanceof ExchangeRefused ? error : unreachable()))
    entity
      .connect(service)
      .then(() => entity.open({ domain, lang: navigator.language }))
      .catch(() => reject(unreachable()))
  })
}

const unreachable = () => new ExchangeRefused({ kind: 'unreachable' })

/** RFC 7628 §3.1. A challenge says what is wrong, and is answered with a farewell (§3.2.3). */
class Bearer {
  readonly clientFirst = true
  readonly name = MECHANISM
  #isRefused = false

  response(credentials: unknown): string {
    const { accessToken } = credentials as { accessToken: string }
    return this.#isRefused ? '\x01' : `n,,\x01auth=Bearer ${accessToken}\x01\x01`
  }

  challenge(): void {
    this.#isRefused = true
  }
}
