import { and, asc, desc, eq, gt, gte, inArray, lt, lte, type SQL, sql } from 'drizzle-orm'
import { splitPeer } from './archive-batch.ts'
import { rootOf } from './archive-references.ts'
import { indexTexts, matching, type TextQuery } from './archive-search.ts'
import { type Db, isTimeout } from './database.ts'
import { archive, type Direction, message } from './schema/index.ts'
import { isUuid } from './uuid.ts'

/** A message as one archive holds it. */
export interface ArchivedMessage {
  /** The stanza-id. */
  readonly id: string
  readonly position: number
  /** Bare JID of the other side. */
  readonly peer: string
  readonly resource: string | null
  readonly direction: Direction
  readonly sentAt: Date
  readonly stanza: string
  /** By which version of the image filter it was let in; 0 for none. */
  readonly filterVersion: number
  /** Present: its content must not be shown to anybody any more (XEP-0424). */
  readonly retraction?: Retraction
}

/** The message that retracted another, or a version of it. */
export interface Retraction {
  readonly id: string
  readonly sentAt: Date
  readonly stanza: string
  readonly filterVersion: number
}

/** Columns of an `ArchivedMessage`. */
export const MESSAGE = {
  id: archive.messageId,
  position: archive.position,
  peer: archive.peer,
  resource: archive.resource,
  direction: archive.direction,
  sentAt: archive.sentAt,
  stanza: message.stanza,
  filterVersion: message.filterVersion,
}

/** Filters of XEP-0313 §4.1 and its `#extended` set; all of them must hold. */
export interface ArchiveQuery {
  /** Bare JID: any resource. Full JID: only that one. */
  readonly with?: string
  /** Sent at or after. */
  readonly start?: Date
  /** Sent at or before. */
  readonly end?: Date
  readonly beforeId?: string
  readonly afterId?: string
  readonly ids?: readonly string[]
  readonly page: {
    /** Most messages of the page; 0 asks for the count only. */
    readonly max: number
    /** Page before this id; empty: the last page (XEP-0059 §2.5). */
    readonly before?: string
    readonly after?: string
    /** Newest first within the page (`<flip-page/>`). */
    readonly flip?: boolean
  }
  /** Count what the filters match, whatever the page. Costs a scan of it. */
  readonly wantsCount?: boolean
}

export interface ArchivePage {
  /** Oldest first, unless flipped. */
  readonly messages: ArchivedMessage[]
  /** Nothing lies beyond the page, in the direction of paging. */
  readonly isComplete: boolean
  readonly count?: number
}

/** The last message with a subject in each of these archives, if there is one: what entered it last counts. */
export function listSubjects(
  db: Db,
  owners: readonly string[],
): Promise<{ readonly owner: string; readonly stanza: string; readonly sentAt: Date }[]> {
  return db
    .selectDistinctOn([archive.owner], { owner: archive.owner, stanza: message.stanza, sentAt: message.sentAt })
    .from(message)
    .innerJoin(archive, eq(archive.messageId, message.id))
    .where(and(message.isSubject, inArray(archive.owner, [...owners])))
    .orderBy(asc(archive.owner), desc(archive.position))
}

/**
 * One page of `owner`'s archive (XEP-0313 §4, XEP-0059).
 *
 * `position` is counted per owner by the transaction that writes, so it follows the order of commits, and no page can
 * skip a row.
 *
 * @param owner - whose archive: an account or a room. Who may read it is the caller's business.
 * @returns `item-not-found` when an id to page from, or one of `ids`, is not in the archive.
 */
export function listArchive(db: Db, owner: string, query: ArchiveQuery): Promise<ArchivePage | 'item-not-found'> {
  return readPage(db, owner, query)
}

/** How long one query of a search may take, in milliseconds. */
const SEARCH_MAX_MS = 3_000
const INDEX_BATCH = 500
const MAX_INDEX_BATCHES = 10

/**
 * Same for those messages that a text query finds (XEP-0431): by their latest version, and none that is retracted.
 *
 * @returns also `too-slow`, when it takes longer than any good search does.
 */
export async function searchArchive(
  db: Db,
  owner: string,
  text: TextQuery,
  query: ArchiveQuery,
): Promise<ArchivePage | 'item-not-found' | 'too-slow'> {
  // What was just committed is found, too; with more than that waiting, the newest is not yet.
  for (let batch = 0; batch < MAX_INDEX_BATCHES && (await indexTexts(db, INDEX_BATCH)) === INDEX_BATCH; batch++);
  try {
    return await db.transaction(async (tx) => {
      await tx.execute(sql.raw(`set local statement_timeout = ${SEARCH_MAX_MS}`))
      return readPage(tx, owner, query, text)
    })
  } catch (error) {
    if (isTimeout(error)) return 'too-slow'
    throw error
  }
}

async function readPage(
  db: Db,
  owner: string,
  query: ArchiveQuery,
  text?: TextQuery,
): Promise<ArchivePage | 'item-not-found'> {
  const { page, ids } = query
  const anchors = await findPositions(db, owner, query)
  if (anchors === 'item-not-found') return anchors

  const filters: (SQL | undefined)[] = [eq(archive.owner, owner), ...withPeer(query.with)]
  if (query.start) filters.push(gte(archive.sentAt, query.start))
  if (query.end) filters.push(lte(archive.sentAt, query.end))
  if (ids) filters.push(inArray(archive.messageId, [...ids]))
  if (text) filters.push(sql`${archive.messageId} = any(array(${matching(owner, text)}))`, IS_CURRENT)
  filters.push(...between(anchors.afterId, anchors.beforeId))
  const count = query.wantsCount || page.max === 0 ? await db.$count(archive, and(...filters)) : undefined
  const counted = count === undefined ? {} : { count }
  if (page.max === 0) return { messages: [], isComplete: count === 0, ...counted }

  const isBackward = page.before !== undefined
  const rows = await db
    .select(MESSAGE)
    .from(archive)
    .innerJoin(message, eq(message.id, archive.messageId))
    .where(and(...filters, ...between(anchors.after, anchors.before)))
    .orderBy(isBackward ? desc(archive.position) : asc(archive.position))
    .limit(page.max + 1)
  const messages = await withRetractions(db, rows.slice(0, page.max))
  if (isBackward !== (page.flip ?? false)) messages.reverse()
  return { messages, isComplete: rows.length <= page.max, ...counted }
}

/** Neither corrected since nor retracted; ids grow with time. */
const IS_CURRENT = sql.raw(`not exists (
  select from message_reference r where r.target_id = ${rootOf('archive.message_id')}
  and (r.kind = 'retraction' or r.kind = 'correction' and r.message_id > archive.message_id))`)

/** The same messages, with what retracted them. */
export async function withRetractions(db: Db, messages: readonly ArchivedMessage[]): Promise<ArchivedMessage[]> {
  const retractions = await findRetractions(
    db,
    messages.map(({ id }) => id),
  )
  if (retractions.size === 0) return [...messages]
  return messages.map((found) => {
    const retraction = retractions.get(found.id)
    return retraction ? { ...found, retraction } : found
  })
}

/** What retracted these messages, or a version of them, by id. */
export async function findRetractions(db: Db, ids: readonly string[]): Promise<Map<string, Retraction>> {
  if (ids.length === 0) return new Map()
  const { rows } = await db.execute<{
    id: string
    by: string
    sent_at: string
    stanza: string
    filter_version: number
  }>(sql`
    select t.id, m.id as by, m.sent_at, m.stanza, m.filter_version
    from unnest(${sql.param([...ids])}::uuid[]) as t (id)
    cross join lateral (
      select message_id from message_reference r
      where r.target_id = ${sql.raw(rootOf('t.id'))} and r.kind = 'retraction' order by message_id limit 1
    ) as r
    join message m on m.id = r.message_id`)
  return new Map(
    rows.map(({ id, by, sent_at: at, stanza, filter_version: filterVersion }) => [
      id,
      { id: by, sentAt: new Date(at), stanza, filterVersion },
    ]),
  )
}

function withPeer(jid: string | undefined): SQL[] {
  if (jid === undefined) return []
  const { peer, resource } = splitPeer(jid)
  return resource === null ? [eq(archive.peer, peer)] : [eq(archive.peer, peer), eq(archive.resource, resource)]
}

function between(after: number | undefined, before: number | undefined): (SQL | undefined)[] {
  return [
    after === undefined ? undefined : gt(archive.position, after),
    before === undefined ? undefined : lt(archive.position, before),
  ]
}

type Anchor = 'before' | 'after' | 'beforeId' | 'afterId'

/** Positions of the ids that the query names. */
async function findPositions(
  db: Db,
  owner: string,
  { page, beforeId, afterId, ids = [] }: ArchiveQuery,
): Promise<{ [A in Anchor]: number | undefined } | 'item-not-found'> {
  const anchors = { before: page.before || undefined, after: page.after || undefined, beforeId, afterId }
  const wanted = new Set(
    [...ids, ...Object.values(anchors)].flatMap((id) => (id === undefined ? [] : [id.toLowerCase()])),
  )
  const positions = new Map<string, number>()
  if (![...wanted].every(isUuid)) return 'item-not-found'
  if (wanted.size > 0) {
    const rows = await db
      .select({ id: archive.messageId, position: archive.position })
      .from(archive)
      .where(and(eq(archive.owner, owner), inArray(archive.messageId, [...wanted])))
    for (const { id, position } of rows) positions.set(id, position)
  }
  if (positions.size < wanted.size) return 'item-not-found'
  const at = (id: string | undefined) => (id === undefined ? undefined : positions.get(id.toLowerCase()))
  return { before: at(anchors.before), after: at(anchors.after), beforeId: at(beforeId), afterId: at(afterId) }
}

/** Oldest and newest message of an archive, of those since then (XEP-0313 §5); undefined: there is none. */
export async function archiveMetadata(db: Db, owner: string, since?: Date) {
  const end = (order: SQL) =>
    db
      .select({ id: archive.messageId, sentAt: archive.sentAt })
      .from(archive)
      .where(and(eq(archive.owner, owner), since && gte(archive.sentAt, since)))
      .orderBy(order)
      .limit(1)
  const [[first], [last]] = [await end(asc(archive.position)), await end(desc(archive.position))]
  return first && last && { first, last }
}

/** Replaces a message by what a newer version of the image filter leaves of it. */
export async function putFilteredMessage(db: Db, id: string, stanza: string, filterVersion: number): Promise<void> {
  await db
    .update(message)
    .set({ stanza, filterVersion })
    .where(and(eq(message.id, id), lt(message.filterVersion, filterVersion)))
}

/** Messages by their ids, as stored, in no order. */
export function listMessages(db: Db, ids: readonly string[]): Promise<{ id: string; stanza: string }[]> {
  return db
    .select({ id: message.id, stanza: message.stanza })
    .from(message)
    .where(inArray(message.id, [...ids]))
}
