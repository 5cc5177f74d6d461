import { bigint, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './account.ts'

/** What came of a file whose bytes are sealed. */
export type EvidenceOutcome = 'clean' | 'not-an-image' | 'refused'

/** Senders' files, sealed; the bytes are in the store. */
export const evidence = pgTable('evidence', {
  id: uuid('id').primaryKey(),
  sender: text('sender').notNull(),
  filename: text('filename').notNull(),
  declaredType: text('declared_type').notNull(),
  rawSha256: bytea('raw_sha256').notNull(),
  rawBytes: bigint('raw_bytes', { mode: 'number' }).notNull(),
  outcome: text('outcome').$type<EvidenceOutcome>().notNull(),
  reason: text('reason'),
  sealedAt: instant('sealed_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
})

/** A wish to see sealed evidence, and who else agreed. */
export const evidenceRelease = pgTable('evidence_release', {
  id: uuid('id').primaryKey(),
  evidenceId: uuid('evidence_id')
    .notNull()
    .references(() => evidence.id, { onDelete: 'cascade' }),
  reason: text('reason').notNull(),
  requestedBy: text('requested_by').notNull(),
  requestedAt: instant('requested_at').notNull().defaultNow(),
  approvedBy: text('approved_by'),
  approvedAt: instant('approved_at'),
  expiresAt: instant('expires_at').notNull(),
  exportedAt: instant('exported_at'),
})
