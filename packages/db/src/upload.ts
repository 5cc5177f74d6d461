import { and, count, desc, eq, gt, inArray, isNull, lt, min, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { upload, uploadDerivative } from './schema/index.ts'

export type Upload = typeof upload.$inferSelect
export type Derivative = typeof uploadDerivative.$inferSelect

export type NewUpload = Pick<
  Upload,
  'id' | 'accountId' | 'filename' | 'declaredBytes' | 'declaredType' | 'tokenHash' | 'createdAt'
>

/** The clean file that came of an upload. What is about pixels is absent for what is not an image, and what it holds for what is. */
export type PublishedFile = {
  readonly cleanSha256: Uint8Array
  readonly cleanBytes: number
  readonly cleanType: string
} & {
  readonly [
    Key in
      | 'widthPx'
      | 'heightPx'
      | 'placeholder'
      | 'dominantColor'
      | 'profileVersion'
      | 'decoder'
      | 'encoder'
      | 'fileClasses'
      | 'sourceFeatures'
      | 'isAnimationDropped'
      | 'frames'
  ]?: Exclude<Upload[Key], null>
}

export type NewDerivative = Omit<Derivative, 'uploadId' | 'createdAt'>

/** Notes a slot (XEP-0363 §4). */
export async function insertUpload(db: Db, row: NewUpload): Promise<void> {
  await db.insert(upload).values(row)
}

export async function findUpload(db: Db, id: string): Promise<Upload | undefined> {
  const [row] = await db.select().from(upload).where(eq(upload.id, id))
  return row
}

/** Those of these ids that are there. */
export async function listUploads(db: Db, ids: readonly string[]): Promise<Upload[]> {
  return ids.length === 0
    ? []
    : db
        .select()
        .from(upload)
        .where(inArray(upload.id, [...ids]))
}

/** A file begins to come into its slot. False when one did already: a slot takes one file, on one node. */
export async function takeSlot(db: Db, id: string, at: Date): Promise<boolean> {
  const taken = await db
    .update(upload)
    .set({ putAt: at, updatedAt: new Date() })
    .where(and(eq(upload.id, id), eq(upload.state, 'slot'), isNull(upload.putAt)))
    .returning({ id: upload.id })
  return taken.length > 0
}

/** Ends the slots of an account that no file has come into yet. */
export async function endSlots(db: Db, accountId: string, reason: string): Promise<void> {
  await db
    .update(upload)
    .set({ state: 'refused', reason, updatedAt: new Date() })
    .where(and(eq(upload.accountId, accountId), eq(upload.state, 'slot'), isNull(upload.putAt)))
}

/** The bytes have come: slot → quarantined. False when the slot was used already: a slot takes one file. */
export async function quarantineUpload(db: Db, id: string): Promise<boolean> {
  return move(db, id, ['slot'], { state: 'quarantined' })
}

/**
 * A clean file and its derivatives exist, and their blobs are claimed: quarantined → clean. One statement, so that it is
 * all there or nothing is, whenever the process dies. False when the upload is not in quarantine (any more).
 */
export async function publishUpload(
  db: Db,
  id: string,
  file: PublishedFile,
  derivatives: readonly NewDerivative[] = [],
): Promise<boolean> {
  const { cleanSha256, cleanBytes, cleanType, widthPx, heightPx } = file
  const { placeholder, dominantColor, profileVersion, decoder, encoder, fileClasses } = file
  const { sourceFeatures, isAnimationDropped, frames } = file
  const texts = (list: readonly string[] | undefined) => (list ? sql.param([...list]) : null)
  const column = <Key extends keyof NewDerivative>(key: Key) => sql.param(derivatives.map((row) => row[key]))
  const { rows } = await db.execute(sql`
    with published as (
      update upload set state = 'clean', updated_at = now(), clean_sha256 = ${Buffer.from(cleanSha256)},
        clean_bytes = ${cleanBytes}, clean_type = ${cleanType}, width_px = ${widthPx ?? null},
        height_px = ${heightPx ?? null}, placeholder = ${placeholder ?? null},
        dominant_color = ${dominantColor ?? null}, profile_version = ${profileVersion ?? null},
        decoder = ${decoder ?? null}, encoder = ${encoder ?? null},
        file_classes = ${texts(fileClasses)}::text[], source_features = ${texts(sourceFeatures)}::text[],
        is_animation_dropped = ${isAnimationDropped ?? null}, frames = ${frames ?? null}
      where id = ${id} and state = 'quarantined' returning id
    ), derived as (
      insert into upload_derivative (upload_id, id, max_side_px, sha256, bytes, type, width_px, height_px)
      select published.id, d.* from published, unnest(${column('id')}::uuid[], ${column('maxSidePx')}::int[],
        ${column('sha256')}::bytea[], ${column('bytes')}::bigint[], ${column('type')}::text[],
        ${column('widthPx')}::int[], ${column('heightPx')}::int[]) as d
    )
    select id from published`)
  return rows.length > 0
}

/** Refused for good, with a reason for the sender. False when it was clean or refused already. */
export async function markUploadRefused(db: Db, id: string, reason: string): Promise<boolean> {
  return move(db, id, ['slot', 'quarantined'], { state: 'refused', reason })
}

/**
 * Nobody was told that it is there, so it is not: whatever state it is in becomes refused, and its links end at once.
 * False when it was refused already, or is unknown.
 */
export async function abandonUpload(db: Db, id: string, reason: string): Promise<boolean> {
  const { rows } = await db.execute(sql`
    with abandoned as (
      update upload set state = 'refused', reason = ${reason}, clean_sha256 = null, updated_at = now()
      where id = ${id} and state <> 'refused' returning id
    ), gone as (
      delete from upload_derivative using abandoned where upload_id = abandoned.id
    )
    select id from abandoned`)
  return rows.length > 0
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

/** Thumbnails of an upload, largest first. */
export function listDerivatives(db: Db, uploadId: string): Promise<Derivative[]> {
  return db
    .select()
    .from(uploadDerivative)
    .where(eq(uploadDerivative.uploadId, uploadId))
    .orderBy(desc(uploadDerivative.maxSidePx))
}

/** A derivative of a clean upload, with that upload. */
export async function findDerivative(
  db: Db,
  id: string,
): Promise<{ readonly derivative: Derivative; readonly upload: Upload } | undefined> {
  const [row] = await db
    .select({ derivative: uploadDerivative, upload })
    .from(uploadDerivative)
    .innerJoin(upload, eq(upload.id, uploadDerivative.uploadId))
    .where(and(eq(uploadDerivative.id, id), eq(upload.state, 'clean')))
  return row
}

/** How many uploads wait for their verdict since before this one did. */
export async function countAhead(db: Db, { id, updatedAt }: Upload): Promise<number> {
  const [row] = await db
    .select({ ahead: count() })
    .from(upload)
    .where(and(eq(upload.state, 'quarantined'), lt(upload.updatedAt, updatedAt), sql`${upload.id} <> ${id}`))
  return row?.ahead ?? 0
}

/** How many uploads wait for their verdict, and since when the oldest. */
export async function countQuarantined(db: Db): Promise<{ count: number; oldestAt: Date | undefined }> {
  const [row] = await db
    .select({ count: count(), oldestAt: min(upload.updatedAt) })
    .from(upload)
    .where(eq(upload.state, 'quarantined'))
  return { count: row!.count, oldestAt: row!.oldestAt ?? undefined }
}

/** Slots of an account that still wait for their file: given after `since`. Oldest first. */
export function listOpenSlots(db: Db, accountId: string, since: Date): Promise<Pick<Upload, 'createdAt'>[]> {
  return db
    .select({ createdAt: upload.createdAt })
    .from(upload)
    .where(
      and(eq(upload.accountId, accountId), eq(upload.state, 'slot'), isNull(upload.putAt), gt(upload.createdAt, since)),
    )
    .orderBy(upload.createdAt)
}

/** What accounts keep, or have announced, in bytes; what was refused does not count. */
export interface UploadUsage {
  readonly totalBytes: number
  /** Of these, since `since`. */
  readonly recentBytes: number
}

/** For the quota of an account, or that of all the members of a unit together. */
export async function sumUploadBytes(
  db: Db,
  of: { readonly accountId: string } | { readonly unit: string },
  since: Date,
): Promise<UploadUsage> {
  const accounts =
    'accountId' in of
      ? eq(upload.accountId, of.accountId)
      : sql`${upload.accountId} in
          (select m.account_id from unit_member m join unit u on u.id = m.unit_id where u.name = ${of.unit})`
  const bytes = sql`coalesce(${upload.cleanBytes}, ${upload.declaredBytes})`
  const [row] = await db
    .select({
      total: sql<string>`coalesce(sum(${bytes}), 0)`,
      recent: sql<string>`coalesce(sum(${bytes}) filter (where ${upload.createdAt} > ${since.toISOString()}), 0)`,
    })
    .from(upload)
    .where(and(accounts, inArray(upload.state, ['slot', 'quarantined', 'clean'])))
  return { totalBytes: Number(row!.total), recentBytes: Number(row!.recent) }
}

/** Until the transaction ends, nobody else asks whether there is room, and then takes it, for one of these. */
export async function lockQuotas(tx: Db, names: readonly string[]): Promise<void> {
  for (const name of names.toSorted()) {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`upload quota ${name}`}, 0))`)
  }
}

/** Uploads that are not done, made before `before`: slots, files that are coming, and files that wait for a verdict. */
export function listUnfinishedUploads(db: Db, before: Date, limit: number): Promise<Upload[]> {
  return db
    .select()
    .from(upload)
    .where(and(inArray(upload.state, ['slot', 'quarantined']), lt(upload.createdAt, before)))
    .orderBy(upload.createdAt)
    .limit(limit)
}

/** Removes the row and its derivatives. The sweep finds out whether their files are still wanted. */
export async function deleteUpload(db: Db, id: string): Promise<void> {
  await db.delete(upload).where(eq(upload.id, id))
}

/** Forgets refusals from before `before`. */
export async function pruneRefusedUploads(db: Db, before: Date): Promise<void> {
  await db.delete(upload).where(and(eq(upload.state, 'refused'), lt(upload.updatedAt, before)))
}
