import type { TrafficKind } from '@drawbridge/contract'
import { bigint, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from './account.ts'

const count = (name: string) => bigint(name, { mode: 'number' }).notNull()
/** Counted later than the first ones. */
const later = (name: string) => count(name).default(0)

/** What was sent, by the hour and by whom or what. */
export const traffic = pgTable(
  'traffic',
  {
    hour: instant('hour').notNull(),
    kind: text('kind').$type<TrafficKind>().notNull(),
    /** Id of an account, a unit or a room; a domain, a format; empty for the service. */
    subject: text('subject').notNull(),
    messages: count('messages'),
    bytes: count('bytes'),
    files: count('files'),
    images: count('images'),
    uploads: later('uploads'),
    uploadBytes: later('upload_bytes'),
    imageUploads: later('image_uploads'),
    imageUploadBytes: later('image_upload_bytes'),
    downloads: later('downloads'),
    downloadBytes: later('download_bytes'),
    imageDownloads: later('image_downloads'),
    imageDownloadBytes: later('image_download_bytes'),
    calls: later('calls'),
  },
  (t) => [primaryKey({ columns: [t.hour, t.kind, t.subject] })],
)

/** What a subject was called that is known by an id. */
export const trafficName = pgTable(
  'traffic_name',
  {
    kind: text('kind').$type<TrafficKind>().notNull(),
    subject: text('subject').notNull(),
    name: text('name').notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.subject] })],
)

/** The last batch that each of those who count wrote. */
export const countedBatch = pgTable('counted_batch', {
  writer: uuid('writer').primaryKey(),
  number: bigint('number', { mode: 'number' }).notNull(),
  writtenAt: instant('written_at').notNull(),
})
