import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'

// Web Push by hand, in node:crypto: the two RFCs are 60 lines of it, and the library for it (web-push) brings six more
// packages and an HTTP client of its own that follows what an endpoint says.

/** Public keys of the receiver and the secret that it shares with us (RFC 8291 §2). */
export interface PushKeys {
  /** P-256 point, uncompressed: 65 bytes. */
  readonly p256dh: Buffer
  /** 16 bytes. */
  readonly auth: Buffer
}

const TAG_BYTES = 16
/** One record, of the size that every push service takes (RFC 8291 §4). */
const RECORD_BYTES = 4_096
const HEADER_BYTES = 16 + 4 + 1 + 65
/** Longest text that can be sent. */
export const MAX_PLAINTEXT_BYTES = RECORD_BYTES - HEADER_BYTES - TAG_BYTES - 1
/** Texts are padded to a multiple of this, so that their length does not tell what they are about. */
const PAD_TO_BYTES = 512

/** Whether a client's keys can be used: a point of the curve, and a secret of the right length. */
export function areUsableKeys({ p256dh, auth }: PushKeys): boolean {
  if (p256dh.length !== 65 || p256dh[0] !== 4 || auth.length !== 16) return false
  const own = createECDH('prime256v1')
  own.generateKeys()
  try {
    // Throws for a point that is not on the curve.
    own.computeSecret(p256dh)
    return true
  } catch {
    return false
  }
}

/**
 * Encrypts one message for one receiver: `aes128gcm` (RFC 8188) under a key that only the receiver can derive (RFC 8291).
 *
 * @param fixed - salt and key pair, for the example of the RFC.
 */
export function encryptPush(
  text: Buffer,
  { p256dh, auth }: PushKeys,
  fixed?: { readonly salt: Buffer; readonly privateKey: Buffer; readonly padTo: number },
): Buffer {
  if (text.length > MAX_PLAINTEXT_BYTES) throw new Error(`a push of ${text.length} bytes is too long`)
  const own = createECDH('prime256v1')
  if (fixed) own.setPrivateKey(fixed.privateKey)
  else own.generateKeys()
  const publicKey = own.getPublicKey()
  const salt = fixed?.salt ?? randomBytes(16)
  const secret = own.computeSecret(p256dh)
  // RFC 8291 §3.4
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, publicKey])
  const ikm = hkdf(secret, auth, keyInfo, 32)
  const key = hkdf(ikm, salt, 'Content-Encoding: aes128gcm\0', 16)
  const nonce = hkdf(ikm, salt, 'Content-Encoding: nonce\0', 12)
  const padTo = fixed?.padTo ?? PAD_TO_BYTES
  const padded = Buffer.alloc(Math.min(Math.ceil((text.length + 1) / padTo) * padTo, MAX_PLAINTEXT_BYTES + 1))
  text.copy(padded)
  // The delimiter of the last record (RFC 8188 §2); zeros after it are padding.
  padded[text.length] = 2
  const cipher = createCipheriv('aes-128-gcm', key, nonce)
  const header = Buffer.alloc(5)
  header.writeUInt32BE(RECORD_BYTES, 0)
  header[4] = publicKey.length
  return Buffer.concat([salt, header, publicKey, cipher.update(padded), cipher.final(), cipher.getAuthTag()])
}

function hkdf(secret: Buffer, salt: Buffer, info: Buffer | string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, length))
}
