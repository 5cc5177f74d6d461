import { bigint, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account, bytea, instant } from './account.ts'

/** Life of an upload: slot given, bytes in quarantine, then clean or refused. */
export type UploadState = 'slot' | 'quarantined' | 'clean' | 'refused'

/** Files on their way from a sender to everybody (XEP-0363). */
export const upload = pgTable('upload', {
  id: uuid('id').primaryKey(),
  accountId: uuid('account_id').references(() => account.id, { onDelete: 'set null' }),
  filename: text('filename').notNull(),
  declaredBytes: bigint('declared_bytes', { mode: 'number' }).notNull(),
  declaredType: text('declared_type').notNull(),
  tokenHash: bytea('token_hash').notNull(),
  state: text('state').$type<UploadState>().notNull().default('slot'),
  reason: text('reason'),
  cleanSha256: bytea('clean_sha256'),
  cleanBytes: bigint('clean_bytes', { mode: 'number' }),
  cleanType: text('clean_type'),
  widthPx: integer('width_px'),
  heightPx: integer('height_px'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
})

/** Which clean image an image became. */
export const imageMap = pgTable('image_map', {
  rawSha256: bytea('raw_sha256').primaryKey(),
  rawSha1: bytea('raw_sha1').notNull(),
  cleanSha1: bytea('clean_sha1').notNull(),
  cleanSha256: bytea('clean_sha256').notNull(),
  cleanType: text('clean_type').notNull(),
  cleanBytes: bigint('clean_bytes', { mode: 'number' }).notNull(),
  widthPx: integer('width_px').notNull(),
  heightPx: integer('height_px').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})
