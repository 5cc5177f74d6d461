import { hash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type pg from 'pg'
import type { Db } from './database.ts'
import type { ArchiveEntry, MessageReference, ReferenceKind, RefusedReference } from './archive-entry.ts'
import { isUuid } from './uuid.ts'

// Which message is another one about? Clients name messages of a conversation by ids that they chose themselves, so a
// name alone proves nothing: a correction or retraction counts for its own author's messages only (threats SP-09).

/** How far back a name that several messages have is looked for. */
const NAMESAKES_MAX = 8

interface Target {
  readonly id: string
  readonly author: string | null
  /** The first version, if this is a correction; else itself. */
  readonly root: string
  readonly isRetracted: boolean
}

export interface ReferenceRow {
  readonly messageId: string
  readonly kind: ReferenceKind
  readonly targetId: string
}

export interface Resolved {
  readonly rows: readonly ReferenceRow[]
  readonly refused: ReadonlyMap<ArchiveEntry, RefusedReference>
}

/** SQL: the first version of the message whose id is `id`. */
export const rootOf = (id: string): string =>
  `coalesce((select c.target_id from message_reference c where c.message_id = ${id} and c.kind = 'correction'), ${id})`

const NOTHING: Resolved = { rows: [], refused: new Map() }

const TARGETS = {
  name: 'targets',
  text: `
    select t.name, t.id, t.author, root.id as root,
      exists (select from message_reference r where r.target_id = root.id and r.kind = 'retraction') as retracted
    from (
      select k.key::text as name, m.id, m.author
      from unnest($1::bigint[]) as k (key)
      cross join lateral (
        select id, author from message where client_key = k.key order by id desc limit ${NAMESAKES_MAX}
      ) as m
      union all
      select a.owner || ' ' || m.id, m.id, m.author
      from unnest($2::text[], $3::uuid[]) as k (owner, id)
      join archive a on a.owner = k.owner and a.message_id = k.id
      join message m on m.id = k.id
    ) as t
    cross join lateral (select ${rootOf('t.id')} as id) as root
    order by t.id desc`,
}

/** What the author's client calls a message, as the database keeps it; ids of clients mean something in one conversation. */
export function clientKey(conversation: string, clientId: string): bigint {
  return hash('sha256', JSON.stringify([conversation, clientId]), 'buffer').readBigInt64BE()
}

/** Whether a message of this conversation that its author's client calls so is in an archive. */
export async function isClientIdKept(db: Db, conversation: string, clientId: string): Promise<boolean> {
  const key = clientKey(conversation, clientId)
  const { rows } = await db.execute(sql`select from message where client_key = ${String(key)}::bigint limit 1`)
  return rows.length > 0
}

/**
 * Finds what the new messages of a batch are about, among what is committed and among each other. Costs nothing where no
 * message is about another.
 */
export async function resolveReferences(client: pg.Client, fresh: readonly ArchiveEntry[]): Promise<Resolved> {
  if (!fresh.some(({ references }) => references)) return NOTHING
  const known = await findTargets(client, fresh)
  const retracted = new Set([...known.values()].flat().flatMap(({ isRetracted, root }) => (isRetracted ? [root] : [])))
  const rows: ReferenceRow[] = []
  const refused = new Map<ArchiveEntry, RefusedReference>()
  for (const entry of fresh) {
    let root = entry.id
    let refusal: RefusedReference | undefined
    const own: ReferenceRow[] = []
    for (const reference of entry.references ?? []) {
      const found = choose(
        entry,
        reference,
        namesOf(entry, reference).flatMap((name) => known.get(name) ?? []),
      )
      if (found === 'not-the-author') refusal ??= found
      if (found === undefined || found === 'not-the-author') continue
      const { kind } = reference
      if (kind === 'correction' && retracted.has(found.root)) refusal ??= 'is-retracted'
      if (kind === 'correction') root = found.root
      if (kind === 'retraction') retracted.add(found.root)
      const targetId = kind === 'correction' || kind === 'retraction' ? found.root : found.id
      own.push({ messageId: entry.id, kind, targetId })
    }
    if (refusal) {
      refused.set(entry, refusal)
      continue
    }
    rows.push(...own)
    // What follows in this batch may be about this one.
    const target = { id: entry.id, author: entry.author ?? null, root, isRetracted: false }
    for (const name of ownNames(entry)) known.set(name, [target, ...(known.get(name) ?? [])])
  }
  return { rows, refused }
}

/** The newest message of that name, of the same author where that matters. */
function choose(
  { author }: ArchiveEntry,
  { kind, isModerated }: MessageReference,
  found: readonly Target[],
): Target | 'not-the-author' | undefined {
  const isOwnOnly = (kind === 'correction' || kind === 'retraction') && !isModerated
  if (!isOwnOnly) return found[0]
  const own = found.find((target) => target.author !== null && target.author === author)
  return own ?? (found.length > 0 ? 'not-the-author' : undefined)
}

async function findTargets(client: pg.Client, entries: readonly ArchiveEntry[]): Promise<Map<string, Target[]>> {
  const keys = new Set<string>()
  const archived = new Map<string, [owner: string, id: string]>()
  for (const entry of entries) {
    for (const { target } of entry.references ?? []) {
      if ('clientId' in target) keys.add(keyName(entry, target.clientId))
      else if (isUuid(target.id))
        for (const { owner } of entry.archives) archived.set(archiveName(owner, target.id), [owner, target.id])
    }
  }
  const known = new Map<string, Target[]>()
  if (keys.size === 0 && archived.size === 0) return known
  const pairs = [...archived.values()]
  const { rows } = await client.query<{
    name: string
    id: string
    author: string | null
    root: string
    retracted: boolean
  }>({
    ...TARGETS,
    values: [[...keys], pairs.map(([owner]) => owner), pairs.map(([, id]) => id)],
  })
  for (const { name, id, author, root, retracted } of rows) {
    const namesakes = known.get(name) ?? []
    known.set(name, namesakes)
    namesakes.push({ id, author, root, isRetracted: retracted })
  }
  return known
}

const keyName = ({ shard }: ArchiveEntry, clientId: string) => String(clientKey(shard, clientId))
const archiveName = (owner: string, id: string) => `${owner} ${id}`

function namesOf(entry: ArchiveEntry, { target }: MessageReference): string[] {
  if ('clientId' in target) return [keyName(entry, target.clientId)]
  return entry.archives.map(({ owner }) => archiveName(owner, target.id))
}

function ownNames(entry: ArchiveEntry): string[] {
  const byArchive = entry.archives.map(({ owner }) => archiveName(owner, entry.id))
  return entry.clientId === undefined ? byArchive : [keyName(entry, entry.clientId), ...byArchive]
}
