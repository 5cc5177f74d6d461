import { formatDateTime, NS_EXTERNAL_SERVICES, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHmac } from 'node:crypto'
import { defineFeature } from '../routing/feature.ts'
import type { Context, IqRequest } from '../routing/feature.ts'
import type { ExternalService } from './external-services.config.ts'

/**
 * XEP-0215: External Service Discovery, for STUN and TURN. Credentials are those of TURN's REST scheme, as coturn has it
 * (`use-auth-secret`): a name that begins with the second in which they end, and its HMAC under a shared secret.
 */
export const externalServices = defineFeature({
  name: 'external-services',
  implements: [{ xep: 215, version: '1.0.0' }],
  disco: [NS_EXTERNAL_SERVICES],
  iq: [
    { type: 'get', to: 'server', xmlns: NS_EXTERNAL_SERVICES, name: 'services', handle: getServices },
    { type: 'get', to: 'server', xmlns: NS_EXTERNAL_SERVICES, name: 'credentials', handle: getCredentials },
  ],
})

/** §3.1 all of them, §3.2 those of a type. */
function getServices({ attrs: { type } }: Element, request: IqRequest, ctx: Context): Element {
  const found = ctx.externalServices.services.filter((service) => type === undefined || service.type === type)
  return xml(
    'services',
    { xmlns: NS_EXTERNAL_SERVICES, type },
    found.map((service) => describe(service, request, ctx)),
  )
}

/** §3.3: a client that knows a service from elsewhere asks for credentials only. */
function getCredentials(payload: Element, request: IqRequest, ctx: Context): Element {
  const { host, type, port } = payload.getChild('service', NS_EXTERNAL_SERVICES)?.attrs ?? {}
  if (host === undefined || type === undefined)
    throw new StanzaFault({ condition: 'bad-request', text: 'host and type expected' })
  const found = ctx.externalServices.services.filter(
    (service) =>
      service.host === host && service.type === type && (port === undefined || String(service.port) === port),
  )
  if (found.length === 0) throw new StanzaFault({ condition: 'item-not-found' })
  return xml(
    'credentials',
    { xmlns: NS_EXTERNAL_SERVICES },
    found.map((service) => describe(service, request, ctx)),
  )
}

function describe(service: ExternalService, { session }: IqRequest, ctx: Context): Element {
  const { type, host, port, transport } = service
  return xml('service', { type, host, port, transport, ...credentialsFor(service, session.account.bareJid, ctx) })
}

function credentialsFor({ type }: ExternalService, bareJid: string, { externalServices: config, now }: Context) {
  const { turnSecret, turnTtlMs } = config
  if (turnSecret === undefined || !type.startsWith('turn')) return {}
  const expiresS = Math.ceil((now().getTime() + turnTtlMs) / 1_000)
  // STUN carries the name in the clear. Whose it is, only we can tell; that it is the same one, the TURN server can.
  const name = createHmac('sha256', turnSecret).update(`name of ${bareJid}`).digest('hex').slice(0, 16)
  const username = `${expiresS}:${name}`
  return {
    username,
    password: createHmac('sha1', turnSecret).update(username).digest('base64'),
    expires: formatDateTime(new Date(expiresS * 1_000)),
    restricted: 'true',
  }
}
