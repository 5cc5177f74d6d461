import { hash } from 'node:crypto'
import type pg from 'pg'
import type { ArchiveEntry, CommitOutcome, HandledStream } from './archive-entry.ts'
import { clientKey, type ReferenceRow, resolveReferences } from './archive-references.ts'
import { configurationOf, ownerLexeme } from './archive-search.ts'
import { bytesArray, plainArray, textArray } from './array-literal.ts'
import type { ArchiveTarget } from './schema/archive.ts'
import { uuidv7 } from './uuid.ts'

/** Advisory lock: shared by every batch, exclusive for a change of the policy epoch. */
export const POLICY_LOCK = 7_236_102

/** What a lane of the writer takes from its queue. */
export type BatchItem = { readonly entry: ArchiveEntry } | { readonly handled: HandledStream }

/** Answers to the items of a batch, in their order: an outcome, or the persisted `h`. */
export type BatchAnswer = CommitOutcome | number

/** Another writer has just committed one of the messages of this batch: ask again. */
export class DedupRace extends Error {
  override readonly name = 'DedupRace'
}

/** An entry that cannot even be put into a query; `cause` says why. */
export class BadEntry extends Error {
  override readonly name = 'BadEntry'
}

const BEGIN = `begin; select pg_advisory_xact_lock_shared(${POLICY_LOCK}); select epoch from policy_epoch`

const KNOWN = { name: 'known', text: 'select key, message_id from dedup where key = any($1::bytea[])' }

const STORED = {
  name: 'stored',
  text: `select m.id, a.owner, a.position from message m left join archive a on a.message_id = m.id
         where m.id = any($1::uuid[])`,
}

// Owners are locked in sorted order, so two writers cannot wait for each other; the locks last until the commit, so no
// lower position appears later. Streams likewise.
const WRITE = {
  name: 'write',
  text: `
    with m as (
      insert into message (id, stanza, sent_at, author, client_key, filter_version, is_subject)
      select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $22::text[], $23::bigint[], $31::smallint[],
        $32::boolean[])
    ), r as (
      insert into message_reference (message_id, kind, target_id)
      select * from unnest($24::uuid[], $25::text[], $26::uuid[])
    ), q as (
      insert into message_text_queue (message_id, owners, configuration, text)
      select * from unnest($27::uuid[], $28::text[], $29::regconfig[], $30::text[])
    ), o as (
      insert into archive_owner as o (owner, last_position)
      select owner, count from unnest($4::text[], $5::int[]) as t (owner, count) order by owner
      on conflict (owner) do update set last_position = o.last_position + excluded.last_position
      returning owner, last_position
    ), a as (
      insert into archive (owner, position, message_id, peer, resource, direction, sent_at)
      select t.owner, o.last_position - t.back, ($1::uuid[])[t.at], t.peer, t.resource, t.direction,
             ($3::timestamptz[])[t.at]
      from unnest($6::text[], $7::int[], $8::int[], $9::text[], $10::text[], $11::text[])
        as t (owner, back, at, peer, resource, direction)
      join o on o.owner = t.owner
    ), h as (
      insert into held_message (suspension_id, message_id, recipients, facts, parties)
      select suspension_id, message_id, what -> 'recipients', what -> 'facts',
             array(select party::uuid from jsonb_array_elements_text(what -> 'parties') as party)
      from unnest($12::uuid[], $13::uuid[], $14::jsonb[]) as t (suspension_id, message_id, what)
    ), d as (
      insert into dedup (key, message_id)
      select key, message_id from unnest($15::bytea[], $16::uuid[]) as t (key, message_id) order by key
      on conflict do nothing returning key
    ), x as (
      insert into outbox (id, kind, payload) select * from unnest($17::uuid[], $18::text[], $19::jsonb[])
    ), l as (
      select id from sm_session where id = any($20::text[]) order by id for no key update
    ), s as (
      update sm_session set inbound_h = greatest(inbound_h, t.h), updated_at = now()
      from unnest($20::text[], $21::bigint[]) as t (id, h) join l on l.id = t.id
      where sm_session.id = t.id returning sm_session.id, inbound_h
    )
    select (select coalesce(json_object_agg(owner, last_position), '{}') from o) as owners,
           (select coalesce(json_object_agg(id, inbound_h), '{}') from s) as streams,
           (select count(*)::int from d) as keys`,
}

/**
 * Writes a batch in one transaction and answers each item.
 *
 * @param mayBeStored - true when an earlier try may have been committed: its connection broke before the answer.
 * @throws BadEntry, DedupRace or whatever PostgreSQL throws; then nothing was written, except that a broken connection
 *   leaves the outcome of COMMIT open. The caller rolls back.
 */
export async function writeBatch(
  client: pg.Client,
  items: readonly BatchItem[],
  mayBeStored: boolean,
): Promise<BatchAnswer[]> {
  const began = (await client.query(BEGIN)) as unknown as readonly pg.QueryResult<{ epoch: string }>[]
  const epoch = Number(began[2]?.rows[0]?.epoch)
  const isStale = (entry: ArchiveEntry) => entry.policyEpoch !== undefined && entry.policyEpoch < epoch
  const entries = items.flatMap((item) => ('entry' in item && !isStale(item.entry) ? [item.entry] : []))

  const stored = mayBeStored ? await findStored(client, entries) : new Map<string, Map<string, number>>()
  const streams = orBadEntry(() => prefixes(items, isStale))
  const { ids, keys } = await recognise(client, entries, stored, streams)
  const isNew = (entry: ArchiveEntry) => ids.get(entry) === entry.id && !stored.has(entry.id)
  const { rows: references, refused } = await resolveReferences(client, entries.filter(isNew))
  for (const entry of refused.keys()) for (const [key, id] of keys) if (id === entry.id) keys.delete(key)
  const fresh = entries.filter((entry) => isNew(entry) && !refused.has(entry))
  const targets = place(fresh)
  const values = orBadEntry(() => [...parameters(fresh, targets, keys, streams), ...descriptions(fresh, references)])

  const { rows } = await client.query<{
    owners: Record<string, number>
    streams: Record<string, number>
    keys: number
  }>({ ...WRITE, values })
  const written = rows[0]!
  if (written.keys !== keys.size) throw new DedupRace()
  const { command } = await client.query('commit')
  if (command !== 'COMMIT') throw new Error(`PostgreSQL answered ${command} to COMMIT`)

  const persisted = (id: string) => written.streams[id] ?? streams.get(id)!
  return items.map((item): BatchAnswer => {
    if ('handled' in item) return persisted(item.handled.id)
    const { entry } = item
    if (isStale(entry)) return { status: 'stale-epoch', epoch }
    const h = entry.stream && { persistedH: persisted(entry.stream.id) }
    const reason = refused.get(entry)
    if (reason) return { status: 'refused', reason, ...h }
    const id = ids.get(entry)!
    if (id !== entry.id) return { status: 'duplicate', id, ...h }
    const positions =
      stored.get(id) ??
      new Map(targets.get(entry)!.map(({ owner, back }) => [owner, written.owners[owner]! - back] as const))
    return { status: 'committed', id, positions, ...h }
  })
}

function orBadEntry<T>(build: () => T): T {
  try {
    return build()
  } catch (cause) {
    throw new BadEntry('an entry cannot be written', { cause })
  }
}

/** The `h` of each stream in the batch, if the batch commits. */
function prefixes(items: readonly BatchItem[], isStale: (entry: ArchiveEntry) => boolean): Map<string, number> {
  const groups = new Map<string, { stream: HandledStream; numbers: number[] }>()
  for (const item of items) {
    if ('entry' in item && isStale(item.entry)) continue
    const stream = 'entry' in item ? item.entry.stream : item.handled
    if (!stream) continue
    const group = groups.get(stream.id) ?? { stream, numbers: [] }
    groups.set(stream.id, group)
    group.stream = stream
    if ('entry' in item && item.entry.stream) group.numbers.push(item.entry.stream.n)
  }
  return new Map([...groups].map(([id, { stream, numbers }]) => [id, stream.prefixWith(numbers)]))
}

/**
 * Tells new messages from those committed before. Two keys: the number in the stream, for a client that resumes, and the
 * origin-id, for one that sends again in a new stream. The first is stored only beyond the stream's `h`: what `h` covers
 * is never sent again.
 */
async function recognise(
  client: pg.Client,
  entries: readonly ArchiveEntry[],
  stored: ReadonlyMap<string, unknown>,
  streams: ReadonlyMap<string, number>,
): Promise<{ ids: Map<ArchiveEntry, string>; keys: Map<string, string> }> {
  const keysOf = new Map(entries.map((entry) => [entry, dedupKeys(entry, streams)]))
  const asked = [...keysOf.values()].flat()
  const known = new Map<string, string>()
  if (asked.length > 0) {
    const { rows } = await client.query<{ key: Buffer; message_id: string }>({
      ...KNOWN,
      values: [bytesArray(asked.map(({ key }) => key))],
    })
    for (const { key, message_id: id } of rows) known.set(key.toString('hex'), id)
  }
  const ids = new Map<ArchiveEntry, string>()
  const keys = new Map<string, string>()
  for (const [entry, own] of keysOf) {
    const hit = own.find(({ key }) => known.has(key))
    const id = stored.has(entry.id) || !hit ? entry.id : known.get(hit.key)!
    ids.set(entry, id)
    for (const { key, isStored } of own) {
      if (known.has(key)) continue
      known.set(key, id)
      if (isStored) keys.set(key, id)
    }
  }
  return { ids, keys }
}

function dedupKeys({ dedup, stream }: ArchiveEntry, streams: ReadonlyMap<string, number>) {
  const keys: { key: string; isStored: boolean }[] = []
  if (dedup) {
    const { sender, target, originId, hash } = dedup
    const parts = JSON.stringify(['origin', sender, target, originId, Buffer.from(hash).toString('base64')])
    keys.push({ key: sha256(parts), isStored: true })
  }
  if (stream) {
    const key = sha256(JSON.stringify(['stream', stream.id, stream.n]))
    keys.push({ key, isStored: stream.n > streams.get(stream.id)! })
  }
  return keys
}

/** In hexadecimal digits. */
const sha256 = (text: string) => hash('sha256', text)

/** Positions of messages that are in the database already, by message and owner. */
async function findStored(client: pg.Client, entries: readonly ArchiveEntry[]) {
  const stored = new Map<string, Map<string, number>>()
  const { rows } = await client.query<{ id: string; owner: string | null; position: string | null }>({
    ...STORED,
    values: [plainArray(entries.map(({ id }) => id))],
  })
  for (const { id, owner, position } of rows) {
    const positions = stored.get(id) ?? new Map<string, number>()
    stored.set(id, positions)
    if (owner !== null) positions.set(owner, Number(position))
  }
  return stored
}

interface Placed extends ArchiveTarget {
  /** How far from the last position that the batch gives in this archive. */
  back: number
}

function place(entries: readonly ArchiveEntry[]): Map<ArchiveEntry, Placed[]> {
  const counts = new Map<string, number>()
  const placed = new Map<ArchiveEntry, Placed[]>()
  for (const entry of entries.toReversed()) {
    const owners = new Set<string>()
    const targets: Placed[] = []
    for (const target of entry.archives) {
      if (owners.has(target.owner)) continue
      owners.add(target.owner)
      const back = counts.get(target.owner) ?? 0
      counts.set(target.owner, back + 1)
      targets.push({ ...target, back })
    }
    placed.set(entry, targets)
  }
  return placed
}

function parameters(
  entries: readonly ArchiveEntry[],
  targets: ReadonlyMap<ArchiveEntry, Placed[]>,
  keys: ReadonlyMap<string, string>,
  streams: ReadonlyMap<string, number>,
): string[] {
  const counts = new Map<string, number>()
  const rows = entries.flatMap((entry, index) =>
    targets.get(entry)!.map((target) => {
      counts.set(target.owner, Math.max(counts.get(target.owner) ?? 0, target.back + 1))
      return { ...target, ...splitPeer(target.peer), at: index + 1 }
    }),
  )
  const held = entries.flatMap(({ id, held: hold }) => (hold ? [{ id, ...hold }] : []))
  const outbox = entries.flatMap((entry) => entry.outbox ?? [])
  return [
    plainArray(entries.map(({ id }) => id)),
    textArray(entries.map(({ stanza }) => stanza)),
    plainArray(entries.map(({ sentAt }) => sentAt.toISOString())),
    textArray([...counts.keys()]),
    plainArray([...counts.values()]),
    textArray(rows.map(({ owner }) => owner)),
    plainArray(rows.map(({ back }) => back)),
    plainArray(rows.map(({ at }) => at)),
    textArray(rows.map(({ peer }) => peer)),
    textArray(rows.map(({ resource }) => resource)),
    plainArray(rows.map(({ direction }) => direction)),
    plainArray(held.map(({ suspensionId }) => suspensionId)),
    plainArray(held.map(({ id }) => id)),
    textArray(held.map(({ recipients, facts = null, parties = [] }) => JSON.stringify({ recipients, facts, parties }))),
    bytesArray([...keys.keys()]),
    plainArray([...keys.values()]),
    plainArray(outbox.map(() => uuidv7())),
    textArray(outbox.map(({ kind }) => kind)),
    textArray(outbox.map(({ payload }) => JSON.stringify(payload))),
    textArray([...streams.keys()]),
    plainArray([...streams.values()]),
  ]
}

/** Parameters of what archives know about messages beside the stanzas. */
function descriptions(entries: readonly ArchiveEntry[], references: readonly ReferenceRow[]): string[] {
  const texts = entries.flatMap(({ id, text, archives, held }) =>
    text ? [{ id, ...text, owners: [...archives, ...(held?.recipients ?? [])].map(({ owner }) => owner) }] : [],
  )
  return [
    textArray(entries.map(({ author }) => author ?? null)),
    plainArray(entries.map(({ shard, clientId }) => (clientId === undefined ? null : clientKey(shard, clientId)))),
    plainArray(references.map(({ messageId }) => messageId)),
    plainArray(references.map(({ kind }) => kind)),
    plainArray(references.map(({ targetId }) => targetId)),
    plainArray(texts.map(({ id }) => id)),
    textArray(texts.map(({ owners }) => owners.map(ownerLexeme).join(' '))),
    plainArray(texts.map(({ language }) => configurationOf(language))),
    textArray(texts.map(({ words }) => words)),
    plainArray(entries.map(({ filterVersion = 0 }) => filterVersion)),
    plainArray(entries.map(({ isSubject }) => (isSubject ? 'true' : null))),
  ]
}

/** Splits a full JID into bare JID and resource. The first slash divides (RFC 7622 §3.2). */
export function splitPeer(jid: string): { peer: string; resource: string | null } {
  const slash = jid.indexOf('/')
  return slash < 0 ? { peer: jid, resource: null } : { peer: jid.slice(0, slash), resource: jid.slice(slash + 1) }
}
