import { and, asc, eq, getTableColumns, gt, isNull, notInArray, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, deviceKey } from './schema/index.ts'

export type DeviceKey = typeof deviceKey.$inferSelect
export type NewDeviceKey = Omit<DeviceKey, 'revokedAt' | 'revokedBy'>

/** Keys that were changed after this epoch, revoked ones included. */
export function listDeviceKeysSince(db: Db, epoch: number): Promise<DeviceKey[]> {
  return db.select().from(deviceKey).where(gt(deviceKey.epoch, epoch))
}

/** Keys of devices with whose they are, by their thumbprint, from after `after`. */
export function listDeviceKeys(
  db: Db,
  limit: number,
  only: { readonly after?: string | undefined; readonly localpart?: string | undefined } = {},
): Promise<(DeviceKey & { localpart: string })[]> {
  return db
    .select({ ...getTableColumns(deviceKey), localpart: account.localpart })
    .from(deviceKey)
    .innerJoin(account, eq(account.id, deviceKey.accountId))
    .where(
      and(
        only.after === undefined ? undefined : gt(deviceKey.thumbprint, only.after),
        only.localpart === undefined ? undefined : eq(account.localpart, only.localpart),
      ),
    )
    .orderBy(asc(deviceKey.thumbprint))
    .limit(limit)
}

export async function findDeviceKey(
  db: Db,
  thumbprint: string,
): Promise<(DeviceKey & { localpart: string }) | undefined> {
  const [row] = await db
    .select({ ...getTableColumns(deviceKey), localpart: account.localpart })
    .from(deviceKey)
    .innerJoin(account, eq(account.id, deviceKey.accountId))
    .where(eq(deviceKey.thumbprint, thumbprint))
  return row
}

/**
 * Enrols keys, or takes what is new about those there are; the caller bumps the epoch in the same transaction. One that is
 * revoked stays so. Returns the thumbprints of those.
 */
export async function putDeviceKeys(tx: Db, rows: readonly NewDeviceKey[]): Promise<string[]> {
  if (rows.length === 0) return []
  const from = (name: string) => sql.raw(`excluded.${name}`)
  const put = await tx
    .insert(deviceKey)
    .values([...rows])
    .onConflictDoUpdate({
      target: deviceKey.thumbprint,
      set: {
        accountId: from('account_id'),
        label: from('label'),
        mdm: from('mdm'),
        notAfter: from('not_after'),
        importedAt: from('imported_at'),
        importedBy: from('imported_by'),
        epoch: from('epoch'),
      },
    })
    .returning({ thumbprint: deviceKey.thumbprint, revokedAt: deviceKey.revokedAt })
  return put.flatMap(({ thumbprint, revokedAt }) => (revokedAt === null ? [] : [thumbprint]))
}

/** Revokes keys that are not yet; the caller bumps the epoch in the same transaction. Returns their thumbprints. */
export async function revokeDeviceKeys(
  tx: Db,
  which: { readonly thumbprint: string } | { readonly mdm: string; readonly except: readonly string[] },
  revocation: Pick<DeviceKey, 'revokedAt' | 'revokedBy' | 'epoch'>,
): Promise<string[]> {
  const isMeant =
    'thumbprint' in which
      ? eq(deviceKey.thumbprint, which.thumbprint)
      : and(eq(deviceKey.mdm, which.mdm), notInArray(deviceKey.thumbprint, [...which.except]))
  const revoked = await tx
    .update(deviceKey)
    .set(revocation)
    .where(and(isMeant, isNull(deviceKey.revokedAt)))
    .returning({ thumbprint: deviceKey.thumbprint })
  return revoked.map(({ thumbprint }) => thumbprint)
}
