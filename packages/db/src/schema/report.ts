import { pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import { account, instant } from './account.ts'

/** Who blocked whom and told the administrators why. */
export const abuseReport = pgTable(
  'abuse_report',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    reported: text('reported').notNull(),
    reason: text('reason').notNull(),
    text: text('text'),
    messageIds: uuid('message_ids').array().notNull(),
    reportedAt: instant('reported_at').notNull(),
  },
  (t) => [unique().on(t.accountId, t.reported)],
)
