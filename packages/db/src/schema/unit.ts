import { jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { account, instant } from './account.ts'

/** In whose contact lists the members of a unit are. */
export type UnitRoster = 'members' | 'everybody' | 'nobody'
/** Who finds the members of a unit by searching. */
export type UnitDirectory = 'everybody' | 'members'
/** How well the clients of its members must be known (control §3.1). */
export type UnitMinimumTier = 'E2' | 'E3' | 'E4'

/** Units of the company. */
export const unit = pgTable('unit', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull().unique(),
  displayName: text('display_name').notNull(),
  roster: text('roster').$type<UnitRoster>().notNull().default('members'),
  directory: text('directory').$type<UnitDirectory>().notNull().default('everybody'),
  createdAt: instant('created_at').notNull().defaultNow(),
  minimumTier: text('minimum_tier').$type<UnitMinimumTier>(),
  /** How it came to ask for that; null: it was so before anybody had to confirm it. */
  minimumTierChange: jsonb('minimum_tier_change').$type<unknown>(),
})

/** Who is in which unit. */
export const unitMember = pgTable(
  'unit_member',
  {
    unitId: uuid('unit_id')
      .notNull()
      .references(() => unit.id, { onDelete: 'cascade' }),
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
  },
  (t) => [primaryKey({ columns: [t.unitId, t.accountId] })],
)
