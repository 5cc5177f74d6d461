import { bigint, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './account.ts'
import { clientRule } from './policy.ts'

/** What the world says about vulnerable software: each record as one document, which `packages/advisories` made. */
export const advisory = pgTable(
  'advisory',
  {
    id: text('id').notNull(),
    kind: text('kind').notNull(),
    document: jsonb('document').$type<unknown>().notNull(),
    identifiers: text('identifiers').array().notNull(),
    importedAt: instant('imported_at').notNull(),
    importedBy: text('imported_by').notNull(),
  },
  (t) => [primaryKey({ columns: [t.id, t.kind] })],
)

/** Flaws that are used in attacks. */
export const exploitedFlaw = pgTable('exploited_flaw', {
  id: text('id').primaryKey(),
  since: text('since').notNull(),
  dueDate: text('due_date'),
})

/** Products that do not have a flaw, by the word of their vendors. */
export const flawDenial = pgTable(
  'flaw_denial',
  { id: text('id').notNull(), identifier: text('identifier').notNull() },
  (t) => [primaryKey({ columns: [t.id, t.identifier] })],
)

/** What was imported. */
export const feedImport = pgTable('feed_import', {
  id: uuid('id').primaryKey(),
  at: instant('at').notNull(),
  by: text('by').notNull(),
  name: text('name').notNull(),
  sha256: bytea('sha256').notNull(),
  sequence: bigint('sequence', { mode: 'number' }),
})

/** Builds of clients with what they are made of. */
export const clientBuild = pgTable(
  'client_build',
  {
    family: text('family').notNull(),
    version: text('version').notNull(),
    build: text('build').notNull().default(''),
    components: jsonb('components').$type<unknown>().notNull(),
    registeredAt: instant('registered_at').notNull(),
    registeredBy: text('registered_by').notNull(),
  },
  (t) => [primaryKey({ columns: [t.family, t.version, t.build] })],
)

/** What might be done about a client family because of a flaw. */
export const advisoryProposal = pgTable(
  'advisory_proposal',
  {
    flaw: text('flaw').notNull(),
    family: text('family').notNull(),
    document: jsonb('document').$type<unknown>().notNull(),
    state: text('state').$type<'open' | 'accepted' | 'dismissed' | 'moot'>().notNull(),
    foundAt: instant('found_at').notNull(),
    decidedAt: instant('decided_at'),
    decidedBy: text('decided_by'),
    reason: text('reason'),
    ruleId: uuid('rule_id').references(() => clientRule.id, { onDelete: 'set null' }),
  },
  (t) => [primaryKey({ columns: [t.flaw, t.family] })],
)
