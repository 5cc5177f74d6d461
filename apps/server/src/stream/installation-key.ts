import { createHash, createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** The public key of an installation of a client, or of the device that it is on. */
export interface InstallationKey {
  /** RFC 7638, in base64url: what it is known by. */
  readonly thumbprint: string
  /** Whether it made this signature: ECDSA with SHA-256 as r and s (IEEE P1363), or Ed25519. */
  hasSigned(text: string, signature: Buffer): boolean
}

const POINT_BYTES = 65
const ED25519_BYTES = 32
const SIGNATURE_BYTES = 64

/** The key that a client names: a point on P-256 as Web Crypto exports it, or the 32 bytes of Ed25519. */
export function findInstallationKey(text: string): InstallationKey | undefined {
  if (text.length > 128 || !/^[\w-]+$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  const part = (from: number, to?: number) => bytes.subarray(from, to).toString('base64url')
  if (bytes.length === ED25519_BYTES) return fromJwk({ kty: 'OKP', crv: 'Ed25519', x: part(0) })
  if (bytes.length !== POINT_BYTES || bytes[0] !== 4) return undefined
  return fromJwk({ kty: 'EC', crv: 'P-256', x: part(1, 33), y: part(33) })
}

/** A key as administrators have it: PEM, or a JWK. Undefined for a private key, and for kinds that no client here has. */
export function importInstallationKey(text: string): InstallationKey | undefined {
  try {
    if (text.includes('PRIVATE KEY')) return undefined
    if (!text.trimStart().startsWith('{')) return fromKey(createPublicKey(text))
    const { d, ...jwk } = JSON.parse(text) as Record<string, string>
    return d === undefined ? fromJwk(jwk) : undefined
  } catch {
    return undefined
  }
}

function fromJwk(jwk: Record<string, string>): InstallationKey | undefined {
  try {
    return fromKey(createPublicKey({ key: jwk, format: 'jwk' }))
  } catch {
    // No point on the curve, for example.
    return undefined
  }
}

function fromKey(key: KeyObject): InstallationKey | undefined {
  const { kty, crv, x, y } = key.export({ format: 'jwk' })
  const isEc = kty === 'EC' && crv === 'P-256'
  if (!isEc && !(kty === 'OKP' && crv === 'Ed25519')) return undefined
  // RFC 7638 §3.2: the members that make the key, in this order.
  const members = isEc ? { crv, kty, x, y } : { crv, kty, x }
  return {
    thumbprint: createHash('sha256').update(JSON.stringify(members)).digest('base64url'),
    hasSigned: (text, signature) =>
      signature.length === SIGNATURE_BYTES &&
      verify(isEc ? 'sha256' : null, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature),
  }
}
