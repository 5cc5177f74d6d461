import {
  boolean,
  doublePrecision,
  foreignKey,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, instant } from './account.ts'

/** Affiliations that are kept (XEP-0045 §5.2); whoever has none has no row. */
export type StoredAffiliation = 'owner' | 'admin' | 'member' | 'outcast'

/** Rooms (XEP-0045). `config` is read and checked by the server. */
export const room = pgTable('room', {
  id: uuid('id').primaryKey(),
  localpart: text('localpart').notNull().unique(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull(),
  config: jsonb('config').$type<unknown>().notNull(),
  secret: bytea('secret').notNull(),
  vcard: text('vcard'),
  isLocked: boolean('is_locked').notNull().default(false),
  photoSha1s: text('photo_sha1s').array().notNull().default([]),
  vcardFilterVersion: smallint('vcard_filter_version').notNull().default(0),
  affiliationVersion: integer('affiliation_version').notNull().default(0),
  affiliationEpoch: integer('affiliation_epoch').notNull().default(0),
})

const roomId = () =>
  uuid('room_id')
    .notNull()
    .references(() => room.id, { onDelete: 'cascade' })

/** Affiliations with a room, and the nicks reserved there. */
export const roomAffiliation = pgTable(
  'room_affiliation',
  {
    roomId: roomId(),
    jid: text('jid').notNull(),
    affiliation: text('affiliation').$type<StoredAffiliation>().notNull(),
    nick: text('nick'),
    nickKey: text('nick_key'),
    reason: text('reason'),
  },
  (t) => [primaryKey({ columns: [t.roomId, t.jid] }), unique().on(t.roomId, t.nickKey)],
)

/** The latest change of each JID in the lists of a room (XEP-0463). */
export const roomAffiliationChange = pgTable(
  'room_affiliation_change',
  {
    roomId: roomId(),
    jid: text('jid').notNull(),
    version: integer('version').notNull(),
    unlistedAt: integer('unlisted_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.roomId, t.jid] })],
)

/** Invitations that are not answered yet, by bare JIDs (XEP-0045 §7.8.2). */
export const roomInvitation = pgTable(
  'room_invitation',
  {
    roomId: roomId(),
    invitee: text('invitee').notNull(),
    inviter: text('inviter').notNull(),
    invitedAt: instant('invited_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.roomId, t.invitee, t.inviter] })],
)

/** The hats of a room (XEP-0317). */
export const roomHatKind = pgTable(
  'room_hat_kind',
  {
    roomId: roomId(),
    uri: text('uri').notNull(),
    title: text('title').notNull(),
    hue: doublePrecision('hue'),
  },
  (t) => [primaryKey({ columns: [t.roomId, t.uri] })],
)

/** Who wears which. */
export const roomHat = pgTable(
  'room_hat',
  { roomId: roomId(), jid: text('jid').notNull(), uri: text('uri').notNull() },
  (t) => [
    primaryKey({ columns: [t.roomId, t.jid, t.uri] }),
    foreignKey({ columns: [t.roomId, t.uri], foreignColumns: [roomHatKind.roomId, roomHatKind.uri] }).onDelete(
      'cascade',
    ),
  ],
)
