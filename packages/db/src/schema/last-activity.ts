import { pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account, instant } from './account.ts'

/** When an account's last session ended, and what it said then (XEP-0012 §3). */
export const lastActivity = pgTable('last_activity', {
  accountId: uuid('account_id')
    .primaryKey()
    .references(() => account.id, { onDelete: 'cascade' }),
  leftAt: instant('left_at').notNull(),
  status: text('status'),
})
