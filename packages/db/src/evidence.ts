import { and, desc, eq, gt, inArray, isNull, lt, max, ne, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, credential, evidence, evidenceRelease } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

export type Evidence = typeof evidence.$inferSelect
export type EvidenceRelease = typeof evidenceRelease.$inferSelect

/** Notes a sealed file. Doing it again, after a crash, changes what is known of it. */
export async function putEvidence(db: Db, row: Omit<Evidence, 'sealedAt'>): Promise<void> {
  const { id: _id, ...rest } = row
  await db.insert(evidence).values(row).onConflictDoUpdate({ target: evidence.id, set: rest })
}

export async function findEvidence(db: Db, id: string): Promise<Evidence | undefined> {
  const [row] = await db.select().from(evidence).where(eq(evidence.id, id))
  return row
}

/** Newest first, from before the one with the id `before`; their ids are in order of time. */
export function listEvidence(db: Db, limit: number, before?: string): Promise<Evidence[]> {
  return db
    .select()
    .from(evidence)
    .where(before === undefined ? undefined : lt(evidence.id, before))
    .orderBy(desc(evidence.id))
    .limit(limit)
}

/** Requests to see these, newest first. */
export function listEvidenceReleases(db: Db, evidenceIds: readonly string[]): Promise<EvidenceRelease[]> {
  if (evidenceIds.length === 0) return Promise.resolve([])
  return db
    .select()
    .from(evidenceRelease)
    .where(inArray(evidenceRelease.evidenceId, [...evidenceIds]))
    .orderBy(desc(evidenceRelease.requestedAt))
}

/** Asks to see evidence: somebody else has to agree before `expiresAt`. */
export async function requestRelease(
  db: Db,
  wish: Pick<EvidenceRelease, 'evidenceId' | 'reason' | 'requestedBy' | 'requestedAt' | 'expiresAt'>,
): Promise<EvidenceRelease> {
  const [row] = await db
    .insert(evidenceRelease)
    .values({ id: uuidv7(), ...wish })
    .returning()
  return row!
}

/**
 * When somebody became who they are: the latest instant at which their rights or their password changed. Undefined when
 * there is no such account.
 */
export async function standingSince(db: Db, localpart: string): Promise<Date | undefined> {
  const [row] = await db
    .select({ rights: account.rightsSince, password: max(credential.updatedAt) })
    .from(account)
    .leftJoin(credential, eq(credential.accountId, account.id))
    .where(eq(account.localpart, localpart))
    .groupBy(account.id)
  if (!row) return undefined
  return row.password && row.password > row.rights ? row.password : row.rights
}

/**
 * Agrees to a request of somebody else that is still open: it is valid until `expiresAt` from now on. Nothing when there
 * is none, when it is one's own, or when it was made before `requestedAfter`.
 */
export async function approveRelease(
  db: Db,
  evidenceId: string,
  approvedBy: string,
  at: Date,
  expiresAt: Date,
  requestedAfter: Date,
): Promise<EvidenceRelease | undefined> {
  const open = db
    .select({ id: evidenceRelease.id })
    .from(evidenceRelease)
    .where(
      and(
        eq(evidenceRelease.evidenceId, evidenceId),
        isNull(evidenceRelease.approvedBy),
        ne(evidenceRelease.requestedBy, approvedBy),
        gt(evidenceRelease.expiresAt, at),
        gt(evidenceRelease.requestedAt, requestedAfter),
      ),
    )
    .orderBy(desc(evidenceRelease.requestedAt))
    .limit(1)
    .for('update')
  const [row] = await db
    .update(evidenceRelease)
    .set({ approvedBy, approvedAt: at, expiresAt })
    .where(inArray(evidenceRelease.id, open))
    .returning()
  return row
}

/** The request that two people agreed on and that is still valid; notes when it was first used. */
export async function useRelease(db: Db, evidenceId: string, at: Date): Promise<EvidenceRelease | undefined> {
  const [row] = await db
    .update(evidenceRelease)
    .set({ exportedAt: sql`coalesce(${evidenceRelease.exportedAt}, ${at.toISOString()})` })
    .where(
      and(
        eq(evidenceRelease.evidenceId, evidenceId),
        sql`${evidenceRelease.approvedBy} is not null`,
        gt(evidenceRelease.expiresAt, at),
      ),
    )
    .returning()
  return row
}

/** Evidence whose time has passed. */
export function listExpiredEvidence(db: Db, at: Date, limit: number): Promise<Pick<Evidence, 'id'>[]> {
  return db.select({ id: evidence.id }).from(evidence).where(lt(evidence.expiresAt, at)).limit(limit)
}

/** Removes the row and its requests; the caller has removed the bytes. */
export async function deleteEvidence(db: Db, id: string): Promise<void> {
  await db.delete(evidence).where(eq(evidence.id, id))
}
