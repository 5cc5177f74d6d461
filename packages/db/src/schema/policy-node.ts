import { bigint, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './account.ts'

/** Server processes, one row per start. */
export const policyNode = pgTable('policy_node', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  startedAt: instant('started_at').notNull().defaultNow(),
  seenAt: instant('seen_at').notNull().defaultNow(),
  leaseMs: integer('lease_ms').notNull(),
  epoch: bigint('epoch', { mode: 'number' }).notNull(),
  stoppedAt: instant('stopped_at'),
  activePeople: integer('active_people').notNull().default(0),
  signInP95Ms: integer('sign_in_p95_ms'),
  pageRequests: integer('page_requests').notNull().default(0),
  pageErrors: integer('page_errors').notNull().default(0),
})

/** When each policy epoch was committed; a trigger writes it. */
export const policyChange = pgTable('policy_change', {
  epoch: bigint('epoch', { mode: 'number' }).primaryKey(),
  committedAt: instant('committed_at').notNull(),
})

/** Which node applied which epoch when. */
export const policyApplication = pgTable(
  'policy_application',
  {
    nodeId: uuid('node_id')
      .notNull()
      .references(() => policyNode.id, { onDelete: 'cascade' }),
    epoch: bigint('epoch', { mode: 'number' })
      .notNull()
      .references(() => policyChange.epoch, { onDelete: 'cascade' }),
    appliedAt: instant('applied_at').notNull(),
    disconnected: integer('disconnected').notNull(),
    notified: integer('notified').notNull(),
    lapsedAt: instant('lapsed_at'),
  },
  (t) => [primaryKey({ columns: [t.epoch, t.nodeId] })],
)

/** What each epoch changed: rows of the audit log; a trigger writes it. */
export const policyChangeEntry = pgTable(
  'policy_change_entry',
  {
    epoch: bigint('epoch', { mode: 'number' })
      .notNull()
      .references(() => policyChange.epoch, { onDelete: 'cascade' }),
    auditSeq: bigint('audit_seq', { mode: 'number' }).notNull(),
    target: text('target').notNull(),
  },
  (t) => [primaryKey({ columns: [t.epoch, t.auditSeq] })],
)
