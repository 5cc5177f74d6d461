import { createHash, createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

// WebAuthn (Web Authentication, Level 2) as far as we need it: no attestation is asked for, since any authenticator will
// do that verifies its user. Then the browser hands out the public key as SubjectPublicKeyInfo (§5.2.1.1), and nothing is
// left of CBOR and ASN.1 to parse here.

/** Who asks for passkeys: the pages at one origin. */
export interface RelyingParty {
  /** The host that keys are bound to. */
  readonly id: string
  readonly origin: string
}

/** What came back from an authenticator by way of a browser. */
export interface Ceremony {
  readonly clientDataJSON: Buffer
  readonly authenticatorData: Buffer
}

/** Of `authenticatorData` (§6.1), as far as it concerns us. */
interface AuthenticatorData {
  readonly signCount: number
  /** Of a new credential only (§6.5.1). */
  readonly credentialId?: Buffer | undefined
}

/** Its user was there (UP), and was asked for more than presence, such as a fingerprint or PIN (UV). */
const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const HAS_CREDENTIAL = 0x40
const HEADER_BYTES = 37
const AAGUID_BYTES = 16
/** §5.8.1 does not bound it; authenticators stay far below (CTAP 2.1 §6.1). */
const MAX_CREDENTIAL_ID_BYTES = 1023
const MIN_RSA_BITS = 2048

/** What was asked of an authenticator is not what it answered. The reason is for the log, not for whoever sent it. */
export class WebauthnError extends Error {}

/**
 * Reads the answer to `navigator.credentials.create` (§7.1).
 *
 * @returns the new credential
 * @throws WebauthnError
 */
export function verifyRegistration(
  ceremony: Ceremony & { readonly publicKey: Buffer },
  rp: RelyingParty,
  isChallenge: (challenge: string) => boolean,
): { readonly credentialId: Buffer; readonly signCount: number } {
  const { signCount, credentialId } = readCeremony(ceremony, 'webauthn.create', rp, isChallenge)
  if (credentialId === undefined) throw new WebauthnError('no credential')
  keyFrom(ceremony.publicKey)
  return { credentialId, signCount }
}

/**
 * Reads the answer to `navigator.credentials.get` (§7.2), signed by a key that was registered.
 *
 * @returns the authenticator's count of signatures
 * @throws WebauthnError
 */
export function verifyAssertion(
  ceremony: Ceremony & { readonly signature: Buffer },
  publicKey: Buffer,
  rp: RelyingParty,
  isChallenge: (challenge: string) => boolean,
): number {
  const { signCount } = readCeremony(ceremony, 'webauthn.get', rp, isChallenge)
  const key = keyFrom(publicKey)
  const signed = Buffer.concat([ceremony.authenticatorData, sha256(ceremony.clientDataJSON)])
  const digest = key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256'
  if (!verify(digest, signed, key, ceremony.signature)) throw new WebauthnError('a wrong signature')
  return signCount
}

function readCeremony(
  { clientDataJSON, authenticatorData }: Ceremony,
  type: 'webauthn.create' | 'webauthn.get',
  rp: RelyingParty,
  isChallenge: (challenge: string) => boolean,
): AuthenticatorData {
  const client = clientDataFrom(clientDataJSON)
  if (client['type'] !== type) throw new WebauthnError('another ceremony')
  if (client['origin'] !== rp.origin || client['crossOrigin'] === true) throw new WebauthnError('another origin')
  const data = authenticatorDataFrom(authenticatorData, rp)
  // Last, because asking uses it up.
  if (typeof client['challenge'] !== 'string' || !isChallenge(client['challenge'])) {
    throw new WebauthnError('another challenge')
  }
  return data
}

function clientDataFrom(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // Said below.
  }
  throw new WebauthnError('client data that cannot be read')
}

function authenticatorDataFrom(bytes: Buffer, rp: RelyingParty): AuthenticatorData {
  if (bytes.length < HEADER_BYTES) throw new WebauthnError('authenticator data that is cut off')
  if (!bytes.subarray(0, 32).equals(sha256(rp.id))) throw new WebauthnError('another relying party')
  const flags = bytes.readUInt8(32)
  if ((flags & USER_PRESENT) === 0 || (flags & USER_VERIFIED) === 0) throw new WebauthnError('a user not verified')
  const signCount = bytes.readUInt32BE(33)
  if ((flags & HAS_CREDENTIAL) === 0) return { signCount }
  const lengthAt = HEADER_BYTES + AAGUID_BYTES
  const length = bytes.length < lengthAt + 2 ? 0 : bytes.readUInt16BE(lengthAt)
  const credentialId = bytes.subarray(lengthAt + 2, lengthAt + 2 + length)
  if (length === 0 || length > MAX_CREDENTIAL_ID_BYTES || credentialId.length < length) {
    throw new WebauthnError('a credential that is cut off')
  }
  return { signCount, credentialId }
}

/** ES256, EdDSA and RS256 (COSE -7, -8, -257), which is what the console asks for. */
function keyFrom(publicKey: Buffer): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  } catch {
    throw new WebauthnError('a key that cannot be read')
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  const isTaken =
    type === 'ed25519' ||
    (type === 'ec' && details?.namedCurve === 'prime256v1') ||
    (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS)
  if (!isTaken) throw new WebauthnError('a key of another kind')
  return key
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest()
}
