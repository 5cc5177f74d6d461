import { hash, verify } from 'argon2'
import { createHmac } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { listCredentials, setCredentials } from '@drawbridge/db'
import type { Db, NewCredential } from '@drawbridge/db'
import { decodeVerifier, deriveVerifier, encodeVerifier } from './scram.ts'
import type { ScramVerifier } from './scram.ts'
import type { Sealer } from './seal.ts'

/** OWASP's floor for argon2id: 19 MiB, two passes, one lane. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const MAX_PASSWORD_BYTES = 1_024
const MIN_PASSWORD_CHARACTERS = 8
/** An id that no account has. */
const NOBODY = '00000000-0000-0000-0000-000000000000'
const QUEUE_MAX = 200
const QUEUE_WAIT_MS = 2_000

/** The server is too busy to check a password now: `temporary-auth-failure` (RFC 6120 §6.5.11). */
export class PasswordBusy extends Error {}

/** A password that cannot be used; the message says why, for the person who chose it. */
export class PasswordUnfit extends Error {}

export interface Passwords {
  /** Prepares and checks a new password and makes every verifier of it, sealed. Throws `PasswordUnfit`. */
  make(accountId: string, password: string): Promise<NewCredential[]>
  /** Makes the verifiers and puts them in the place of all old ones. Throws `PasswordUnfit`. */
  set(accountId: string, password: string): Promise<void>
  /** True when the password is right. An absent account costs the same time. Throws `PasswordBusy`. */
  verify(accountId: string | undefined, password: string): Promise<boolean>
  /** The account's SCRAM verifier, or a decoy that is always the same for the same name (threats §3.3). */
  scramVerifier(accountId: string | undefined, localpart: string): Promise<{ verifier: ScramVerifier; isReal: boolean }>
}

export interface PasswordOptions {
  readonly db: Db
  readonly sealer: Sealer
  readonly scramIterations: number
}

/** RFC 8265 §4.2 OpaqueString: spaces become U+0020, NFC, nothing else; throws when empty, too long or not text. */
export function preparePassword(password: string): string {
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) throw new PasswordUnfit('A password has at most 1,024 bytes.')
  const prepared = password.replace(/\p{Zs}/gu, ' ').normalize('NFC')
  if (prepared === '' || /[\p{Cc}\p{Cs}\p{Cn}]/u.test(prepared)) {
    throw new PasswordUnfit('A password is not empty and has no control characters.')
  }
  return prepared
}

/** The one place that hashes and checks passwords. */
export function createPasswords({ db, sealer, scramIterations }: PasswordOptions): Passwords {
  const pool = createPool(availableParallelism())
  const decoyKey = sealer.derive('scram decoy salts')
  let decoyHash: Promise<string> | undefined
  const place = (accountId: string, mechanism: string) => `${accountId}\0${mechanism}`
  const decoySealed = sealer.seal(Buffer.alloc(128), place(NOBODY, ''))
  /** Whoever has no account costs the same: a query, and a seal to open. */
  const load = async (accountId: string | undefined, mechanism: string) => {
    const sealed = (await listCredentials(db, accountId ?? NOBODY)).get(mechanism)
    if (accountId !== undefined && sealed) return sealer.open(sealed, place(accountId, mechanism))
    sealer.open(decoySealed, place(NOBODY, ''))
    return undefined
  }
  const decoy = (localpart: string): ScramVerifier => {
    const derive = (what: string) => createHmac('sha256', decoyKey).update(`${what}\0${localpart}`).digest()
    return {
      salt: derive('salt').subarray(0, 16),
      iterations: scramIterations,
      storedKey: derive('stored'),
      serverKey: derive('server'),
    }
  }
  const make = async (accountId: string, password: string): Promise<NewCredential[]> => {
    const prepared = preparePassword(password)
    if ([...prepared].length < MIN_PASSWORD_CHARACTERS) throw new PasswordUnfit('A password has at least 8 characters.')
    const [argon, scram] = await Promise.all([
      pool(() => hash(prepared, ARGON2)),
      deriveVerifier(prepared, scramIterations),
    ])
    return [
      { mechanism: 'argon2id', sealed: sealer.seal(Buffer.from(argon), place(accountId, 'argon2id')) },
      { mechanism: 'SCRAM-SHA-256', sealed: sealer.seal(encodeVerifier(scram), place(accountId, 'SCRAM-SHA-256')) },
    ]
  }
  return {
    make,
    async set(accountId, password) {
      await setCredentials(db, accountId, await make(accountId, password))
    },
    async verify(accountId, password) {
      let prepared: string
      try {
        prepared = preparePassword(password)
      } catch {
        return false
      }
      const stored = await load(accountId, 'argon2id')
      decoyHash ??= hash('nobody has this password', ARGON2)
      const encoded = stored?.toString() ?? (await decoyHash)
      const isRight = await pool(() => verify(encoded, prepared))
      return isRight && stored !== undefined
    },
    async scramVerifier(accountId, localpart) {
      const stored = await load(accountId, 'SCRAM-SHA-256')
      return stored ? { verifier: decodeVerifier(stored), isReal: true } : { verifier: decoy(localpart), isReal: false }
    },
  }
}

/**
 * Runs so many at once; the rest waits in line, briefly, or is told that it is too busy. A place that becomes free is
 * handed to the next in line, so that nobody slips in between.
 */
export function createPool(
  size: number,
  now: () => number = () => performance.now(),
): <T>(work: () => Promise<T>) => Promise<T> {
  let free = size
  const waiting: { readonly since: number; readonly start: () => void; readonly giveUp: () => void }[] = []
  const next = () => {
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
      if (now() - entry.since <= QUEUE_WAIT_MS) return entry.start()
      entry.giveUp()
    }
    free++
  }
  return async (work) => {
    if (free > 0) free--
    else if (waiting.length >= QUEUE_MAX) throw new PasswordBusy()
    else {
      await new Promise<void>((start, reject) =>
        waiting.push({ since: now(), start, giveUp: () => reject(new PasswordBusy()) }),
      )
    }
    try {
      return await work()
    } finally {
      next()
    }
  }
}
