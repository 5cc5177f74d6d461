import { and, asc, count, desc, eq, gt, inArray, isNull, like, lt, lte, ne, not, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { renewImageMappings } from './image-map.ts'
import type { CleanedImage, ImageMapping } from './image-map.ts'
import { imageMap, imageRenewal, upload, uploadDerivative } from './schema/index.ts'
import type { NewDerivative, PublishedFile, Upload } from './upload.ts'

export type ImageRenewal = typeof imageRenewal.$inferSelect

/** A place in a store, in the order in which a renewal goes through it: the key of what came last. */
export type RenewalCursor = readonly string[]

/** What became of images that were made anew. */
export interface RenewalCounts {
  readonly renewed: number
  readonly kept: number
  readonly failed: number
}

const isCleanImage = (before: Date) =>
  and(eq(upload.state, 'clean'), like(upload.cleanType, 'image/%'), lte(upload.createdAt, before))

/** Uploads have files of their own: their images are in the map to be found by recalls only. */
const isPicture = ne(imageMap.profile, 'image')

/** Starts to make images anew; undefined when that is under way already. */
export async function insertImageRenewal(
  db: Db,
  row: Pick<ImageRenewal, 'id' | 'isEverything' | 'startedBy' | 'startedAt'>,
): Promise<ImageRenewal | undefined> {
  const [uploads] = await db.select({ total: count() }).from(upload).where(isCleanImage(row.startedAt))
  const distinct = sql`count(distinct (${imageMap.cleanSha256}, ${imageMap.profile}))`.mapWith(Number)
  const [pictures] = await db.select({ total: distinct }).from(imageMap).where(isPicture)
  const [made] = await db
    .insert(imageRenewal)
    .values({ ...row, total: (uploads?.total ?? 0) + (pictures?.total ?? 0) })
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

/** The upload that a renewal comes to next: what was replaced since it began is done. */
export async function findUploadToRenew(
  db: Db,
  startedAt: Date,
  [afterId]: RenewalCursor,
): Promise<Upload | undefined> {
  const [row] = await db
    .select()
    .from(upload)
    .where(
      and(
        isCleanImage(startedAt),
        lt(upload.updatedAt, startedAt),
        afterId === undefined ? undefined : gt(upload.id, afterId),
      ),
    )
    .orderBy(asc(upload.id))
    .limit(1)
  return row
}

/** The image of a stanza or an item that a renewal comes to next, in one of the rows that lead to it. */
export async function findPictureToRenew(
  db: Db,
  startedAt: Date,
  [sha256, profile]: RenewalCursor,
): Promise<ImageMapping | undefined> {
  const { cleanSha256, profile: purpose, madeAt } = imageMap
  const isAfter = sql`(${cleanSha256}, ${purpose}) > (decode(${sha256 ?? ''}, 'hex'), ${profile ?? ''})`
  const [row] = await db
    .select()
    .from(imageMap)
    .where(and(isPicture, lt(madeAt, startedAt), isAfter))
    .orderBy(asc(cleanSha256), asc(purpose))
    .limit(1)
  return row
}

/**
 * Notes how far a renewal is. False when it is elsewhere by now: it has been stopped, or somebody else goes on with it.
 *
 * @param found - images that were not counted when it began.
 */
export async function advanceImageRenewal(
  db: Db,
  { id, store, after }: Pick<ImageRenewal, 'id' | 'store' | 'after'>,
  next: RenewalCounts & Pick<ImageRenewal, 'store' | 'after'> & { readonly found: number },
): Promise<boolean> {
  const list = (cursor: RenewalCursor | null) => (cursor === null ? sql`null` : sql`${sql.param([...cursor])}::text[]`)
  const { rowCount } = await db
    .update(imageRenewal)
    .set({
      store: next.store,
      after: list(next.after),
      total: sql`${imageRenewal.total} + ${next.found}`,
      renewed: sql`${imageRenewal.renewed} + ${next.renewed}`,
      kept: sql`${imageRenewal.kept} + ${next.kept}`,
      failed: sql`${imageRenewal.failed} + ${next.failed}`,
    })
    .where(
      and(
        eq(imageRenewal.id, id),
        isNull(imageRenewal.endedAt),
        eq(imageRenewal.store, store),
        sql`${imageRenewal.after} is not distinct from ${list(after)}`,
      ),
    )
  return rowCount === 1
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
 *
 * @param image - the old one and the new one, so that a recall finds it by every hash that it had.
 */
export async function replaceUploadFile(
  db: Db,
  { id, cleanSha256 }: Pick<Upload, 'id' | 'cleanSha256'>,
  file: PublishedFile,
  derivatives: readonly NewDerivative[],
  image: Omit<CleanedImage, 'profile'>,
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
    await renewImageMappings(tx, { ...image, profile: 'image' })
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
