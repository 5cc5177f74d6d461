import { xml, type Element } from '../element.ts'
import { NS_CLIENT_ACCESS, NS_DRAWBRIDGE_CLIENT } from '../ns.ts'
import { formatDateTime } from './date-time.ts'

/** A client with access to an account (XEP-0494 §3.1). */
export interface AccessingClient {
  /** Says nothing to anybody but the server. */
  readonly id: string
  readonly isConnected: boolean
  /** It is the one that asks. */
  readonly isAsking: boolean
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
  readonly software: string | undefined
  readonly device: string | undefined
  /** What the server knows of a connected one: more than the XEP has elements for. */
  readonly identity: { readonly family?: string; readonly version?: string; readonly os?: string } | undefined
  readonly hasPassword: boolean
  /** It signed in by an access token of the issuer. */
  readonly hasGrant: boolean
  readonly hasToken: boolean
}

/** The answer to `<list/>`. Every client here has all rights of its account. */
export function buildAccessingClients(clients: readonly AccessingClient[]): Element {
  return xml('clients', { xmlns: NS_CLIENT_ACCESS }, ...clients.map(buildClient))
}

function buildClient(client: AccessingClient): Element {
  const { id, isConnected, isAsking, firstSeenAt, lastSeenAt, software, device, identity } = client
  const { hasPassword, hasGrant, hasToken } = client
  return xml(
    'client',
    { connected: isConnected, id, type: 'session' },
    xml('first-seen', {}, formatDateTime(firstSeenAt)),
    xml('last-seen', {}, formatDateTime(lastSeenAt)),
    xml(
      'auth',
      {},
      hasPassword ? xml('password') : undefined,
      hasGrant ? xml('grant') : undefined,
      hasToken ? xml('fast') : undefined,
    ),
    xml('permission', { status: 'unrestricted' }),
    xml(
      'user-agent',
      {},
      software === undefined ? undefined : xml('software', {}, software),
      device === undefined ? undefined : xml('device', {}, device),
    ),
    identity && buildIdentity(identity),
    isAsking ? xml('this', { xmlns: NS_DRAWBRIDGE_CLIENT }) : undefined,
  )
}

function buildIdentity({ family, version, os }: NonNullable<AccessingClient['identity']>): Element {
  return xml('client', { xmlns: NS_DRAWBRIDGE_CLIENT, name: family, version, os })
}

/** Beside the stream error of a client whose access was taken back: it must not come back by itself. */
export function buildSignedOut(): Element {
  return xml('signed-out', { xmlns: NS_DRAWBRIDGE_CLIENT })
}

export function isSignedOut(error: Element): boolean {
  return error.getChild('signed-out', NS_DRAWBRIDGE_CLIENT) !== undefined
}

/** §3.2: only another password keeps this client out. */
export function buildPasswordResetRequired(): Element {
  return xml('password-reset-required', { xmlns: NS_CLIENT_ACCESS })
}
