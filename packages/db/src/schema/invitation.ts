import { boolean, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account, bytea, instant } from './account.ts'

/** Invitations (XEP-0401), by the hash of their token. */
export const invitation = pgTable('invitation', {
  id: uuid('id').primaryKey(),
  tokenHash: bytea('token_hash').notNull().unique(),
  inviterId: uuid('inviter_id').references(() => account.id, { onDelete: 'cascade' }),
  makesAccount: boolean('makes_account').notNull(),
  localpart: text('localpart'),
  maxUses: integer('max_uses').notNull().default(1),
  uses: integer('uses').notNull().default(0),
  expiresAt: instant('expires_at').notNull(),
  revokedAt: instant('revoked_at'),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})
