import type { NewSuspension } from '@drawbridge/contract'
import { bigint, boolean, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './account.ts'
import { unit } from './unit.ts'

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
  simulation: jsonb('simulation').$type<unknown>(),
})

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
})

/** Suspensions, ended ones included. */
export const suspension = pgTable('suspension', {
  id: uuid('id').primaryKey(),
  scope: text('scope').$type<NewSuspension['scope']>().notNull(),
  mode: text('mode').$type<NewSuspension['mode']>().notNull(),
  reason: text('reason').notNull(),
  sinceAt: instant('since_at').notNull().defaultNow(),
  untilAt: instant('until_at'),
  startedBy: text('started_by').notNull(),
  endedAt: instant('ended_at'),
  endedBy: text('ended_by'),
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
