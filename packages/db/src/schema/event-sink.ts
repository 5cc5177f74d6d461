import { bigint, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './account.ts'

/** How far each receiver of the audit log has it, and which server process delivers. */
export const eventSink = pgTable('event_sink', {
  name: text('name').primaryKey(),
  seq: bigint('seq', { mode: 'number' }).notNull().default(0),
  owner: uuid('owner'),
  leasedUntil: instant('leased_until'),
  error: text('error').notNull().default(''),
})
