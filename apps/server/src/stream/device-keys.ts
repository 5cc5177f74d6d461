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
  }
}
