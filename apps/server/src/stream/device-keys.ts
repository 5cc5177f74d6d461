import { listDeviceKeysSince } from '@drawbridge/db'
import type { Db, DeviceKey } from '@drawbridge/db'

/** What is known of an enrolled key. */
export interface EnrolledKey {
  readonly accountId: string
  readonly notAfter: Date
  readonly isRevoked: boolean
}

/** The keys of managed devices, in memory: every sign-in asks, and an epoch in which none of them changed costs nothing. */
export interface DeviceKeys {
  find(thumbprint: string): EnrolledKey | undefined
  /** Reads what has changed since it was last read. */
  refresh(db: Db): Promise<void>
  /** Which keys count no more by what a transaction sees. Nothing here changes. */
  foresee(tx: Db): Promise<(thumbprint: string) => boolean>
}

export function createDeviceKeys(): DeviceKeys {
  const known = new Map<string, EnrolledKey>()
  let newest = -1
  const keep = ({ thumbprint, accountId, notAfter, revokedAt, epoch }: DeviceKey) => {
    known.set(thumbprint, { accountId, notAfter, isRevoked: revokedAt !== null })
    newest = Math.max(newest, epoch)
  }
  return {
    find: (thumbprint) => known.get(thumbprint),
    async refresh(db) {
      for (const row of await listDeviceKeysSince(db, newest)) keep(row)
    },
    async foresee(tx) {
      // What is tried out is of the epoch in force: the transaction does not raise it.
      const changed = await listDeviceKeysSince(tx, newest - 1)
      const revoked = new Set(changed.flatMap(({ thumbprint, revokedAt }) => (revokedAt === null ? [] : [thumbprint])))
      return (thumbprint) => revoked.has(thumbprint)
    },
  }
}
