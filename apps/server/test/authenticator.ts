import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** What an authenticator may do otherwise than it should. */
export interface Whims {
  /** The page that asked. */
  readonly origin?: string
  readonly rpId?: string
  readonly flags?: number
  readonly signCount?: number
  readonly crossOrigin?: boolean
  readonly type?: string
}

const KINDS = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
export type AuthenticatorKind = keyof typeof KINDS

/** User present, user verified. */
const VERIFIED = 0x05
const HAS_CREDENTIAL = 0x40

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest()
const text = (bytes: Buffer) => bytes.toString('base64url')

/** An authenticator with one key, and the browser around it (WebAuthn §6), with answers as the console sends them. */
export function authenticator(kind: AuthenticatorKind = 'ES256', home = 'https://im.test') {
  const { publicKey, privateKey } = KINDS[kind]()
  const credentialId = randomBytes(32)
  const clientData = (challenge: string, type: string, whims: Whims) =>
    Buffer.from(
      JSON.stringify({
        type: whims.type ?? type,
        challenge,
        origin: whims.origin ?? home,
        crossOrigin: whims.crossOrigin ?? false,
      }),
    )
  const header = (flags: number, { rpId = new URL(home).hostname, signCount = 0, ...whims }: Whims) => {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(signCount)
    return Buffer.concat([sha256(rpId), Buffer.of(whims.flags ?? flags), counter])
  }
  return {
    id: text(credentialId),
    create(challenge: string, whims: Whims = {}) {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const data = [header(VERIFIED | HAS_CREDENTIAL, whims), Buffer.alloc(16), length, credentialId]
      return {
        clientDataJSON: text(clientData(challenge, 'webauthn.create', whims)),
        authenticatorData: text(Buffer.concat(data)),
        publicKey: text(publicKey.export({ type: 'spki', format: 'der' })),
      }
    },
    get(challenge: string, whims: Whims = {}) {
      const client = clientData(challenge, 'webauthn.get', whims)
      const data = header(VERIFIED, whims)
      const signed = Buffer.concat([data, sha256(client)])
      return {
        id: text(credentialId),
        clientDataJSON: text(client),
        authenticatorData: text(data),
        signature: text(sign(kind === 'EdDSA' ? null : 'sha256', signed, privateKey)),
      }
    },
  }
}
