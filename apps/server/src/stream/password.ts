import { hash, needsRehash, verify } from 'argon2'
import { createHmac } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { listCredentials, putCredentials } from '@drawbridge/db'
import type { Db, NewCredential } from '@drawbridge/db'
import { PrecisFault, prepareOpaqueString } from '@drawbridge/xmpp'
import { setChecksWaiting } from './metrics.ts'
import { findWeakness } from './password-strength.ts'
import { deriveVerifier, encodeVerifier, findVerifier, scramBytes } from './scram.ts'
import type { ScramFamily, ScramVerifier } from './scram.ts'
import type { Sealer } from './seal.ts'

/** OWASP's floor for argon2id: 19 MiB, two passes, one lane. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** The verifier of the password itself: for PLAIN, and for signing in over HTTP. */
const ARGON = 'argon2id'
const MAX_PASSWORD_BYTES = 1_024
/** An id that no account has. */
const NOBODY = '00000000-0000-0000-0000-000000000000'
export const CHECKS_MAX = 200
const QUEUE_WAIT_MS = 2_000

/** The server is too busy to check a password now: `temporary-auth-failure` (RFC 6120 §6.5.11). */
export class PasswordBusy extends Error {}

/** Sealed verifiers by mechanism. */
type Stored = ReadonlyMap<string, Buffer>

/** A password that cannot be used; the message says why, for the person who chose it. */
export class PasswordUnfit extends Error {}

/** What an account can be checked against, by one look-up. Of nobody, everything is a decoy. */
export interface Verifiers {
  /** The verifier, or a decoy that is always the same for the same name (threats §3.3). */
  scram(family: ScramFamily): { readonly verifier: ScramVerifier; readonly isReal: boolean }
  /** Families that this server uses and the account has no good verifier for. */
  readonly missing: readonly ScramFamily[]
  /** Adds one, unless the password was changed since the look-up: the one of `provedWith` must still be in force. */
  add(made: ScramVerifier, provedWith: ScramFamily): Promise<boolean>
}

/** Whose password it is. */
export interface PasswordAccount {
  readonly id: string
  readonly localpart: string
}

export interface Passwords {
  /** How new SCRAM verifiers are salted. */
  readonly iterations: number
  /** The SCRAM mechanisms in use, the strongest first. */
  readonly families: readonly ScramFamily[]
  /** Prepares and checks a new password and makes every verifier of it, sealed. Throws `PasswordUnfit`. */
  make(account: PasswordAccount, password: string): Promise<NewCredential[]>
  /**
   * True when the password is right; then verifiers that are missing or outdated are made anew meanwhile (threats §3.6).
   * An absent account costs the same time. Throws `PasswordBusy`.
   */
  verify(accountId: string | undefined, password: string): Promise<boolean>
  load(accountId: string | undefined, localpart: string): Promise<Verifiers>
}

export interface PasswordOptions {
  readonly db: Db
  readonly domain: string
  readonly sealer: Sealer
  readonly scramIterations: number
  /** Default: SCRAM-SHA-256 alone. */
  readonly families?: readonly ScramFamily[]
  /** A verifier could not be made anew: nobody waits for it, and the next sign-in tries again. */
  readonly onError?: (error: unknown) => void
}

/** RFC 8265 §4.2 OpaqueString: spaces become U+0020, NFC, nothing else. Throws `PasswordUnfit`. */
export function preparePassword(password: string): string {
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) throw new PasswordUnfit('A password has at most 1,024 bytes.')
  try {
    return prepareOpaqueString(password)
  } catch (cause) {
    if (!(cause instanceof PrecisFault)) throw cause
    throw new PasswordUnfit('A password is not empty and has no control or invisible characters.', { cause })
  }
}

/** The one place that hashes and checks passwords. */
export function createPasswords(options: PasswordOptions): Passwords {
  const { db, domain, sealer, scramIterations: iterations, families = ['SCRAM-SHA-256'] } = options
  const { onError = () => undefined } = options
  const pool = createPool(availableParallelism())
  const decoyKey = sealer.derive('scram decoy salts')
  let decoyHash: Promise<string> | undefined
  const place = (accountId: string, mechanism: string) => `${accountId}\0${mechanism}`
  const decoySealed = sealer.seal(Buffer.alloc(128), place(NOBODY, ''))
  const list = (accountId: string | undefined) => listCredentials(db, accountId ?? NOBODY)
  /** Whoever has no such verifier costs the same: a seal to open. */
  const open = (accountId: string | undefined, mechanism: string, sealed: Buffer | undefined) => {
    if (accountId !== undefined && sealed) return sealer.open(sealed, place(accountId, mechanism))
    sealer.open(decoySealed, place(NOBODY, ''))
    return undefined
  }
  const seal = (accountId: string, mechanism: string, verifier: Buffer): NewCredential => ({
    mechanism,
    sealed: sealer.seal(verifier, place(accountId, mechanism)),
  })
  const decoy = (family: ScramFamily, localpart: string): ScramVerifier => {
    const derive = (what: string) => createHmac('sha512', decoyKey).update(`${family}\0${what}\0${localpart}`).digest()
    return {
      family,
      salt: derive('salt').subarray(0, 16),
      iterations,
      storedKey: derive('stored').subarray(0, scramBytes(family)),
      serverKey: derive('server').subarray(0, scramBytes(family)),
    }
  }
  const findStored = (accountId: string | undefined, family: ScramFamily, stored: Stored) => {
    const bytes = open(accountId, family, stored.get(family))
    return bytes && findVerifier(family, bytes)
  }
  const makeArgon = async (accountId: string, prepared: string) =>
    seal(accountId, ARGON, Buffer.from(await pool(() => hash(prepared, ARGON2))))
  const makeScram = async (accountId: string, prepared: string, family: ScramFamily) =>
    seal(accountId, family, encodeVerifier(await deriveVerifier(prepared, { family, iterations })))

  /** Makes anew what is missing, or was made with less work than it takes today (threats §3.6, AU-26). */
  const refresh = async (accountId: string, prepared: string, encoded: string, stored: Stored) => {
    const outdated = families.filter((family) => {
      const verifier = findStored(accountId, family, stored)
      return !verifier || verifier.iterations < iterations
    })
    const argon = needsRehash(encoded, ARGON2) ? [makeArgon(accountId, prepared)] : []
    const made = [...argon, ...outdated.map((family) => makeScram(accountId, prepared, family))]
    const provedWith = stored.get(ARGON)
    if (made.length === 0 || !provedWith) return
    await putCredentials(db, accountId, await Promise.all(made), { mechanism: ARGON, sealed: provedWith })
  }

  return {
    iterations,
    families,
    async make({ id: accountId, localpart }, password) {
      const prepared = preparePassword(password)
      const weakness = findWeakness(prepared, { localpart, domain })
      if (weakness !== undefined) throw new PasswordUnfit(weakness)
      return Promise.all([
        makeArgon(accountId, prepared),
        ...families.map((family) => makeScram(accountId, prepared, family)),
      ])
    },
    async verify(accountId, password) {
      let prepared: string
      try {
        prepared = preparePassword(password)
      } catch {
        return false
      }
      const stored = await list(accountId)
      const found = open(accountId, ARGON, stored.get(ARGON))?.toString()
      decoyHash ??= hash('nobody has this password', ARGON2)
      const encoded = found ?? (await decoyHash)
      const isRight = (await pool(() => verify(encoded, prepared))) && found !== undefined
      if (isRight && accountId !== undefined) void refresh(accountId, prepared, found, stored).catch(onError)
      return isRight
    },
    async load(accountId, localpart) {
      const stored = await list(accountId)
      return {
        scram(family) {
          const verifier = findStored(accountId, family, stored)
          return verifier ? { verifier, isReal: true } : { verifier: decoy(family, localpart), isReal: false }
        },
        get missing() {
          return families.filter((family) => !findStored(accountId, family, stored))
        },
        async add(made, provedWith) {
          const proof = stored.get(provedWith)
          if (accountId === undefined || !proof) return false
          const credential = seal(accountId, made.family, encodeVerifier(made))
          return putCredentials(db, accountId, [credential], { mechanism: provedWith, sealed: proof })
        },
      }
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
    else if (waiting.length >= CHECKS_MAX) throw new PasswordBusy()
    else {
      await new Promise<void>((start, reject) => {
        waiting.push({ since: now(), start, giveUp: () => reject(new PasswordBusy()) })
        setChecksWaiting(waiting.length)
      })
      setChecksWaiting(waiting.length)
    }
    try {
      return await work()
    } finally {
      next()
    }
  }
}
