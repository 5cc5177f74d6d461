import { and, asc, desc, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { recall } from './schema/index.ts'

export type Recall = typeof recall.$inferSelect

/** Recalls that have not ended, oldest first. */
export function listActiveRecalls(db: Db): Promise<Recall[]> {
  return db.select().from(recall).where(isNull(recall.endedAt)).orderBy(asc(recall.sinceAt), asc(recall.id))
}

/** Recalls, newest first, from before the one with this id: ids are made in the order of time. */
export function listRecalls(db: Db, limit: number, before?: string): Promise<Recall[]> {
  return db
    .select()
    .from(recall)
    .where(before === undefined ? undefined : lt(recall.id, before))
    .orderBy(desc(recall.id))
    .limit(limit)
}

export async function findRecall(db: Db, id: string): Promise<Recall | undefined> {
  const [row] = await db.select().from(recall).where(eq(recall.id, id))
  return row
}

/** Starts a recall; the caller bumps the epoch in the same transaction. */
export async function insertRecall(tx: Db, row: typeof recall.$inferInsert): Promise<Recall> {
  const [made] = await tx.insert(recall).values(row).returning()
  return made!
}

/** Ends a recall; the caller bumps the epoch in the same transaction. Undefined when it is absent or has ended. */
export async function endRecall(tx: Db, id: string, by: string, at: Date): Promise<Recall | undefined> {
  const [row] = await tx
    .update(recall)
    .set({ endedAt: at, endedBy: by })
    .where(and(eq(recall.id, id), isNull(recall.endedAt)))
    .returning()
  return row
}

/** Most files that one recall can name by what they came of: anybody can send the same picture in many ways. */
const MAX_RELATED_HASHES = 5_000

/**
 * These and their kin, by SHA-256 in hex: what was sent, what is served of it, and what once was, whichever of them the
 * hashes are of. What is served comes before what was sent, which is left out where it is too much.
 */
export async function listRelatedHashes(db: Db, sha256s: readonly string[]): Promise<string[]> {
  const { rows } = await db.execute<{ sha256: string }>(sql`
    with given as (select decode(h, 'hex') as sha256 from unnest(${sql.param([...sha256s])}::text[]) as t (h)),
    served as (
      select sha256 from given
      union select i.clean_sha256 from image_map i join given g on g.sha256 = i.raw_sha256
      union select u.clean_sha256 from upload u
        join given g on u.former_sha256 <> '{}' and u.former_sha256 @> array[g.sha256] where u.clean_sha256 is not null
    ),
    related as (
      select sha256, 1 as place from served
      union all select i.raw_sha256, 2 from image_map i join served s on s.sha256 = i.clean_sha256
    )
    select encode(sha256, 'hex') as sha256 from related
    group by sha256 order by min(place), sha256 limit ${MAX_RELATED_HASHES}`)
  return rows.map(({ sha256 }) => sha256)
}

/** Which uploads a recall names; what is absent may be anything. */
export interface RecallScope {
  readonly hashes?: readonly string[]
  readonly uploads?: readonly string[]
  /** Localparts, and ids of their accounts. */
  readonly senders?: readonly string[]
  readonly senderIds?: readonly string[]
  readonly formats?: readonly string[]
  readonly sentFrom?: number
  readonly sentUntil?: number
}

/** How many uploads a recall is about. */
export async function countRecalled(db: Db, scope: RecallScope): Promise<number> {
  const { hashes, uploads, senderIds, formats, sentFrom, sentUntil } = scope
  const list = (values: readonly string[]) => sql.param([...values])
  const { rows } = await db.execute<{ files: number }>(sql`
    select count(*)::int as files from upload u
    where u.state = 'clean'
      ${hashes === undefined ? sql`` : sql`and encode(u.clean_sha256, 'hex') = any(${list(hashes)}::text[])`}
      ${uploads === undefined ? sql`` : sql`and u.id = any(${list(uploads)}::uuid[])`}
      ${senderIds === undefined ? sql`` : sql`and u.account_id = any(${list(senderIds)}::uuid[])`}
      ${formats === undefined ? sql`` : sql`and u.clean_type = any(${list(formats.map((format) => `image/${format}`))}::text[])`}
      ${sentFrom === undefined ? sql`` : sql`and u.created_at >= ${new Date(sentFrom).toISOString()}`}
      ${sentUntil === undefined ? sql`` : sql`and u.created_at < ${new Date(sentUntil).toISOString()}`}`)
  return rows[0]?.files ?? 0
}

/** Most uploads that one recall of a room can name. */
export const MAX_RECALLED_UPLOADS = 100_000

/** Ids of the uploads that messages in an archive link to, each once: the first half of what a link's key stands for. */
export async function listLinkedUploads(
  db: Db,
  owner: string,
  { from, until }: { readonly from?: Date | undefined; readonly until?: Date | undefined },
): Promise<string[]> {
  const { rows } = await db.execute<{ id: string }>(sql`
    select distinct encode(substr(decode(translate(link.key[1], '-_', '+/') || '=', 'base64'), 1, 16), 'hex')::uuid as id
    from archive a join message m on m.id = a.message_id,
      regexp_matches(m.stanza, '/upload/([A-Za-z0-9_-]{43})/', 'g') as link (key)
    where a.owner = ${owner} and m.stanza like '%/upload/%'
      ${from === undefined ? sql`` : sql`and a.sent_at >= ${from.toISOString()}`}
      ${until === undefined ? sql`` : sql`and a.sent_at < ${until.toISOString()}`}
    limit ${MAX_RECALLED_UPLOADS}`)
  return rows.map(({ id }) => id)
}
