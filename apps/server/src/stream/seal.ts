import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Seals what must not be read from a stolen database (threats §3.1): AES-256-GCM under a key that lives in a file of its
 * own. The associated data ties a sealed row to its place, so that rows cannot be swapped.
 */
export interface Sealer {
  seal(plain: Buffer, place: string): Buffer
  /** Throws when the bytes were changed, belong to another place, or were sealed under another key. */
  open(sealed: Buffer, place: string): Buffer
  /** A key of its own for another purpose, always the same for the same purpose. 32 bytes. */
  derive(purpose: string): Buffer
}

const VERSION = 1
const KEY_ID = 'k1'
/** Node would take a cut-off tag as well, which is that much easier to forge. */
const TAG_BYTES = 16

/** Reads the key, or makes it on the first start (0600). */
export async function loadSealer(keyFile: string): Promise<Sealer> {
  let key: Buffer
  try {
    key = Buffer.from((await readFile(keyFile, 'utf8')).trim(), 'base64')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    key = randomBytes(32)
    await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 })
    await writeFile(keyFile, `${key.toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true })
  }
  if (key.length !== 32) throw new Error(`${keyFile} does not hold a key of 32 bytes in base64`)
  return sealerFrom(key)
}

/** A sealer with this key of 32 bytes. */
export function sealerFrom(bytes: Buffer): Sealer {
  const key = createSecretKey(bytes)
  const place = (where: string) => Buffer.from(`${where}\0${KEY_ID}`)
  return {
    seal(plain, where) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
      cipher.setAAD(place(where))
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([Buffer.from([VERSION]), iv, cipher.getAuthTag(), body])
    },
    open(sealed, where) {
      if (sealed[0] !== VERSION) throw new Error('sealed by an unknown version')
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: TAG_BYTES })
      decipher.setAAD(place(where))
      decipher.setAuthTag(sealed.subarray(13, 29))
      return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()])
    },
    derive: (purpose) => Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), purpose, 32)),
  }
}
