import { and, asc, count, desc, eq, gt, inArray, isNull, like, lte, not, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { imageRenewal, upload, uploadDerivative } from './schema/index.ts'
import type { NewDerivative, PublishedFile, Upload } from './upload.ts'

export type ImageRenewal = typeof imageRenewal.$inferSelect

const isCleanImage = (before: Date) =>
  and(eq(upload.state, 'clean'), like(upload.cleanType, 'image/%'), lte(upload.createdAt, before))

/** Starts to make images anew; undefined when that is under way already. */
export async function insertImageRenewal(
  db: Db,
  row: Pick<ImageRenewal, 'id' | 'isEverything' | 'startedBy' | 'startedAt'>,
): Promise<ImageRenewal | undefined> {
  const [found] = await db.select({ total: count() }).from(upload).where(isCleanImage(row.startedAt))
  const [made] = await db
    .insert(imageRenewal)
    .values({ ...row, total: found?.total ?? 0 })
    .onConflictDoNothing()
    .returning()
  return made
}

/** The last renewal, running or not. */
export async function findLastImageRenewal(db: Db): Promise<ImageRenewal | undefined> {
  const [row] = await db.select().from(imageRenewal).orderBy(desc(imageRenewal.startedAt)).limit(1)
  return row
}

export async function findImageRenewal(db: Db, id: string): Promise<ImageRenewal | undefined> {
  const [row] = await db.select().from(imageRenewal).where(eq(imageRenewal.id, id))
  return row
}

/** Uploads that a renewal has not come to yet, in its order. */
export function listImagesToRenew(db: Db, { startedAt, afterId }: ImageRenewal, limit: number): Promise<Upload[]> {
  return db
    .select()
    .from(upload)
    .where(and(isCleanImage(startedAt), afterId === null ? undefined : gt(upload.id, afterId)))
    .orderBy(asc(upload.id))
    .limit(limit)
}

/** Notes how far a renewal is. Done twice for the same uploads, it counts them once. */
export async function advanceImageRenewal(
  db: Db,
  { id, afterId }: Pick<ImageRenewal, 'id' | 'afterId'>,
  next: { readonly afterId: string; readonly renewed: number; readonly kept: number; readonly failed: number },
): Promise<void> {
  await db
    .update(imageRenewal)
    .set({
      afterId: next.afterId,
      renewed: sql`${imageRenewal.renewed} + ${next.renewed}`,
      kept: sql`${imageRenewal.kept} + ${next.kept}`,
      failed: sql`${imageRenewal.failed} + ${next.failed}`,
    })
    .where(
      and(eq(imageRenewal.id, id), afterId === null ? isNull(imageRenewal.afterId) : eq(imageRenewal.afterId, afterId)),
    )
}

/** Adds images that are no uploads to what a renewal has done. */
export async function addToImageRenewal(
  db: Db,
  id: string,
  { renewed, kept, failed }: { readonly renewed: number; readonly kept: number; readonly failed: number },
): Promise<void> {
  await db
    .update(imageRenewal)
    .set({
      total: sql`${imageRenewal.total} + ${renewed + kept + failed}`,
      renewed: sql`${imageRenewal.renewed} + ${renewed}`,
      kept: sql`${imageRenewal.kept} + ${kept}`,
      failed: sql`${imageRenewal.failed} + ${failed}`,
    })
    .where(eq(imageRenewal.id, id))
}

/** Messages that go into one statement. */
const CHUNK = 5_000

/**
 * Stored messages that describe a file by link and hash pass the image filter again before they are shown: what they say
 * of the file is that of an earlier one.
 */
export async function markDescribedFiles(db: Db): Promise<void> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows } = await db.execute<{ id: string }>(sql`
      with found as (
        select id from message where id > ${after} and filter_version > 0
          and stanza like '%/upload/%' and stanza like '%urn:xmpp:hashes:2%'
        order by id limit ${CHUNK}
      ), marked as (
        update message m set filter_version = 0 from found f where m.id = f.id returning m.id
      ) select id from marked order by id`)
    const last = rows.at(-1)
    if (rows.length < CHUNK || !last) return
    after = last.id
  }
}

/** Ends a renewal. Undefined when it has ended. */
export async function endImageRenewal(
  db: Db,
  id: string,
  outcome: NonNullable<ImageRenewal['outcome']>,
  at: Date,
): Promise<ImageRenewal | undefined> {
  const [row] = await db
    .update(imageRenewal)
    .set({ outcome, endedAt: at })
    .where(and(eq(imageRenewal.id, id), isNull(imageRenewal.endedAt)))
    .returning()
  return row
}

/**
 * Puts new files in the place of an image's old ones. Every link stays: that of the upload, and that of each thumbnail
 * whose size is made again. False when the upload is not what it was any more.
 */
export async function replaceUploadFile(
  db: Db,
  { id, cleanSha256 }: Pick<Upload, 'id' | 'cleanSha256'>,
  file: PublishedFile,
  derivatives: readonly NewDerivative[],
): Promise<boolean> {
  return db.transaction(async (tx) => {
    // What the sender's file was, ours does not know.
    const { cleanSha256: sha256, fileClasses: _, sourceFeatures: __, isAnimationDropped: ___, ...facts } = file
    const replaced = await tx
      .update(upload)
      .set({
        ...facts,
        cleanSha256: Buffer.from(sha256),
        formerSha256: sql`array_append(array_remove(${upload.formerSha256}, ${upload.cleanSha256}), ${upload.cleanSha256})`,
        updatedAt: new Date(),
      })
      .where(and(eq(upload.id, id), eq(upload.state, 'clean'), eq(upload.cleanSha256, cleanSha256!)))
      .returning({ id: upload.id })
    if (replaced.length === 0) return false
    const sizes = derivatives.map(({ maxSidePx }) => maxSidePx)
    const isOfUpload = eq(uploadDerivative.uploadId, id)
    await tx
      .delete(uploadDerivative)
      .where(sizes.length === 0 ? isOfUpload : and(isOfUpload, not(inArray(uploadDerivative.maxSidePx, sizes))))
    for (const { id: newId, ...derivative } of derivatives) {
      const changed = await tx
        .update(uploadDerivative)
        .set(derivative)
        .where(and(isOfUpload, eq(uploadDerivative.maxSidePx, derivative.maxSidePx)))
        .returning({ id: uploadDerivative.id })
      if (changed.length === 0) await tx.insert(uploadDerivative).values({ ...derivative, id: newId, uploadId: id })
    }
    return true
  })
}
