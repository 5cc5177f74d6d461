import { and, eq, gt, isNotNull, lt, ne, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { imageFailure } from './schema/index.ts'

/** An image, as one purpose needs it: limits differ. */
export interface ImageAttempt {
  readonly rawSha256: Uint8Array
  readonly profile: string
}

/** A file that was in work so often when the sanitizer broke is not tried again (images §2, failures). */
const STRIKES_MAX = 2
/** What breaks at about the same time breaks for the same reason. */
const ONE_BREAK_MS = 1_000

/** Whether this image is known, since `since`, to kill whoever decodes it. */
export async function hasFailed(db: Db, { rawSha256, profile }: ImageAttempt, since: Date): Promise<boolean> {
  const [row] = await db
    .select({ profile: imageFailure.profile })
    .from(imageFailure)
    .where(
      and(
        eq(imageFailure.rawSha256, Buffer.from(rawSha256)),
        eq(imageFailure.profile, profile),
        gt(imageFailure.updatedAt, since),
        or(imageFailure.isFinal, sql`${imageFailure.strikes} >= ${STRIKES_MAX}`),
      ),
    )
  return row !== undefined
}

/** Remembers a final `failed` of the sanitizer, which says by which rules it was found. */
export async function noteImageFailed(db: Db, attempt: ImageAttempt, policyVersion?: string): Promise<void> {
  const row = { rawSha256: Buffer.from(attempt.rawSha256), profile: attempt.profile }
  const found = { isFinal: true, policyVersion: policyVersion ?? null, updatedAt: new Date() }
  await db
    .insert(imageFailure)
    .values({ ...row, ...found })
    .onConflictDoUpdate({ target: [imageFailure.rawSha256, imageFailure.profile], set: found })
}

/** The sanitizer broke while it had this image: perhaps because of it. However often it had it then, that counts once. */
export async function noteImageStrike(db: Db, { rawSha256, profile }: ImageAttempt): Promise<void> {
  await db
    .insert(imageFailure)
    .values({ rawSha256: Buffer.from(rawSha256), profile, strikes: 1 })
    .onConflictDoUpdate({
      target: [imageFailure.rawSha256, imageFailure.profile],
      set: { strikes: sql`${imageFailure.strikes} + 1`, updatedAt: new Date() },
      setWhere: lt(imageFailure.updatedAt, new Date(Date.now() - ONE_BREAK_MS)),
    })
}

/** Forgets what other rules than these found: a new decoder may do better. */
export async function forgetOtherFailures(db: Db, policyVersion: string): Promise<void> {
  await db
    .delete(imageFailure)
    .where(and(isNotNull(imageFailure.policyVersion), ne(imageFailure.policyVersion, policyVersion)))
}

/** Forgets what was found before `before`. */
export async function pruneImageFailures(db: Db, before: Date): Promise<void> {
  await db.delete(imageFailure).where(lt(imageFailure.updatedAt, before))
}
