import { BoundedMap } from '@drawbridge/runtime'
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/** How long a token is good for; RFC 8292 §2 allows 24 hours. */
const TOKEN_TTL_S = 12 * 3_600
/** With less left than this, a new one is made. */
const RENEW_S = 3_600
/** Origins of push services that tokens are kept for. */
const TOKENS_MAX = 100

/** Who we are to push services (RFC 8292): they let only us send to whom has subscribed with our key. */
export interface Vapid {
  /** P-256 point, uncompressed, base64url: `applicationServerKey` in a browser. */
  readonly publicKey: string
  /** The Authorization header for a push service, by its origin. */
  authorization(origin: string): string
}

/** Reads the key, or makes it on the first start (0600). A new key would cut off every device. */
export async function loadVapid(keyFile: string, contact: string, now: () => Date): Promise<Vapid> {
  let pem: string
  try {
    pem = await readFile(keyFile, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const made = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    pem = made.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    await writeFile(keyFile, pem, { mode: 0o600, flag: 'wx', flush: true })
  }
  return vapidFrom(createPrivateKey(pem), contact, now)
}

/** @param contact - where a push service can complain: `mailto:` or `https:` (RFC 8292 §2.1). */
function vapidFrom(key: KeyObject, contact: string, now: () => Date): Vapid {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  const publicKey = point.toString('base64url')
  const tokens = new BoundedMap<string, { readonly header: string; readonly renewAt: number }>(TOKENS_MAX)
  return {
    publicKey,
    authorization(origin) {
      const nowS = Math.floor(now().getTime() / 1_000)
      const known = tokens.get(origin)
      if (known && known.renewAt > nowS) return known.header
      const exp = nowS + TOKEN_TTL_S
      const token = signToken(key, { aud: origin, exp, sub: contact })
      const header = `vapid t=${token}, k=${publicKey}`
      tokens.set(origin, { header, renewAt: exp - RENEW_S })
      return header
    },
  }
}

/** A JWT with ES256 (RFC 7515, RFC 7518 §3.4). */
function signToken(key: KeyObject, claims: Readonly<Record<string, string | number>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ typ: 'JWT', alg: 'ES256' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
