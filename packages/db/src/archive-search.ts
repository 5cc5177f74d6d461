import { hash } from 'node:crypto'
import { sql, type SQL } from 'drizzle-orm'
import type { Db } from './database.ts'

// Full-text search (XEP-0431). A message's words are written right after its commit, off the writer's lanes: making them
// costs more than the commit. Every archive that may hold the message is one more word, so that the index narrows a
// search to one archive; whether the archive does hold it is asked of the archive.

/** Text search configurations of PostgreSQL by language (BCP 47, first subtag). Any other is searched without stems. */
const CONFIGURATIONS: Readonly<Record<string, string>> = {
  ar: 'arabic',
  da: 'danish',
  de: 'german',
  el: 'greek',
  en: 'english',
  es: 'spanish',
  fi: 'finnish',
  fr: 'french',
  hu: 'hungarian',
  it: 'italian',
  nb: 'norwegian',
  nl: 'dutch',
  no: 'norwegian',
  pt: 'portuguese',
  ro: 'romanian',
  ru: 'russian',
  sv: 'swedish',
  tr: 'turkish',
}

/** What is looked for: the words as a user types them, folded as the texts are, and their language, if known. */
export interface TextQuery {
  readonly words: string
  readonly language: string | undefined
}

/** The configuration for a language. */
export const configurationOf = (language: string | undefined): string =>
  CONFIGURATIONS[language?.split('-', 1)[0]?.toLowerCase() ?? ''] ?? 'simple'

/** The word that stands for an archive. No text has it: no word of a text begins with `@`. */
export function ownerLexeme(owner: string): string {
  return `@${hash('sha256', owner).slice(0, 24)}`
}

/** Messages of an archive that a text query finds: `"a phrase"`, `this or that`, `-without`. */
export function matching(owner: string, { words, language }: TextQuery): SQL {
  const query = sql`(websearch_to_tsquery('simple', ${words}) || websearch_to_tsquery(${configurationOf(language)}::regconfig, ${words}))`
  // A query without words would find everything.
  return sql`(select message_id from message_text
    where numnode(${query}) > 0 and words @@ (${`'${ownerLexeme(owner)}'`}::tsquery && ${query}))`
}

/**
 * Makes the words of at most `limit` messages that were committed since. Call it until it returns 0. Several may do so at
 * once, and then wait for each other: when it has returned less than `limit`, nothing waits that was committed before.
 *
 * @returns how many texts were taken.
 */
export async function indexTexts(db: Db, limit: number): Promise<number> {
  // A message that was deleted meanwhile gets no words.
  const { rows } = await db.execute<{ taken: number }>(sql`
    with q as (
      delete from message_text_queue where ctid = any(array(
        select ctid from message_text_queue limit ${limit} for update
      )) returning *
    ), w as (
      insert into message_text (message_id, words)
      select q.message_id, array_to_tsvector(string_to_array(q.owners, ' ')) || to_tsvector('simple', q.text) ||
        case when q.configuration = 'simple'::regconfig then '' else to_tsvector(q.configuration, q.text) end
      from q join message m on m.id = q.message_id
      on conflict do nothing
    )
    select count(*)::int as taken from q`)
  return rows[0]!.taken
}
