import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Db } from './database.ts'
import type { RenewalCursor } from './image-renewal.ts'

/** Where stanzas, items and other elements are stored that may hold an image or describe one. */
interface ImageText {
  readonly table: string
  /** Its primary key, in order, with the types of its columns. */
  readonly key: Readonly<Record<string, 'uuid' | 'text'>>
  /** The column with the element. */
  readonly text: string
  /** What its elements hold that an image is renewed in: any of them. */
  readonly marks: readonly string[]
  /** Which of the rows, where others of the table are of another kind. */
  readonly only?: SQL
}

const IN_STANZA = 'urn:xmpp:bob'
const DESCRIBED = 'urn:xmpp:hashes:2'

const items = (marks: readonly string[], only: SQL) =>
  ({
    table: 'pep_item',
    key: { account_id: 'uuid', node: 'text', item_id: 'text' },
    text: 'payload',
    marks,
    only,
  }) as const

export const IMAGE_TEXTS = {
  messages: {
    table: 'message',
    key: { id: 'uuid' },
    text: 'stanza',
    marks: [IN_STANZA, DESCRIBED, 'urn:xmpp:stickers:0'],
  },
  // What an item of these three is called follows from its images.
  avatarData: items(['<data'], sql`node = 'urn:xmpp:avatar:data'`),
  avatarMetadata: items(['<info'], sql`node = 'urn:xmpp:avatar:metadata'`),
  packs: items([DESCRIBED], sql`node = 'urn:xmpp:stickers:0'`),
  items: items(
    [IN_STANZA, DESCRIBED],
    sql`node not in ('urn:xmpp:avatar:data', 'urn:xmpp:avatar:metadata', 'urn:xmpp:stickers:0')`,
  ),
  vcards: { table: 'vcard', key: { account_id: 'uuid' }, text: 'element', marks: ['BINVAL'] },
  requests: {
    table: 'presence_request',
    key: { account_id: 'uuid', jid: 'text' },
    text: 'stanza',
    marks: [IN_STANZA, 'vcard-temp:x:update'],
  },
  private: {
    table: 'private_xml',
    key: { account_id: 'uuid', xmlns: 'text', name: 'text' },
    text: 'element',
    marks: [IN_STANZA, DESCRIBED],
  },
} as const satisfies Readonly<Record<string, ImageText>>

export type ImageTextName = keyof typeof IMAGE_TEXTS

/** One of them, by its key. */
export interface StoredText {
  readonly key: RenewalCursor
  readonly text: string
}

/** Rows that are looked at by one statement, and at most fetched. */
const PAGE = 250

/** What may hold an image among the next rows after a key, and the key of the last of them; none: there are no more. */
export async function listImageTexts(
  db: Db,
  name: ImageTextName,
  after: RenewalCursor,
): Promise<{ readonly found: readonly StoredText[]; readonly last: RenewalCursor | undefined }> {
  const { table, key, text, marks, only = sql`true` }: ImageText = IMAGE_TEXTS[name]
  const columns = Object.keys(key).map((column) => sql.identifier(column))
  const start = Object.values(key).map((type, at) => sql`${after[at]}::${sql.raw(type)}`)
  const list = sql.join(columns, sql`, `)
  const isAfter = after.length === 0 ? sql`true` : sql`(${list}) > (${sql.join(start, sql`, `)})`
  const asText = sql.join(
    columns.map((column) => sql`${column}::text`),
    sql`, `,
  )
  const patterns = marks.map((mark) => `%${mark}%`)
  const { rows } = await db.execute<{ key: string[]; text: string | null }>(sql`
    select array[${asText}] as key,
      case when ${sql.identifier(text)} like any(${sql.param(patterns)}::text[]) and ${only} then ${sql.identifier(text)} end as text
    from ${sql.identifier(table)} where ${isAfter} order by ${list} limit ${PAGE}`)
  const found = rows.flatMap(({ key: at, text: stored }) => (stored === null ? [] : [{ key: at, text: stored }]))
  return { found, last: rows.at(-1)?.key }
}

/**
 * Replaces an element, unless it is another one by now. What is stored with it stays, unless said otherwise.
 *
 * @param more - further columns of the table.
 */
export async function replaceImageText(
  db: Db,
  name: ImageTextName,
  { key, text }: StoredText,
  renewed: string,
  more: Readonly<Record<string, string | null>> = {},
): Promise<boolean> {
  const { table, key: types, text: column }: ImageText = IMAGE_TEXTS[name]
  const isRow = Object.entries(types).map(
    ([part, type], at) => sql`${sql.identifier(part)} = ${key[at]}::${sql.raw(type)}`,
  )
  const set = Object.entries({ [column]: renewed, ...more }).map(([to, value]) => sql`${sql.identifier(to)} = ${value}`)
  const { rowCount } = await db.execute(sql`
    update ${sql.identifier(table)} set ${sql.join(set, sql`, `)}
    where ${sql.join(isRow, sql` and `)} and ${sql.identifier(column)} = ${text}`)
  return rowCount === 1
}
