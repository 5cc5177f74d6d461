import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import type { ReferenceKind } from '../archive-entry.ts'
import { account, bytea, instant } from './account.ts'

/** Whether the owner of an archive sent or received a message. */
export type Direction = 'in' | 'out'

/** One archive that gets a message. */
export interface ArchiveTarget {
  /** Bare JID of the archive. */
  readonly owner: string
  /** The other side: a bare JID, or a full one when the stanza named a resource. */
  readonly peer: string
  readonly direction: Direction
}

const regconfig = customType<{ data: string }>({ dataType: () => 'regconfig' })
const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })

/** Bodies of messages, each once. */
export const message = pgTable('message', {
  id: uuid('id').primaryKey(),
  stanza: text('stanza').notNull(),
  sentAt: instant('sent_at').notNull(),
  author: text('author'),
  clientKey: bigint('client_key', { mode: 'bigint' }),
  filterVersion: smallint('filter_version').notNull().default(0),
  /** It says the subject of a room. */
  isSubject: boolean('is_subject'),
})

/** Which message is about which. */
export const messageReference = pgTable(
  'message_reference',
  {
    messageId: uuid('message_id').notNull(),
    kind: text('kind').$type<ReferenceKind>().notNull(),
    targetId: uuid('target_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.messageId, t.kind] })],
)

/** What full-text search finds messages by. */
export const messageText = pgTable('message_text', {
  messageId: uuid('message_id').primaryKey(),
  words: tsvector('words').notNull(),
})

/** Texts that are not in `message_text` yet. */
export const messageTextQueue = pgTable('message_text_queue', {
  messageId: uuid('message_id').notNull(),
  owners: text('owners').notNull(),
  configuration: regconfig('configuration').notNull(),
  text: text('text').notNull(),
})

/** Who has which message, at which position. */
export const archive = pgTable(
  'archive',
  {
    owner: text('owner').notNull(),
    position: bigint('position', { mode: 'number' }).notNull(),
    messageId: uuid('message_id').notNull(),
    peer: text('peer').notNull(),
    resource: text('resource'),
    direction: text('direction').$type<Direction>().notNull(),
    sentAt: instant('sent_at').notNull(),
    /** No device has had it, though the owner's cursor is past it. */
    isPassedOver: boolean('is_passed_over'),
  },
  (t) => [primaryKey({ columns: [t.owner, t.position] }), unique().on(t.messageId, t.owner)],
)

/** Counters of an archive. */
export const archiveOwner = pgTable('archive_owner', {
  owner: text('owner').primaryKey(),
  lastPosition: bigint('last_position', { mode: 'number' }).notNull().default(0),
  offlinePosition: bigint('offline_position', { mode: 'number' }).notNull().default(0),
})

/** Messages that a suspension keeps from their recipients. */
export const heldMessage = pgTable(
  'held_message',
  {
    suspensionId: uuid('suspension_id').notNull(),
    position: bigint('position', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    messageId: uuid('message_id').notNull().unique(),
    recipients: jsonb('recipients').$type<readonly ArchiveTarget[]>().notNull(),
    facts: jsonb('facts').$type<unknown>(),
    /** Ids of the accounts that it is between, and of its room. Empty: accepted by a version that kept names only. */
    parties: uuid('parties').array().notNull().default([]),
    /** The first suspension that had it, where that is another one. */
    handedOverBy: uuid('handed_over_by'),
    /** Bare JID. */
    sender: text('sender').generatedAlwaysAs(
      sql`split_part(coalesce(facts ->> 'from', recipients -> 0 ->> 'peer', ''), '/', 1)`,
    ),
  },
  (t) => [primaryKey({ columns: [t.suspensionId, t.position] })],
)

/** What has left hold queues just now. */
export const releasedBatch = pgTable('released_batch', {
  position: bigint('position', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  nodeId: uuid('node_id').notNull(),
  messages: jsonb('messages').$type<readonly { readonly id: string; readonly archives: ReleasedTo }[]>().notNull(),
  at: instant('at').notNull().defaultNow(),
})

/** Archives that a held message has entered, and where. */
export type ReleasedTo = readonly (ArchiveTarget & { readonly position: number })[]

/** What was committed already. */
export const dedup = pgTable('dedup', {
  key: bytea('key').primaryKey(),
  messageId: uuid('message_id').notNull(),
  at: instant('at').notNull().defaultNow(),
})

/** How far streams that can be resumed were handled (XEP-0198). */
export const smSession = pgTable('sm_session', {
  id: text('id').primaryKey(),
  accountId: uuid('account_id')
    .notNull()
    .references(() => account.id, { onDelete: 'cascade' }),
  inboundH: bigint('inbound_h', { mode: 'number' }).notNull().default(0),
  updatedAt: instant('updated_at').notNull().defaultNow(),
})

/** Work that must follow a commit. */
export const outbox = pgTable('outbox', {
  id: uuid('id').primaryKey(),
  kind: text('kind').notNull(),
  payload: jsonb('payload').$type<unknown>().notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  doneAt: instant('done_at'),
})
