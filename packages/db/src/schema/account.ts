import type { Role } from '@drawbridge/contract'
import { bigint, boolean, customType, pgTable, primaryKey, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Bytes as they are. */
export const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })

/** An instant with time zone, as Date (milliseconds). */
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

/** Who can log in. */
export const account = pgTable('account', {
  id: uuid('id').primaryKey(),
  localpart: text('localpart').notNull().unique(),
  displayName: text('display_name'),
  isAdmin: boolean('is_admin').notNull().default(false),
  isBreakGlass: boolean('is_break_glass').notNull().default(false),
  isDisabled: boolean('is_disabled').notNull().default(false),
  roles: text('roles').array().$type<Exclude<Role, 'administrator'>[]>().notNull().default([]),
  administers: text('administers').array().notNull().default([]),
  rosterVersion: bigint('roster_version', { mode: 'number' }).notNull().default(0),
  tokensValidFrom: instant('tokens_valid_from'),
  createdAt: instant('created_at').notNull().defaultNow(),
  signedInAt: instant('signed_in_at'),
  /** Set by a trigger when what it may do changes. */
  rightsSince: instant('rights_since').notNull().defaultNow(),
})

const owner = () =>
  uuid('account_id')
    .notNull()
    .references(() => account.id, { onDelete: 'cascade' })

/** Password verifiers, sealed by the caller. */
export const credential = pgTable(
  'credential',
  {
    accountId: owner(),
    mechanism: text('mechanism').notNull(),
    sealed: bytea('sealed').notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.mechanism] })],
)

/** States of a roster item (RFC 6121 §2.1.2.5); `remove` is a removed item kept for roster versioning. */
export type Subscription = 'none' | 'to' | 'from' | 'both' | 'remove'

/** Contacts (RFC 6121 §2). */
export const rosterItem = pgTable(
  'roster_item',
  {
    accountId: owner(),
    jid: text('jid').notNull(),
    name: text('name'),
    groups: text('groups').array().notNull().default([]),
    subscription: text('subscription').$type<Subscription>().notNull().default('none'),
    isAsk: boolean('is_ask').notNull().default(false),
    isApproved: boolean('is_approved').notNull().default(false),
    version: bigint('version', { mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.jid] })],
)

/** Inbound subscription requests that wait for an answer (RFC 6121 §3.1.3). */
export const presenceRequest = pgTable(
  'presence_request',
  {
    accountId: owner(),
    jid: text('jid').notNull(),
    stanza: text('stanza').notNull(),
    receivedAt: instant('received_at').notNull().defaultNow(),
    filterVersion: smallint('filter_version').notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.jid] })],
)

/** Blocked addresses (XEP-0191). */
export const blockItem = pgTable(
  'block_item',
  { accountId: owner(), jid: text('jid').notNull(), createdAt: instant('created_at').notNull().defaultNow() },
  (t) => [primaryKey({ columns: [t.accountId, t.jid] })],
)

/** Private XML storage (XEP-0049). */
export const privateXml = pgTable(
  'private_xml',
  {
    accountId: owner(),
    xmlns: text('xmlns').notNull(),
    name: text('name').notNull(),
    element: text('element').notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.xmlns, t.name] })],
)

/** vcard-temp (XEP-0054). */
export const vcard = pgTable('vcard', {
  accountId: owner().primaryKey(),
  element: text('element').notNull(),
  photoSha1: text('photo_sha1'),
  filterVersion: smallint('filter_version').notNull().default(0),
  updatedAt: instant('updated_at').notNull().defaultNow(),
})
