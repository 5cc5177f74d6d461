import { bigint, date, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './account.ts'

/** Files that were delivered and are taken back. */
export const recall = pgTable('recall', {
  id: uuid('id').primaryKey(),
  scope: jsonb('scope').$type<unknown>().notNull(),
  reason: text('reason').notNull(),
  sinceAt: instant('since_at').notNull(),
  startedBy: text('started_by').notNull(),
  endedAt: instant('ended_at'),
  endedBy: text('ended_by'),
})

/** What images came in, and what became of them. */
export const imageCensus = pgTable(
  'image_census',
  {
    day: date('day', { mode: 'string' }).notNull(),
    profile: text('profile').notNull(),
    inputFormat: text('input_format').notNull(),
    outcome: text('outcome').notNull(),
    reason: text('reason').notNull().default(''),
    features: text('features').notNull().default(''),
    decoder: text('decoder').notNull().default(''),
    encoder: text('encoder').notNull().default(''),
    images: bigint('images', { mode: 'number' }).notNull(),
    bytesIn: bigint('bytes_in', { mode: 'number' }).notNull(),
    bytesOut: bigint('bytes_out', { mode: 'number' }).notNull(),
  },
  (t) => [
    primaryKey({
      columns: [t.day, t.profile, t.inputFormat, t.outcome, t.reason, t.features, t.decoder, t.encoder],
    }),
  ],
)
