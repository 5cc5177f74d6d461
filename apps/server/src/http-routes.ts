import type { StatusDocument } from '@drawbridge/contract'
import type { Health } from '@drawbridge/runtime'
import { UPLOAD_PATH } from './blobs/link.ts'
import type { Measure } from './measure.ts'
import type { ContactConfig } from './routing/registration.config.ts'
import type { Routing } from './routing/registry.ts'
import type { ServerConfig } from './server.config.ts'
import type { Oidc } from './stream/oidc/oidc.ts'
import { backChannelLogout } from './transport/back-channel-logout.ts'
import { createBosh } from './transport/bosh.ts'
import type { Accept } from './transport/connection.ts'
import type { HttpHandler } from './transport/http.ts'
import { mediaOrigin } from './transport/media-origin.ts'
import { crossOrigin } from './transport/origins.ts'
import type { Origins } from './transport/origins.ts'
import { featureRoutes, serviceRoutes } from './transport/service.ts'
import { createWebFiles } from './transport/web.ts'
import { connectFrom, webSignIn } from './transport/web-sign-in.ts'

export interface HttpRouteParts {
  readonly config: ServerConfig
  readonly routing: Routing
  readonly origins: Origins
  readonly accept: Accept
  /** The admin API, for people who have to sign in. */
  readonly admin: HttpHandler
  /** Absent: there is no issuer who could log anybody out. */
  readonly oidc: Oidc | undefined
  readonly health: Health
  /** The public status document. */
  readonly status: () => StatusDocument
  readonly measure: Measure
  /** See `WebFilesOptions`: of the web client. */
  readonly onPage: (isAnswered: boolean) => void
}

/** THE list of what answers HTTP. Each is asked in this order until one takes the request. */
export async function createHttpRoutes(parts: HttpRouteParts): Promise<readonly HttpHandler[]> {
  const { config, routing, origins, accept, admin, oidc, health, status, measure, onPage } = parts
  const { registry, ctx } = routing
  const { adminDir, webDir } = config.common
  const { hasBosh, mediaUrl } = config.web
  // Where files have an origin of their own, our own pages are of another one, too.
  const isForeign = (origin: string) =>
    origins.isForeign(origin) || (mediaUrl !== undefined && origin === URL.parse(ctx.publicUrl())?.origin)
  const connect = oidc?.web && connectFrom(oidc.web)
  const bosh = createBosh({
    accept,
    isEncrypted: true,
    isAllowedOrigin: (origin, request) => origins.isAllowed(origin, request.headers.host),
    maxPerAddress: config.stream.maxConnectionsPerAddress,
  })
  return [
    // First: on the host of files nothing else answers.
    ...(mediaUrl === undefined ? [] : [mediaOrigin(mediaUrl, UPLOAD_PATH)]),
    ...(hasBosh ? [bosh] : []),
    admin,
    ...(oidc ? [backChannelLogout(oidc)] : []),
    ...(oidc?.web ? [webSignIn(oidc.web)] : []),
    crossOrigin({ isForeign }, UPLOAD_PATH),
    featureRoutes(registry, ctx),
    serviceRoutes({
      domain: ctx.domain,
      outside: outsideOf(ctx.contacts),
      issuer: oidc?.web?.issuer,
      health,
      status,
      measure,
    }),
    // Last: the web client answers every path that is left.
    ...(adminDir === undefined ? [] : [await createWebFiles({ directory: adminDir, prefix: '/admin' })]),
    ...(webDir === undefined ? [] : [await createWebFiles({ directory: webDir, mediaUrl, onPage, connect })]),
  ]
}

/** What of the contact addresses (XEP-0157) is of use while the service is not: mail, telephone and the web. */
function outsideOf({ support, admin, status }: ContactConfig) {
  const outside = (addresses: readonly string[]) => addresses.filter((address) => !address.startsWith('xmpp:'))
  const help = outside(support)
  return { contacts: help.length > 0 ? help : outside(admin), statusPages: outside(status) }
}
