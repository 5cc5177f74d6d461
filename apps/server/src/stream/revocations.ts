/**
 * Remembers whose credentials ended when. Ending an account's sessions reaches those that are bound; this reaches whoever
 * is just signing in with a password that was right a moment ago (threats AU-23).
 */
export interface Revocations {
  /** A point in time, for `isRevoked`. Take it before any credential is read. */
  mark(): number
  revoke(localpart: string): void
  /** True when the account's credentials ended after that point. */
  isRevoked(localpart: string, since: number): boolean
}

/** @param keepMs - how long signing in may take; older entries concern nobody. */
export function createRevocations(keepMs: number, now: () => number = () => performance.now()): Revocations {
  const revoked = new Map<string, { readonly mark: number; readonly at: number }>()
  let count = 0
  return {
    mark: () => count,
    revoke(localpart) {
      const at = now()
      for (const [key, entry] of revoked) {
        if (at - entry.at <= keepMs) break
        revoked.delete(key)
      }
      revoked.delete(localpart)
      revoked.set(localpart, { mark: ++count, at })
    },
    isRevoked: (localpart, since) => (revoked.get(localpart)?.mark ?? 0) > since,
  }
}
