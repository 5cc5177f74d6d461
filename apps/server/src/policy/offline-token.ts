import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/** What a token can do: cut the service off on the node that it is given to, or end that. */
export const OFFLINE_SCOPES = ['cut', 'end'] as const
export type OfflineScope = (typeof OFFLINE_SCOPES)[number]

export interface OfflineToken {
  /** 16 random bytes in hex: it is taken once. */
  readonly nonce: string
  readonly scope: OfflineScope
  readonly expiresAt: Date
}

/** Why a token is not taken. */
export type TokenFault = 'unreadable' | 'forged' | 'expired'

/**
 * Tokens on paper (control §4.3): what they may do, until when, and a number, signed by Ed25519. Whoever can read one may
 * use it once; nobody needs to sign in, and where no database answers, none is asked.
 */
export interface OfflineTokens {
  create(scope: OfflineScope, expiresAt: Date): { readonly token: OfflineToken; readonly text: string }
  read(text: string, now: Date): OfflineToken | TokenFault
}

const VERSION = 1
/** Version, scope, nonce, seconds since 1970. */
const PAYLOAD_BYTES = 1 + 1 + 16 + 4
const TOKEN_BYTES = PAYLOAD_BYTES + 64
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const TOKEN_CHARACTERS = Math.ceil((TOKEN_BYTES * 8) / 5)
const GROUP_CHARACTERS = 6

/** Reads the key, or makes it on the first start (0600). A new key ends every token. */
export async function loadOfflineTokens(keyFile: string, domain: string): Promise<OfflineTokens> {
  let pem: string
  try {
    pem = await readFile(keyFile, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    await writeFile(keyFile, pem, { mode: 0o600, flag: 'wx', flush: true })
  }
  return offlineTokens(createPrivateKey(pem), domain)
}

/** @param domain - a token of one installation is nothing to another, even with the same key. */
export function offlineTokens(key: KeyObject, domain: string): OfflineTokens {
  const publicKey = createPublicKey(key)
  const signed = (payload: Buffer) => Buffer.concat([Buffer.from(`drawbridge offline token\0${domain}\0`), payload])
  return {
    create(scope, expiresAt) {
      const payload = Buffer.alloc(PAYLOAD_BYTES)
      payload[0] = VERSION
      payload[1] = OFFLINE_SCOPES.indexOf(scope)
      randomBytes(16).copy(payload, 2)
      payload.writeUInt32BE(Math.floor(expiresAt.getTime() / 1_000), 18)
      const text = encode(Buffer.concat([payload, sign(null, signed(payload), key)]))
      return { token: tokenFrom(payload, scope), text }
    },
    read(text, now) {
      const bytes = decode(text)
      const payload = bytes?.subarray(0, PAYLOAD_BYTES)
      const scope = OFFLINE_SCOPES[payload?.[1] ?? -1]
      if (!bytes || !payload || payload[0] !== VERSION || scope === undefined) return 'unreadable'
      if (!verify(null, signed(payload), publicKey, bytes.subarray(PAYLOAD_BYTES))) return 'forged'
      const token = tokenFrom(payload, scope)
      return token.expiresAt <= now ? 'expired' : token
    },
  }
}

function tokenFrom(payload: Buffer, scope: OfflineScope): OfflineToken {
  return {
    nonce: payload.toString('hex', 2, 18),
    scope,
    expiresAt: new Date(payload.readUInt32BE(18) * 1_000),
  }
}

/** RFC 4648 §6 in groups, so that it can be read from paper. */
function encode(bytes: Buffer): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  const characters = (bits.match(/.{1,5}/gu) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)])
  return (characters.join('').match(new RegExp(`.{1,${GROUP_CHARACTERS}}`, 'gu')) ?? []).join('-')
}

/** Whatever the case and the gaps; nothing for what cannot be a token. */
function decode(text: string): Buffer | undefined {
  const characters = text.toUpperCase().replace(/[\s-]/gu, '')
  if (characters.length !== TOKEN_CHARACTERS || /[^A-Z2-7]/u.test(characters)) return undefined
  let bits = ''
  for (const character of characters) bits += ALPHABET.indexOf(character).toString(2).padStart(5, '0')
  const bytes = (bits.match(/.{8}/gu) ?? []).map((eight) => Number.parseInt(eight, 2))
  return bytes.length === TOKEN_BYTES ? Buffer.from(bytes) : undefined
}
