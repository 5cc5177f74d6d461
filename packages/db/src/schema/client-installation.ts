import { bigint, boolean, date, integer, jsonb, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { account, bytea, instant } from './account.ts'

/** Clients of an account, by the id of their SASL2 user agent (XEP-0388). */
export const clientInstallation = pgTable(
  'client_installation',
  {
    id: uuid('id').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    userAgentId: text('user_agent_id').notNull(),
    software: text('software'),
    device: text('device'),
    knowsPassword: boolean('knows_password').notNull().default(false),
    hasGrant: boolean('has_grant').notNull().default(false),
    firstSeenAt: instant('first_seen_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
  },
  (t) => [unique().on(t.accountId, t.userAgentId)],
)

/** FAST tokens (XEP-0484), sealed by the caller. */
export const fastToken = pgTable('fast_token', {
  id: uuid('id').primaryKey(),
  clientId: uuid('client_id')
    .notNull()
    .references(() => clientInstallation.id, { onDelete: 'cascade' }),
  mechanism: text('mechanism').notNull(),
  sealed: bytea('sealed').notNull(),
  count: bigint('count', { mode: 'number' }).notNull().default(0),
  issuedAt: instant('issued_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
  grantEndsAt: instant('grant_ends_at'),
})

/** Who accounts are at OpenID Connect issuers. */
export const accountIdentity = pgTable(
  'account_identity',
  {
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    linkedAt: instant('linked_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.issuer, t.subject] }), unique().on(t.accountId, t.issuer)],
)

/** Which clients people use, as far as they have said. */
export const clientSighting = pgTable(
  'client_sighting',
  {
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    clientKey: bytea('client_key').notNull(),
    family: text('family'),
    version: text('version'),
    identity: jsonb('identity').$type<unknown>().notNull(),
    address: text('address'),
    firstSeenAt: instant('first_seen_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
    node: text('node').notNull().default(''),
    unknownBecause: text('unknown_because'),
    refusedAt: instant('refused_at'),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.clientKey] })],
)

/** Who is counted in `client_day`: kept until nobody writes that day any more. */
export const clientDayAccount = pgTable(
  'client_day_account',
  {
    day: date('day').notNull(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    family: text('family').notNull(),
    version: text('version').notNull(),
  },
  (t) => [primaryKey({ columns: [t.day, t.accountId, t.family, t.version] })],
)

/** How many people used each version on each day. */
export const clientDay = pgTable(
  'client_day',
  {
    day: date('day', { mode: 'string' }).notNull(),
    family: text('family').notNull(),
    version: text('version').notNull(),
    people: integer('people').notNull(),
  },
  (table) => [primaryKey({ columns: [table.day, table.family, table.version] })],
)
