import { bigint, boolean, foreignKey, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { account, bytea, instant } from './account.ts'

/** Which clean image an image became, for each purpose (the sanitizer's profile). */
export const imageMap = pgTable(
  'image_map',
  {
    rawSha256: bytea('raw_sha256').notNull(),
    profile: text('profile').notNull(),
    rawSha1: bytea('raw_sha1').notNull(),
    rawSha512: bytea('raw_sha512'),
    rawBlake2b512: bytea('raw_blake2b512'),
    cleanSha1: bytea('clean_sha1').notNull(),
    cleanSha256: bytea('clean_sha256').notNull(),
    cleanType: text('clean_type').notNull(),
    cleanBytes: bigint('clean_bytes', { mode: 'number' }).notNull(),
    widthPx: integer('width_px').notNull(),
    heightPx: integer('height_px').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    usedAt: instant('used_at').notNull().defaultNow(),
    profileVersion: text('profile_version'),
    madeAt: instant('made_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.rawSha256, t.profile] })],
)

/** Who uploaded an image or was sent it, by bare JID. */
export const imageReader = pgTable(
  'image_reader',
  {
    jid: text('jid').notNull(),
    rawSha256: bytea('raw_sha256').notNull(),
    profile: text('profile').notNull(),
    isSender: boolean('is_sender').notNull().default(false),
  },
  (t) => [
    primaryKey({ columns: [t.jid, t.rawSha256, t.profile] }),
    foreignKey({
      columns: [t.rawSha256, t.profile],
      foreignColumns: [imageMap.rawSha256, imageMap.profile],
    }).onDelete('cascade'),
  ],
)

/** Sticker packs by the ids they had before they were cleaned (XEP-0449). */
export const stickerPack = pgTable(
  'sticker_pack',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    rawId: text('raw_id').notNull(),
    cleanId: text('clean_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.rawId] })],
)
