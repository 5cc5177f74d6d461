import { pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { account, instant } from './account.ts'

/** `motd`: for everybody, once. `welcome`: for whoever is here for the first time. */
export type StandingMessageKind = 'motd' | 'welcome'

/** What the server says without being asked (XEP-0133). */
export const standingMessage = pgTable('standing_message', {
  kind: text('kind').$type<StandingMessageKind>().primaryKey(),
  id: uuid('id').notNull(),
  text: text('text').notNull(),
  setBy: text('set_by').notNull(),
  setAt: instant('set_at').notNull(),
})

/** Which of them an account has had last. */
export const standingMessageReceipt = pgTable(
  'standing_message_receipt',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    kind: text('kind').$type<StandingMessageKind>().notNull(),
    messageId: uuid('message_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.kind] })],
)
