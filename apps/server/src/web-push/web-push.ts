import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { encryptPush } from './encryption.ts'
import type { PushKeys } from './encryption.ts'
import type { PushConfig } from './push.config.ts'
import type { Vapid } from './vapid.ts'

/** How long a push service keeps a message for a device that is away, in seconds (RFC 8030 §5.2). */
const TTL_S = 86_400
const ENDPOINT_MAX_BYTES = 2_048

/** A device as its browser describes it (`PushSubscription`). */
export interface WebPushDevice extends PushKeys {
  readonly endpoint: string
}

/** `gone`: the device will never take anything again. `failed`: perhaps later. */
export type PushOutcome =
  | { readonly status: 'sent' }
  | { readonly status: 'gone' }
  | { readonly status: 'failed'; readonly reason: string }

/** Sends to browsers by their vendors' push services (RFC 8030), encrypted for the device (RFC 8291). */
export interface WebPush {
  /** See `Vapid`. */
  readonly publicKey: string
  /** Whether we would send there at all: a client must not make us call any address (threats, server-side requests). */
  mayUse(endpoint: string): boolean
  hashOf(endpoint: string): Buffer
  seal(device: WebPushDevice, accountId: string): Buffer
  open(sealed: Buffer, accountId: string): WebPushDevice
  /** Never rejects, but for the signal. */
  send(device: WebPushDevice, text: string, signal: AbortSignal): Promise<PushOutcome>
}

export interface WebPushOptions {
  readonly config: Pick<PushConfig, 'hosts' | 'allowLoopback'>
  readonly vapid: Vapid
  readonly sealer: {
    seal(plain: Buffer, place: string): Buffer
    open(sealed: Buffer, place: string): Buffer
  }
}

export function createWebPush({ config, vapid, sealer }: WebPushOptions): WebPush {
  const place = (accountId: string) => `push ${accountId}`
  return {
    publicKey: vapid.publicKey,
    mayUse: (endpoint) => isAllowedEndpoint(endpoint, config),
    hashOf: (endpoint) => createHash('sha256').update(endpoint).digest(),
    seal({ endpoint, p256dh, auth }, accountId) {
      const text = JSON.stringify({ endpoint, p256dh: p256dh.toString('base64'), auth: auth.toString('base64') })
      return sealer.seal(Buffer.from(text), place(accountId))
    },
    open(sealed, accountId) {
      const stored = JSON.parse(sealer.open(sealed, place(accountId)).toString()) as Record<string, string>
      const bytes = (name: string) => Buffer.from(stored[name] ?? '', 'base64')
      return { endpoint: stored['endpoint'] ?? '', p256dh: bytes('p256dh'), auth: bytes('auth') }
    },
    async send(device, text, signal) {
      // The list may have changed since the device was registered.
      if (!isAllowedEndpoint(device.endpoint, config)) return { status: 'gone' }
      const url = new URL(device.endpoint)
      const body = encryptPush(Buffer.from(text), device)
      try {
        return outcomeOf(await post(url, body, vapid.authorization(url.origin), signal))
      } catch (error) {
        signal.throwIfAborted()
        return { status: 'failed', reason: error instanceof Error ? error.message : String(error) }
      }
    },
  }
}

/**
 * Only https, on its own port, at hosts that the operator has named. With its certificate checked and redirects not
 * followed, nothing else can be made to answer.
 */
function isAllowedEndpoint(endpoint: string, { hosts, allowLoopback }: WebPushOptions['config']): boolean {
  if (endpoint.length > ENDPOINT_MAX_BYTES) return false
  const url = URL.parse(endpoint)
  if (!url || url.username !== '' || url.password !== '' || url.hash !== '') return false
  if (allowLoopback && url.protocol === 'http:' && url.hostname === '127.0.0.1') return true
  if (url.protocol !== 'https:' || url.port !== '') return false
  return hosts.some((host) => url.hostname === host || (host.startsWith('.') && url.hostname.endsWith(host)))
}

/** Resolves with the status; what the push service says beyond it is not read. */
function post(url: URL, body: Buffer, authorization: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest
    const headers = {
      authorization,
      'content-type': 'application/octet-stream',
      'content-encoding': 'aes128gcm',
      'content-length': body.length,
      ttl: TTL_S,
      urgency: 'high',
      // A newer one takes the place of one that the device has not got yet (RFC 8030 §5.4).
      topic: 'messages',
    }
    const outgoing = request(url, { method: 'POST', headers, signal }, (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function outcomeOf(status: number): PushOutcome {
  if (status >= 200 && status < 300) return { status: 'sent' }
  // RFC 8030 §7.3: the subscription has expired.
  if (status === 404 || status === 410) return { status: 'gone' }
  return { status: 'failed', reason: `the push service answered ${status}` }
}
