import { bigint, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account, instant } from './account.ts'

/** Keys of managed devices. */
export const deviceKey = pgTable('device_key', {
  thumbprint: text('thumbprint').primaryKey(),
  accountId: uuid('account_id')
    .notNull()
    .references(() => account.id, { onDelete: 'cascade' }),
  label: text('label').notNull(),
  mdm: text('mdm').notNull(),
  notAfter: instant('not_after').notNull(),
  importedAt: instant('imported_at').notNull(),
  importedBy: text('imported_by').notNull(),
  revokedAt: instant('revoked_at'),
  revokedBy: text('revoked_by'),
  epoch: bigint('epoch', { mode: 'number' }).notNull(),
})
