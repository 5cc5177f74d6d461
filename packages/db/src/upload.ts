import { and, asc, eq, gt, inArray, lt, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { imageMap, upload } from './schema/index.ts'

export type Upload = typeof upload.$inferSelect

export type NewUpload = Pick<Upload, 'id' | 'accountId' | 'filename' | 'declaredBytes' | 'declaredType' | 'tokenHash'>

/** The clean file that came of an upload. */
export interface CleanFile {
  readonly cleanSha256: Uint8Array
  readonly cleanBytes: number
  readonly cleanType: string
  /** Size in pixels; absent for what is not an image. */
  readonly widthPx?: number
  readonly heightPx?: number
}

/** Notes a slot (XEP-0363 §4). */
export async function insertUpload(db: Db, row: NewUpload): Promise<void> {
  await db.insert(upload).values(row)
}

export async function findUpload(db: Db, id: string): Promise<Upload | undefined> {
  const [row] = await db.select().from(upload).where(eq(upload.id, id))
  return row
}

/** The bytes have come: slot → quarantined. False when the slot was used already: a slot takes one file. */
export async function quarantineUpload(db: Db, id: string): Promise<boolean> {
  return move(db, id, ['slot'], { state: 'quarantined' })
}

/** A clean file exists: quarantined → clean. False when the upload is not in quarantine (any more). */
export async function markUploadClean(db: Db, id: string, { cleanSha256, ...file }: CleanFile): Promise<boolean> {
  return move(db, id, ['quarantined'], { state: 'clean', cleanSha256: Buffer.from(cleanSha256), ...file })
}

/** Refused for good, with a reason for the sender. False when it was clean or refused already. */
export async function markUploadRefused(db: Db, id: string, reason: string): Promise<boolean> {
  return move(db, id, ['slot', 'quarantined'], { state: 'refused', reason })
}

async function move(
  db: Db,
  id: string,
  from: readonly Upload['state'][],
  set: Partial<typeof upload.$inferInsert>,
): Promise<boolean> {
  const moved = await db
    .update(upload)
    .set({ ...set, updatedAt: new Date() })
    .where(and(eq(upload.id, id), inArray(upload.state, [...from])))
    .returning({ id: upload.id })
  return moved.length > 0
}

/** Bytes an account has uploaded or announced since `since`, refused ones excluded: for its quota. */
export async function sumUploadBytes(db: Db, accountId: string, since: Date): Promise<number> {
  const [row] = await db
    .select({ bytes: sql<string>`coalesce(sum(coalesce(${upload.cleanBytes}, ${upload.declaredBytes})), 0)` })
    .from(upload)
    .where(
      and(
        eq(upload.accountId, accountId),
        gt(upload.createdAt, since),
        inArray(upload.state, ['slot', 'quarantined', 'clean']),
      ),
    )
  return Number(row!.bytes)
}

/** Uploads that got stuck: slots never used and quarantined files without a verdict, made before `before`. */
export function listUnfinishedUploads(db: Db, before: Date, limit: number): Promise<Upload[]> {
  return db
    .select()
    .from(upload)
    .where(and(inArray(upload.state, ['slot', 'quarantined']), lt(upload.createdAt, before)))
    .orderBy(asc(upload.createdAt))
    .limit(limit)
}

/** Removes the row; the caller has removed the blobs. */
export async function deleteUpload(db: Db, id: string): Promise<void> {
  await db.delete(upload).where(eq(upload.id, id))
}

/** Those of the given clean files, by SHA-256, that neither an upload nor a known image refers to. */
export async function listUnreferencedBlobs(db: Db, sha256s: readonly Uint8Array[]): Promise<Buffer[]> {
  if (sha256s.length === 0) return []
  const { rows } = await db.execute<{ sha256: Buffer }>(sql`
    select t.sha256 from unnest(${sql.param(sha256s.map((sha256) => Buffer.from(sha256)))}::bytea[]) as t (sha256)
    where not exists (select from upload where clean_sha256 = t.sha256)
      and not exists (select from image_map where clean_sha256 = t.sha256)`)
  return rows.map(({ sha256 }) => sha256)
}

export type ImageMapping = typeof imageMap.$inferSelect

/** Remembers what an image became. The first answer stays. */
export async function putImageMapping(db: Db, row: Omit<ImageMapping, 'createdAt'>): Promise<void> {
  await db.insert(imageMap).values(row).onConflictDoNothing()
}

/** What the image with this SHA-256 became. */
export async function findImageMapping(db: Db, rawSha256: Uint8Array): Promise<ImageMapping | undefined> {
  const [row] = await db
    .select()
    .from(imageMap)
    .where(eq(imageMap.rawSha256, Buffer.from(rawSha256)))
  return row
}

/** The newest image whose SHA-1 is this one, before or after cleaning: avatars are named by SHA-1 (XEP-0084, XEP-0153). */
export async function findImageBySha1(db: Db, sha1: Uint8Array): Promise<ImageMapping | undefined> {
  const value = Buffer.from(sha1)
  const [row] = await db
    .select()
    .from(imageMap)
    .where(or(eq(imageMap.rawSha1, value), eq(imageMap.cleanSha1, value)))
    .orderBy(sql`${imageMap.createdAt} desc`)
    .limit(1)
  return row
}
