/**
 * What signs in again after a reload (docs/adr/0005): never the password, but the salted password, or a token, as a
 * CryptoKey whose bytes no script can read. It is useless for any other service, and dies with a password change or when
 * the sign-in that the token came of has run out.
 */
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { KeptSecret } from '../connection/secret.ts'
import { wipeInstallationKeys } from './installation-key.ts'

interface Stored {
  /** Bare JID. */
  readonly account: string
  /** Kept when the browser closes; otherwise bound to one tab. */
  readonly isRemembered: boolean
  /** Milliseconds since 1970. */
  readonly usedAt: number
}

export type StoredCredentials = Stored & KeptSecret

interface CredentialSchema extends DBSchema {
  credential: { key: string; value: StoredCredentials }
}

const NAME = 'drawbridge-credentials'
const REMEMBERED = 'remembered'
const TAB_KEY = 'drawbridge.tab'
const INSTALLATION_KEY = 'drawbridge.installation'
const REMEMBERED_MS = 30 * 86_400_000
const TAB_MS = 12 * 3_600_000

/** Keeps what a sign-in left. Failing to store is not an error: the person signs in again next time. */
export async function keepCredentials(account: string, secret: KeptSecret, isRemembered: boolean): Promise<void> {
  const db = await open()
  const key = isRemembered ? REMEMBERED : tabId()
  await db?.put('credential', { account, ...secret, isRemembered, usedAt: Date.now() }, key)
  db?.close()
}

/** What this tab may sign in with: its own first, then what is remembered for the browser. Deletes what is too old. */
export async function findCredentials(): Promise<StoredCredentials | undefined> {
  const db = await open()
  if (!db) return undefined
  const now = Date.now()
  for (const key of await db.getAllKeys('credential')) {
    const stored = await db.get('credential', key)
    if (!stored || now - stored.usedAt > (stored.isRemembered ? REMEMBERED_MS : TAB_MS))
      await db.delete('credential', key)
  }
  const found = (await db.get('credential', tabId())) ?? (await db.get('credential', REMEMBERED))
  db.close()
  return found
}

/**
 * What this browser is called at each sign-in by a token (XEP-0388 §2.3), so that it is one device in the list of devices.
 * Signing out forgets it.
 */
export function installationId(): string {
  const known = localStorage.getItem(INSTALLATION_KEY)
  if (known !== null) return known
  const fresh = crypto.randomUUID()
  localStorage.setItem(INSTALLATION_KEY, fresh)
  return fresh
}

export function forgetInstallation(): void {
  localStorage.removeItem(INSTALLATION_KEY)
}

/** Forgets every sign-in of this browser, and the keys that it was known by. */
export async function wipeCredentials(): Promise<void> {
  sessionStorage.removeItem(TAB_KEY)
  await Promise.all([deleteDB(NAME).catch(() => undefined), wipeInstallationKeys()])
}

/** sessionStorage ends with the tab, so a key filed under it is lost to whoever opens the browser next. */
function tabId(): string {
  const known = sessionStorage.getItem(TAB_KEY)
  if (known !== null) return known
  const fresh = crypto.randomUUID()
  sessionStorage.setItem(TAB_KEY, fresh)
  return fresh
}

async function open(): Promise<IDBPDatabase<CredentialSchema> | undefined> {
  try {
    const db: IDBPDatabase<CredentialSchema> = await openDB<CredentialSchema>(NAME, 1, {
      upgrade: (fresh) => void fresh.createObjectStore('credential'),
      blocking: () => db.close(),
    })
    return db
  } catch {
    return undefined
  }
}
