import { keyIdOf, signAudit } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/** How often the end of the log is signed where it has grown, in milliseconds. */
const SIGN_MS = 60_000

export interface AuditSigning extends AsyncDisposable {
  /** Ed25519. To be noted elsewhere: with it, a log is checked without this server. */
  readonly publicKey: KeyObject
}

/**
 * Signs the end of the audit log each minute, and when it stops, with a key in a file of its own (made on the first start,
 * 0600): whoever has the database can rewrite the log with all its hashes, but not what was signed.
 */
export async function startAuditSigning(db: Db, keyFile: string, log: Log, now: () => Date): Promise<AuditSigning> {
  const key = await loadKey(keyFile)
  const publicKey = createPublicKey(key)
  const keyId = keyIdOf(publicKey)
  let last: Promise<unknown> = Promise.resolve()
  const run = () => {
    last = last
      .then(() => signAudit(db, now(), (bytes) => ({ keyId, signature: sign(null, bytes, key) })))
      .catch((error: unknown) => log.warn('the audit log is signed later', { error: String(error) }))
    return last
  }
  const timer = setInterval(() => void run(), SIGN_MS)
  return {
    publicKey,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await run()
    },
  }
}

async function loadKey(file: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const { privateKey } = generateKeyPairSync('ed25519')
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
    await writeFile(file, pem, { mode: 0o600, flag: 'wx', flush: true })
    return privateKey
  }
}
