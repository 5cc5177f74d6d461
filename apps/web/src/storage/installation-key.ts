/**
 * The key of this browser for one account. It proves to the server that it is the same installation, and nothing else: no
 * script can read its private part, and signing out deletes it.
 */
import { deleteDB, openDB, type DBSchema } from 'idb'

interface KeySchema extends DBSchema {
  /** By bare JID. */
  key: { key: string; value: CryptoKeyPair }
}

const NAME = 'drawbridge-installation'
const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** The key of this browser for an account, made when there is none. Where nothing can be stored it lasts as long as the page. */
export async function getInstallationKey(account: string): Promise<CryptoKeyPair> {
  const make = () => crypto.subtle.generateKey(P256, false, ['sign', 'verify'])
  try {
    const db = await openDB<KeySchema>(NAME, 1, {
      upgrade: (fresh) => void fresh.createObjectStore('key'),
      blocking: () => db.close(),
    })
    try {
      const known = await db.get('key', account)
      if (known) return known
      const made = await make()
      // Two tabs may come at once: the first one's key is everybody's.
      await db.add('key', made, account).catch(() => undefined)
      return (await db.get('key', account)) ?? made
    } finally {
      db.close()
    }
  } catch {
    return make()
  }
}

/** Forgets the keys of this browser. */
export async function wipeInstallationKeys(): Promise<void> {
  await deleteDB(NAME).catch(() => undefined)
}
