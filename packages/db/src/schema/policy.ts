import type { NewSuspension, Release } from '@drawbridge/contract'
import { bigint, boolean, jsonb, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './account.ts'
import { unit } from './unit.ts'

type SuspensionMode = NewSuspension['mode']

/** What clients may be used: each rule as one document, which `packages/policy` checks. */
export const clientRule = pgTable('client_rule', {
  id: uuid('id').primaryKey(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  rule: jsonb('rule').$type<unknown>().notNull(),
  ceiling: text('ceiling'),
  ceilingReason: text('ceiling_reason'),
  confirmedAt: instant('confirmed_at'),
  confirmedBy: text('confirmed_by'),
  isFinal: boolean('is_final').notNull(),
  isGuarded: boolean('is_guarded').notNull().default(true),
  withdrawnAt: instant('withdrawn_at'),
  simulation: jsonb('simulation').$type<unknown>(),
})

/** Whom client rules that block have kept out, on all nodes. */
export const clientRuleHit = pgTable(
  'client_rule_hit',
  {
    ruleId: uuid('rule_id')
      .notNull()
      .references(() => clientRule.id, { onDelete: 'cascade' }),
    localpart: text('localpart').notNull(),
    firstAt: instant('first_at').notNull(),
    lastAt: instant('last_at').notNull(),
    isBreakGlass: boolean('is_break_glass').notNull().default(false),
    hasReturned: boolean('has_returned').notNull().default(false),
  },
  (t) => [primaryKey({ columns: [t.ruleId, t.localpart] })],
)

/** Whom client rules leave alone for a while. */
export const clientException = pgTable('client_exception', {
  id: uuid('id').primaryKey(),
  ruleId: uuid('rule_id').references(() => clientRule.id, { onDelete: 'cascade' }),
  conditions: jsonb('conditions').$type<unknown>().notNull(),
  reason: text('reason').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  approvedBy: text('approved_by'),
  untilAt: instant('until_at').notNull(),
  remindedAt: instant('reminded_at'),
})

/** Suspensions, planned and ended ones included. */
export const suspension = pgTable('suspension', {
  id: uuid('id').primaryKey(),
  scopes: text('scopes').array().notNull(),
  mode: text('mode').$type<SuspensionMode>().notNull(),
  reason: text('reason').notNull(),
  reasons: jsonb('reasons').$type<Readonly<Record<string, string>>>().notNull().default({}),
  internalReason: text('internal_reason').notNull().default(''),
  isScheduled: boolean('is_scheduled').notNull().default(false),
  isDrill: boolean('is_drill').notNull().default(false),
  isEmergency: boolean('is_emergency').notNull().default(false),
  exemptions: jsonb('exemptions').$type<unknown>().notNull().default({}),
  sinceAt: instant('since_at').notNull().defaultNow(),
  untilAt: instant('until_at'),
  reviewAt: instant('review_at'),
  wantedUntilAt: instant('wanted_until_at'),
  startedBy: text('started_by').notNull(),
  approvedBy: text('approved_by').array().notNull().default([]),
  playbookId: uuid('playbook_id'),
  alerted: text('alerted').array().notNull().default([]),
  endedAt: instant('ended_at'),
  endedBy: text('ended_by'),
  reviewDueAt: instant('review_due_at'),
  reviewedAt: instant('reviewed_at'),
  reviewedBy: text('reviewed_by'),
  reviewNote: text('review_note'),
  release: text('release').$type<Release>(),
  released: bigint('released', { mode: 'number' }).notNull().default(0),
  discarded: bigint('discarded', { mode: 'number' }).notNull().default(0),
  measured: jsonb('measured').$type<unknown>().notNull().default({}),
  exemptionUses: jsonb('exemption_uses').$type<Readonly<Record<string, number>>>().notNull().default({}),
  actedAlone: text('acted_alone').array().notNull().default([]),
  isLarge: boolean('is_large').notNull().default(false),
  endingId: uuid('ending_id'),
  endingBy: text('ending_by'),
  endingAt: instant('ending_at'),
})

/** What one person asked for and another has to agree to. */
export const approvalRequest = pgTable('approval_request', {
  id: uuid('id').primaryKey(),
  action: text('action').notNull(),
  target: text('target').notNull(),
  payload: jsonb('payload').$type<unknown>().notNull(),
  requestedBy: text('requested_by').notNull(),
  requestedAt: instant('requested_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  decidedBy: text('decided_by'),
  decidedAt: instant('decided_at'),
  outcome: text('outcome').$type<'approved' | 'refused'>(),
})

/** Tokens on paper that were used, on whatever node: each works once. */
export const offlineTokenUse = pgTable('offline_token_use', {
  nonce: text('nonce').primaryKey(),
  scope: text('scope').$type<'cut' | 'end'>().notNull(),
  usedBy: text('used_by').notNull(),
  usedAt: instant('used_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** Scopes, rules and texts that are started in one action: each as one document, which `packages/contract` checks. */
export const playbook = pgTable('playbook', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull().unique(),
  playbook: jsonb('playbook').$type<unknown>().notNull(),
  changedBy: text('changed_by').notNull(),
  changedAt: instant('changed_at').notNull(),
})

/** What may pass as media: of the service where there is no unit, else what the unit says otherwise. */
export const mediaPolicy = pgTable('media_policy', {
  id: uuid('id').primaryKey(),
  unitId: uuid('unit_id')
    .unique()
    .references(() => unit.id, { onDelete: 'cascade' }),
  policy: jsonb('policy').$type<unknown>().notNull(),
  changedBy: text('changed_by').notNull(),
  changedAt: instant('changed_at').notNull(),
})

/** One row: raised by every change of client rules, suspensions or media policies. */
export const policyEpoch = pgTable('policy_epoch', {
  singleton: boolean('singleton').primaryKey().default(true),
  epoch: bigint('epoch', { mode: 'number' }).notNull(),
  at: instant('at').notNull().defaultNow(),
})

/** Who did what, hash-chained. A trigger refuses to change or remove rows. */
export const audit = pgTable('audit', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  // As fine as what is hashed, and no finer.
  at: timestamp('at', { withTimezone: true, mode: 'date', precision: 3 }).notNull(),
  actor: text('actor').notNull(),
  action: text('action').notNull(),
  target: text('target').notNull(),
  detail: jsonb('detail').$type<Record<string, unknown>>().notNull(),
  prevHash: bytea('prev_hash').notNull(),
  hash: bytea('hash').notNull(),
})

/** The server's signatures on the end of the audit log. A trigger refuses to change or remove them. */
export const auditCheckpoint = pgTable('audit_checkpoint', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  hash: bytea('hash').notNull(),
  at: timestamp('at', { withTimezone: true, mode: 'date', precision: 3 }).notNull(),
  keyId: text('key_id').notNull(),
  signature: bytea('signature').notNull(),
})

/** The newest audit row. */
export const auditHead = pgTable('audit_head', {
  singleton: boolean('singleton').primaryKey().default(true),
  seq: bigint('seq', { mode: 'number' }).notNull(),
  hash: bytea('hash').notNull(),
})

/** Settings changed at run time. */
export const setting = pgTable('setting', {
  key: text('key').primaryKey(),
  value: jsonb('value').$type<unknown>().notNull(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
})
