import { and, eq, gt, sql } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import type { Db } from './database.ts'
import { fetchedImage, upload } from './schema/index.ts'
import type { Upload } from './upload.ts'

const hashOf = (url: string) => createHash('sha256').update(url).digest()

/** The clean upload that an account's link to another host became, when that was fetched after `since`. */
export async function findFetchedImage(
  db: Db,
  accountId: string,
  url: string,
  since: Date,
): Promise<Upload | undefined> {
  const [row] = await db
    .select({ upload })
    .from(fetchedImage)
    .innerJoin(upload, eq(upload.id, fetchedImage.uploadId))
    .where(
      and(
        eq(fetchedImage.accountId, accountId),
        eq(fetchedImage.urlSha256, hashOf(url)),
        gt(fetchedImage.fetchedAt, since),
        eq(upload.state, 'clean'),
      ),
    )
  return row?.upload
}

/** Notes what became of a link; of two that were fetched at once, the last. */
export async function putFetchedImage(
  db: Db,
  row: { readonly accountId: string; readonly url: string; readonly uploadId: string; readonly fetchedAt: Date },
): Promise<void> {
  const { url, ...rest } = row
  await db
    .insert(fetchedImage)
    .values({ ...rest, urlSha256: hashOf(url) })
    .onConflictDoUpdate({
      target: [fetchedImage.accountId, fetchedImage.urlSha256],
      set: { uploadId: sql`excluded.upload_id`, fetchedAt: sql`excluded.fetched_at` },
    })
}
