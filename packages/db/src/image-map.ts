import { and, desc, eq, inArray, or, sql } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import type { Db } from './database.ts'
import { imageMap, imageReader, stickerPack } from './schema/index.ts'

export type ImageMapping = typeof imageMap.$inferSelect

/** The hashes by which others name an image (XEP-0300). BLAKE2b-256 is not one that OpenSSL computes. */
export type ImageHash = 'sha-1' | 'sha-256' | 'sha-512' | 'blake2b-512'

const ALGORITHMS = { 'sha-1': 'sha1', 'sha-256': 'sha256', 'sha-512': 'sha512', 'blake2b-512': 'blake2b512' } as const

/** One hash of some bytes. */
export function hashOfImage(name: ImageHash, bytes: Uint8Array): Buffer {
  return createHash(ALGORITHMS[name]).update(bytes).digest()
}

/** An image as somebody sent it, and what the sanitizer made of it for a purpose. */
export interface CleanedImage {
  readonly raw: Uint8Array
  readonly clean: Uint8Array
  /** What it was cleaned for: the sanitizer's profile. */
  readonly profile: string
  readonly type: string
  readonly widthPx: number
  readonly heightPx: number
  /** Of the encoder that made it, where that is at hand. */
  readonly profileVersion?: string | undefined
}

/**
 * Notes what an image became, the first answer for good, and who may find it by its hash.
 *
 * @param readers - bare JIDs: whoever sent it, and whom it was sent to.
 * @param sender - who of them sent it.
 */
export async function putImageMapping(
  db: Db,
  image: CleanedImage,
  readers: readonly string[],
  sender?: string,
): Promise<void> {
  const { raw, clean, profile, type, widthPx, heightPx, profileVersion } = image
  const rawSha256 = hashOfImage('sha-256', raw)
  await db
    .insert(imageMap)
    .values({ ...rawHashes(raw), ...cleanFacts({ clean, type, widthPx, heightPx, profileVersion }), profile })
    .onConflictDoUpdate({ target: [imageMap.rawSha256, imageMap.profile], set: { usedAt: sql`now()` } })
  await addImageReaders(db, { rawSha256, profile }, readers, sender)
}

function rawHashes(raw: Uint8Array) {
  return {
    rawSha256: hashOfImage('sha-256', raw),
    rawSha1: hashOfImage('sha-1', raw),
    rawSha512: hashOfImage('sha-512', raw),
    rawBlake2b512: hashOfImage('blake2b-512', raw),
  }
}

function cleanFacts({ clean, type, ...facts }: Omit<CleanedImage, 'raw' | 'profile'>) {
  const hashes = { cleanSha1: hashOfImage('sha-1', clean), cleanSha256: hashOfImage('sha-256', clean) }
  return { ...hashes, cleanType: type, cleanBytes: clean.length, ...facts }
}

/**
 * What an image became is made anew: all that named it, and its own hashes, lead to the new one from now on, for everybody
 * who may find it.
 *
 * @param image - `raw` is what was clean until now; `clean` may be the same bytes.
 */
export async function renewImageMappings(db: Db, image: CleanedImage): Promise<void> {
  const { raw, profile, ...made } = image
  const facts = { ...cleanFacts(made), madeAt: new Date() }
  const { rawSha256, ...hashes } = rawHashes(raw)
  await db.transaction(async (tx) => {
    const isOfImage = and(eq(imageMap.cleanSha256, rawSha256), eq(imageMap.profile, profile))
    const known = await tx
      .update(imageMap)
      .set(facts)
      .where(isOfImage)
      .returning({ rawSha256: imageMap.rawSha256, usedAt: imageMap.usedAt, createdAt: imageMap.createdAt })
    if (known.length === 0 || known.some((row) => row.rawSha256.equals(rawSha256))) return
    const usedAt = new Date(Math.max(...known.map((row) => row.usedAt.getTime())))
    // It was sent when the first of them was, which is what a recall asks for.
    const createdAt = new Date(Math.min(...known.map((row) => row.createdAt.getTime())))
    await tx.insert(imageMap).values({ ...hashes, ...facts, rawSha256, profile, usedAt, createdAt })
    await tx.execute(sql`
      insert into image_reader (jid, raw_sha256, profile, is_sender)
      select r.jid, ${rawSha256}, r.profile, bool_or(r.is_sender) from image_reader r
      where r.profile = ${profile} and r.raw_sha256 = any(${sql.param(known.map((row) => row.rawSha256))}::bytea[])
      group by r.jid, r.profile`)
  })
}

/** An image of ours was sent again. Noted once a day. */
export async function touchImageMapping(
  db: Db,
  { rawSha256, profile }: Pick<ImageMapping, 'rawSha256' | 'profile'>,
): Promise<void> {
  await db
    .update(imageMap)
    .set({ usedAt: sql`now()` })
    .where(
      and(
        eq(imageMap.rawSha256, rawSha256),
        eq(imageMap.profile, profile),
        sql`${imageMap.usedAt} < now() - interval '1 day'`,
      ),
    )
}

/**
 * Forgets images of stanzas that nobody has sent since `before`, or of whom one has sent more than `maxPerSender` since,
 * and avatars that nobody has had since. Who asks for one by its hash is told that there is none; the messages that held
 * one have it still. The sweep removes their files. What uploads became is forgotten with their files (`collectBlob`).
 */
export async function pruneImageMap(
  db: Db,
  { before, maxPerSender }: { readonly before: Date; readonly maxPerSender: number },
): Promise<number> {
  const { rowCount: old } = await db.execute(sql`
    delete from image_map i where i.used_at < ${before.toISOString()} and i.profile <> 'image' and not (
      i.profile = 'avatar' and (
        exists (select from vcard v where v.photo_sha1 = encode(i.clean_sha1, 'hex'))
        or exists (select from pep_item p
          where p.node = 'urn:xmpp:avatar:data' and p.item_id = encode(i.clean_sha1, 'hex'))
        or exists (select from room r where encode(i.clean_sha1, 'hex') = any(r.photo_sha1s))))`)
  const { rowCount: many } = await db.execute(sql`
    with much as (
      select jid from image_reader where is_sender and profile = 'inline' group by jid having count(*) > ${maxPerSender}
    ), ranked as (
      select i.raw_sha256, i.profile, row_number() over (partition by r.jid order by i.used_at desc) as place
      from much join image_reader r on r.jid = much.jid and r.is_sender and r.profile = 'inline'
      join image_map i on i.raw_sha256 = r.raw_sha256 and i.profile = r.profile
    )
    delete from image_map i using ranked
    where i.raw_sha256 = ranked.raw_sha256 and i.profile = ranked.profile and ranked.place > ${maxPerSender}`)
  return (old ?? 0) + (many ?? 0)
}

/** Lets more people find an image by its hash: it was sent to them. */
export async function addImageReaders(
  db: Db,
  { rawSha256, profile }: Pick<ImageMapping, 'rawSha256' | 'profile'>,
  readers: readonly string[],
  sender?: string,
): Promise<void> {
  if (readers.length === 0) return
  await db
    .insert(imageReader)
    .values([...new Set(readers)].map((jid) => ({ jid, rawSha256, profile, isSender: jid === sender })))
    .onConflictDoUpdate({
      target: [imageReader.jid, imageReader.rawSha256, imageReader.profile],
      set: { isSender: sql`${imageReader.isSender} or excluded.is_sender` },
    })
}

/** Who has sent an image, by bare JID. */
export async function listImageSenders(
  db: Db,
  { rawSha256, profile }: Pick<ImageMapping, 'rawSha256' | 'profile'>,
): Promise<string[]> {
  const rows = await db
    .select({ jid: imageReader.jid })
    .from(imageReader)
    .where(and(eq(imageReader.rawSha256, rawSha256), eq(imageReader.profile, profile), eq(imageReader.isSender, true)))
    .limit(1_000)
  return rows.map(({ jid }) => jid)
}

/** SHA-256 of clean images by their SHA-1 in hex, as metadata of avatars names them (XEP-0084). */
export async function listCleanHashesBySha1(db: Db, sha1s: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  if (sha1s.length === 0) return new Map()
  const rows = await db
    .selectDistinct({ sha1: imageMap.cleanSha1, sha256: imageMap.cleanSha256 })
    .from(imageMap)
    .where(
      inArray(
        imageMap.cleanSha1,
        sha1s.map((sha1) => Buffer.from(sha1, 'hex')),
      ),
    )
  return new Map(rows.map(({ sha1, sha256 }) => [sha1.toString('hex'), sha256]))
}

/** What the sanitizer made of these bytes for a purpose before, if it was asked. */
export async function findImageMapping(
  db: Db,
  rawSha256: Uint8Array,
  profile: string,
): Promise<ImageMapping | undefined> {
  const [row] = await db
    .select()
    .from(imageMap)
    .where(and(eq(imageMap.rawSha256, Buffer.from(rawSha256)), eq(imageMap.profile, profile)))
  return row
}

/** What bytes that were clean once have become since, for this purpose if there are several; the same, if nothing. */
export async function findRenewedImage(db: Db, sha256: Uint8Array, profile: string): Promise<ImageMapping | undefined> {
  const [row] = await db
    .select()
    .from(imageMap)
    .where(eq(imageMap.rawSha256, Buffer.from(sha256)))
    .orderBy(desc(sql`${imageMap.profile} = ${profile}`))
    .limit(1)
  return row
}

/** The image whose clean bytes have this SHA-256: whether bytes at hand are of our own making. */
export async function findCleanImage(db: Db, cleanSha256: Uint8Array): Promise<ImageMapping | undefined> {
  const [row] = await db
    .select()
    .from(imageMap)
    .where(eq(imageMap.cleanSha256, Buffer.from(cleanSha256)))
    .limit(1)
  return row
}

/** The newest image with this hash, before or after it was cleaned, among those that somebody uploaded or was sent. */
export async function findReadableImage(
  db: Db,
  jid: string,
  { name, hash }: { readonly name: ImageHash; readonly hash: Uint8Array },
  profile?: string,
): Promise<ImageMapping | undefined> {
  const value = Buffer.from(hash)
  const named = {
    'sha-1': or(eq(imageMap.rawSha1, value), eq(imageMap.cleanSha1, value)),
    'sha-256': or(eq(imageMap.rawSha256, value), eq(imageMap.cleanSha256, value)),
    'sha-512': eq(imageMap.rawSha512, value),
    'blake2b-512': eq(imageMap.rawBlake2b512, value),
  }
  const [row] = await db
    .select({ found: imageMap })
    .from(imageMap)
    .innerJoin(
      imageReader,
      and(eq(imageReader.rawSha256, imageMap.rawSha256), eq(imageReader.profile, imageMap.profile)),
    )
    .where(
      and(eq(imageReader.jid, jid), named[name], profile === undefined ? undefined : eq(imageMap.profile, profile)),
    )
    .orderBy(desc(imageMap.createdAt))
    .limit(1)
  return row?.found
}

/** Most packs of one account whose former ids are remembered. */
const MAX_PACKS = 500

/** Notes under which id a sticker pack is published that its owner calls otherwise (XEP-0449). */
export async function putStickerPack(db: Db, accountId: string, rawId: string, cleanId: string): Promise<void> {
  await db
    .insert(stickerPack)
    .values({ accountId, rawId, cleanId })
    .onConflictDoUpdate({ target: [stickerPack.accountId, stickerPack.rawId], set: { cleanId, createdAt: sql`now()` } })
  await db.execute(sql`
    delete from sticker_pack where account_id = ${accountId} and raw_id in (
      select raw_id from sticker_pack where account_id = ${accountId} order by created_at desc offset ${MAX_PACKS})`)
}

/** A sticker pack has another id now: whoever calls it by an earlier one finds it by that. */
export async function renameStickerPack(db: Db, accountId: string, before: string, after: string): Promise<void> {
  await db
    .update(stickerPack)
    .set({ cleanId: after })
    .where(and(eq(stickerPack.accountId, accountId), eq(stickerPack.cleanId, before)))
  await putStickerPack(db, accountId, before, after)
}

/** The id under which an account's sticker pack is published that the account calls so. */
export async function findStickerPack(db: Db, accountId: string, rawId: string): Promise<string | undefined> {
  const [row] = await db
    .select({ cleanId: stickerPack.cleanId })
    .from(stickerPack)
    .where(and(eq(stickerPack.accountId, accountId), eq(stickerPack.rawId, rawId)))
  return row?.cleanId
}
