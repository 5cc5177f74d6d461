import type { FileClass, ImageFeature } from '@drawbridge/contract'
import { bigint, boolean, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { account, bytea, instant } from './account.ts'

/** Life of an upload: slot given, bytes in quarantine, then clean or refused. */
export type UploadState = 'slot' | 'quarantined' | 'clean' | 'refused'

/** A clean file in the store, by its content, and when somebody last said that it is wanted. */
export const blob = pgTable('blob', {
  sha256: bytea('sha256').primaryKey(),
  claimedAt: instant('claimed_at').notNull().defaultNow(),
})

/** Files on their way from a sender to everybody (XEP-0363). */
export const upload = pgTable('upload', {
  id: uuid('id').primaryKey(),
  /** Whose it is, or was: the account may be gone. Null: it went when that was not kept. */
  accountId: uuid('account_id'),
  filename: text('filename').notNull(),
  declaredBytes: bigint('declared_bytes', { mode: 'number' }).notNull(),
  declaredType: text('declared_type').notNull(),
  tokenHash: bytea('token_hash').notNull(),
  state: text('state').$type<UploadState>().notNull().default('slot'),
  reason: text('reason'),
  cleanSha256: bytea('clean_sha256').references(() => blob.sha256),
  cleanBytes: bigint('clean_bytes', { mode: 'number' }),
  /** Of earlier files, before images were made anew. */
  formerSha256: bytea('former_sha256').array().notNull().default([]),
  cleanType: text('clean_type'),
  widthPx: integer('width_px'),
  heightPx: integer('height_px'),
  putAt: instant('put_at'),
  placeholder: text('placeholder'),
  dominantColor: text('dominant_color'),
  profileVersion: text('profile_version'),
  decoder: text('decoder'),
  encoder: text('encoder'),
  fileClasses: text('file_classes').array().$type<readonly FileClass[]>(),
  sourceFeatures: text('source_features').array().$type<readonly ImageFeature[]>(),
  isAnimationDropped: boolean('is_animation_dropped'),
  frames: integer('frames'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
})

/** Smaller files made together with an upload's clean one: thumbnails (XEP-0264). */
export const uploadDerivative = pgTable('upload_derivative', {
  id: uuid('id').primaryKey(),
  uploadId: uuid('upload_id')
    .notNull()
    .references(() => upload.id, { onDelete: 'cascade' }),
  maxSidePx: integer('max_side_px').notNull(),
  sha256: bytea('sha256')
    .notNull()
    .references(() => blob.sha256),
  bytes: bigint('bytes', { mode: 'number' }).notNull(),
  type: text('type').notNull(),
  widthPx: integer('width_px').notNull(),
  heightPx: integer('height_px').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})

/** Images on other hosts that an account linked to, and what they became. */
export const fetchedImage = pgTable(
  'fetched_image',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    urlSha256: bytea('url_sha256').notNull(),
    uploadId: uuid('upload_id')
      .notNull()
      .references(() => upload.id, { onDelete: 'cascade' }),
    fetchedAt: instant('fetched_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.urlSha256] })],
)

/** Files over which decoders, or the sanitizer, died. */
export const imageFailure = pgTable(
  'image_failure',
  {
    rawSha256: bytea('raw_sha256').notNull(),
    profile: text('profile').notNull(),
    policyVersion: text('policy_version'),
    strikes: integer('strikes').notNull().default(0),
    isFinal: boolean('is_final').notNull().default(false),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.rawSha256, table.profile] })],
)

/** Times that images were made anew. */
export const imageRenewal = pgTable('image_renewal', {
  id: uuid('id').primaryKey(),
  isEverything: boolean('is_everything').notNull(),
  startedBy: text('started_by').notNull(),
  startedAt: instant('started_at').notNull(),
  store: text('store').notNull().default('uploads'),
  after: text('after').array(),
  total: integer('total').notNull(),
  renewed: integer('renewed').notNull().default(0),
  kept: integer('kept').notNull().default(0),
  failed: integer('failed').notNull().default(0),
  endedAt: instant('ended_at'),
  outcome: text('outcome').$type<'done' | 'stopped'>(),
})
