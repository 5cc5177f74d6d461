import { and, asc, desc, eq, gt, gte, inArray, max, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import {
  account,
  advisory,
  advisoryProposal,
  clientBuild,
  clientSighting,
  exploitedFlaw,
  feedImport,
  flawDenial,
} from './schema/index.ts'

export type StoredAdvisory = typeof advisory.$inferSelect
export type StoredProposal = typeof advisoryProposal.$inferSelect
export type ClientBuild = typeof clientBuild.$inferSelect

/** Rows that go into one statement: so few that making it holds nobody up. */
const CHUNK = 250

/** What one import brings. Records of the same publication replace their older selves. */
export interface NewKnowledge {
  readonly advisories: readonly Omit<StoredAdvisory, 'importedAt' | 'importedBy'>[]
  readonly exploited: readonly { readonly id: string; readonly since: string; readonly dueDate: string | null }[]
  readonly denials: readonly { readonly id: string; readonly identifier: string }[]
  readonly withdrawn: readonly string[]
}

/** Stores what was imported, in the caller's transaction. */
export async function storeKnowledge(tx: Db, known: NewKnowledge, by: string, at: Date): Promise<void> {
  const rows = latest(known.advisories, ({ id, kind }) => `${id} ${kind}`)
  for (const chunk of chunks(rows)) {
    await tx
      .insert(advisory)
      .values(chunk.map((row) => ({ ...row, importedAt: at, importedBy: by })))
      .onConflictDoUpdate({
        target: [advisory.id, advisory.kind],
        set: {
          document: sql`excluded.document`,
          identifiers: sql`excluded.identifiers`,
          importedAt: sql`excluded.imported_at`,
          importedBy: sql`excluded.imported_by`,
        },
      })
  }
  for (const chunk of chunks(latest(known.exploited, ({ id }) => id))) {
    await tx
      .insert(exploitedFlaw)
      .values(chunk)
      .onConflictDoUpdate({
        target: exploitedFlaw.id,
        set: { since: sql`excluded.since`, dueDate: sql`excluded.due_date` },
      })
  }
  for (const chunk of chunks(latest(known.denials, ({ id, identifier }) => `${id} ${identifier}`))) {
    await tx.insert(flawDenial).values(chunk).onConflictDoNothing()
  }
  for (const chunk of chunks(known.withdrawn)) await tx.delete(advisory).where(inArray(advisory.id, chunk))
}

/** Notes an import. Undefined, and nothing noted, when a signed bundle is not newer than the last one. */
export async function noteFeedImport(
  tx: Db,
  row: typeof feedImport.$inferInsert,
): Promise<typeof feedImport.$inferSelect | undefined> {
  if (row.sequence !== null && row.sequence !== undefined) {
    // Two imports at once: the second one waits and then sees the first.
    await tx.execute(sql`lock table feed_import in share row exclusive mode`)
    const [{ newest } = { newest: null }] = await tx.select({ newest: max(feedImport.sequence) }).from(feedImport)
    if (newest !== null && row.sequence <= newest) return undefined
  }
  const [made] = await tx.insert(feedImport).values(row).returning()
  return made
}

/** Imports, newest first. */
export function listFeedImports(db: Db, limit: number): Promise<(typeof feedImport.$inferSelect)[]> {
  return db.select().from(feedImport).orderBy(desc(feedImport.at), desc(feedImport.id)).limit(limit)
}

/**
 * Ids of the advisories about any of these products, at most `limit`: what is used in attacks first, by the id or an alias
 * of it. With each, how many there are.
 */
export async function listAdvisoryIdsAbout(
  db: Db,
  identifiers: readonly string[],
  limit: number,
): Promise<{ readonly id: string; readonly total: number }[]> {
  const { rows } = await db.execute<{ id: string; total: number }>(sql`
    select id, count(*) over ()::int as total from (
      select id, bool_or(
        exists (select from exploited_flaw where exploited_flaw.id = advisory.id) or
        exists (select from jsonb_array_elements_text(document -> 'aliases') as alias
          join exploited_flaw on exploited_flaw.id = alias)) as is_exploited
      from advisory where identifiers && ${sql.param([...identifiers])}::text[]
      group by id) as about
    order by is_exploited desc, id limit ${limit}`)
  return rows
}

/** Advisories of these ids, in their order, of every publisher. */
export async function listAdvisoriesOf(db: Db, ids: readonly string[]): Promise<StoredAdvisory[]> {
  const rows = await db
    .select()
    .from(advisory)
    .where(inArray(advisory.id, [...ids]))
    .orderBy(asc(advisory.kind))
  const byId = Map.groupBy(rows, ({ id }) => id)
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** Advisories by id, one page: those after `after`. */
export function listAdvisories(
  db: Db,
  limit: number,
  after?: { readonly id: string; readonly kind: string },
): Promise<StoredAdvisory[]> {
  return db
    .select()
    .from(advisory)
    .where(after && or(gt(advisory.id, after.id), and(eq(advisory.id, after.id), gt(advisory.kind, after.kind))))
    .orderBy(asc(advisory.id), asc(advisory.kind))
    .limit(limit)
}

/** Flaws that are used in attacks, and products that do not have a flaw, of all imports together. */
export async function listFlawNotes(db: Db) {
  const exploited = await db.select().from(exploitedFlaw)
  const denials = await db.select().from(flawDenial)
  return { exploited, denials }
}

/** Versions of each family that somebody has used since then, with how many people. */
export function listUsedVersions(db: Db, since: Date) {
  return db
    .select({
      family: clientSighting.family,
      version: clientSighting.version,
      people: sql<number>`count(distinct ${clientSighting.accountId})::int`,
    })
    .from(clientSighting)
    .innerJoin(account, eq(account.id, clientSighting.accountId))
    .where(gte(clientSighting.lastSeenAt, since))
    .groupBy(clientSighting.family, clientSighting.version)
}

/** Puts a build on record; the same one again replaces it, and stays on record since when it was. */
export async function putClientBuild(db: Db, row: ClientBuild): Promise<void> {
  const { components, registeredBy } = row
  await db
    .insert(clientBuild)
    .values(row)
    .onConflictDoUpdate({
      target: [clientBuild.family, clientBuild.version, clientBuild.build],
      set: { components, registeredBy },
    })
}

/** Since when a build is on record; undefined where it is not. */
export async function findBuildRegistration(
  db: Db,
  { family, version, build }: Pick<ClientBuild, 'family' | 'version' | 'build'>,
): Promise<Date | undefined> {
  const isSame = and(eq(clientBuild.family, family), eq(clientBuild.version, version), eq(clientBuild.build, build))
  const [row] = await db.select({ at: clientBuild.registeredAt }).from(clientBuild).where(isSame)
  return row?.at
}

/** Registered builds, by family, newest first. */
export function listClientBuilds(db: Db): Promise<ClientBuild[]> {
  return db.select().from(clientBuild).orderBy(asc(clientBuild.family), desc(clientBuild.registeredAt)).limit(10_000)
}

/** Proposals, open ones first, newest first. */
export function listProposals(db: Db, limit: number): Promise<StoredProposal[]> {
  return db
    .select()
    .from(advisoryProposal)
    .orderBy(sql`${advisoryProposal.state} <> 'open'`, desc(advisoryProposal.foundAt), asc(advisoryProposal.flaw))
    .limit(limit)
}

export async function findProposal(db: Db, flaw: string, family: string): Promise<StoredProposal | undefined> {
  const [row] = await db.select().from(advisoryProposal).where(isProposal(flaw, family))
  return row
}

/** A proposal is about one flaw in one family. */
export type ProposalKey = Pick<StoredProposal, 'flaw' | 'family'>

/** Those of these proposals that are on record. */
export async function findProposals(db: Db, keys: readonly ProposalKey[]): Promise<StoredProposal[]> {
  const found: StoredProposal[] = []
  for (const chunk of chunks(keys)) found.push(...(await db.select().from(advisoryProposal).where(isOneOf(chunk))))
  return found
}

/** All open proposals, with the advisories that they were made of. */
export async function listOpenProposals(db: Db): Promise<(ProposalKey & { readonly advisories: readonly string[] })[]> {
  const advisories = sql<readonly string[]>`coalesce(${advisoryProposal.document} -> 'advisories', '[]')`
  return db
    .select({ flaw: advisoryProposal.flaw, family: advisoryProposal.family, advisories })
    .from(advisoryProposal)
    .where(eq(advisoryProposal.state, 'open'))
}

/** Puts proposals on record, open: what was decided before is gone with it. */
export async function openProposals(
  tx: Db,
  rows: readonly (ProposalKey & Pick<StoredProposal, 'document' | 'foundAt'>)[],
): Promise<void> {
  const undecided = { state: 'open' as const, decidedAt: null, decidedBy: null, reason: null }
  for (const chunk of chunks(rows)) {
    await tx
      .insert(advisoryProposal)
      .values(chunk.map((row) => ({ ...row, ...undecided })))
      .onConflictDoUpdate({
        target: [advisoryProposal.flaw, advisoryProposal.family],
        set: { ...undecided, document: sql`excluded.document`, foundAt: sql`excluded.found_at` },
      })
  }
}

/** What is known of proposals has changed; what was decided stays. */
export async function updateProposals(
  tx: Db,
  rows: readonly (ProposalKey & Pick<StoredProposal, 'document'>)[],
): Promise<void> {
  for (const chunk of chunks(rows)) {
    await tx.execute(sql`
      update advisory_proposal set document = s.document::jsonb
      from unnest(${columnOf(chunk, ({ flaw }) => flaw)}::text[], ${columnOf(chunk, ({ family }) => family)}::text[],
        ${columnOf(chunk, ({ document }) => JSON.stringify(document))}::text[]) as s (flaw, family, document)
      where advisory_proposal.flaw = s.flaw and advisory_proposal.family = s.family`)
  }
}

/** Those of these proposals that are open are about nobody any more. */
export async function mootProposals(tx: Db, keys: readonly ProposalKey[]): Promise<void> {
  for (const chunk of chunks(keys)) {
    await tx
      .update(advisoryProposal)
      .set({ state: 'moot' })
      .where(and(isOneOf(chunk), eq(advisoryProposal.state, 'open')))
  }
}

function isOneOf(keys: readonly ProposalKey[]) {
  return sql`(${advisoryProposal.flaw}, ${advisoryProposal.family}) in (
    select * from unnest(${columnOf(keys, ({ flaw }) => flaw)}::text[], ${columnOf(keys, ({ family }) => family)}::text[]))`
}

function columnOf<T>(rows: readonly T[], pick: (row: T) => string) {
  return sql.param(rows.map(pick))
}

/** Changes a proposal; undefined when there is none. */
export async function updateProposal(
  tx: Db,
  flaw: string,
  family: string,
  set: Partial<Omit<StoredProposal, 'flaw' | 'family'>>,
): Promise<StoredProposal | undefined> {
  const [row] = await tx.update(advisoryProposal).set(set).where(isProposal(flaw, family)).returning()
  return row
}

function isProposal(flaw: string, family: string) {
  return and(eq(advisoryProposal.flaw, flaw), eq(advisoryProposal.family, family))
}

/** Of several rows with one key the last one: a statement may not change one row twice. */
function latest<T>(rows: readonly T[], keyOf: (row: T) => string): T[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += CHUNK) yield rows.slice(start, start + CHUNK)
}
