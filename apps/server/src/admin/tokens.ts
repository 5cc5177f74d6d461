import { createHash, randomBytes } from 'node:crypto'

/** How long a sign-in lasts, in milliseconds. */
const LIFETIME_MS = 8 * 3_600_000
/** Sign-ins of one account that are remembered; one more ends the oldest. */
const MAX_PER_ACCOUNT = 10

/**
 * Bearer tokens of administrators. Only hashes are kept, in memory: a restart signs everybody out, and no dump of the
 * database or of this map signs anybody in.
 */
export interface Tokens {
  issue(localpart: string): { readonly token: string; readonly expiresAt: Date }
  /** Whose token it is; undefined when it is unknown or has expired. */
  find(token: string): string | undefined
  revoke(token: string): void
  /** Ends every sign-in of an account: its password, rights or existence have changed. */
  revokeAll(localpart: string): void
}

/** An empty set of tokens. */
export function createTokens(now: () => Date = () => new Date()): Tokens {
  const byHash = new Map<string, { readonly localpart: string; readonly expiresAt: number }>()
  const hashOf = (token: string) => createHash('sha256').update(token).digest('base64')
  const of = (localpart: string) => [...byHash].filter(([, entry]) => entry.localpart === localpart)
  return {
    issue(localpart) {
      const at = now().getTime()
      for (const [hash, { expiresAt }] of byHash) if (expiresAt <= at) byHash.delete(hash)
      for (const [hash] of of(localpart).slice(0, 1 - MAX_PER_ACCOUNT)) byHash.delete(hash)
      const token = randomBytes(32).toString('base64url')
      const expiresAt = at + LIFETIME_MS
      byHash.set(hashOf(token), { localpart, expiresAt })
      return { token, expiresAt: new Date(expiresAt) }
    },
    find(token) {
      const entry = byHash.get(hashOf(token))
      return entry && entry.expiresAt > now().getTime() ? entry.localpart : undefined
    },
    revoke: (token) => void byHash.delete(hashOf(token)),
    revokeAll(localpart) {
      for (const [hash] of of(localpart)) byHash.delete(hash)
    },
  }
}
