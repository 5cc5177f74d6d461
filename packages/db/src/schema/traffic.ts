import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from './account.ts'

const count = (name: string) => bigint(name, { mode: 'number' }).notNull()

/** What was sent, by the hour and by whom or what. */
export const traffic = pgTable(
  'traffic',
  {
    hour: instant('hour').notNull(),
    kind: text('kind').$type<'service' | 'account' | 'room' | 'peer' | 'format'>().notNull(),
    subject: text('subject').notNull(),
    messages: count('messages'),
    bytes: count('bytes'),
    files: count('files'),
    images: count('images'),
  },
  (t) => [primaryKey({ columns: [t.hour, t.kind, t.subject] })],
)
