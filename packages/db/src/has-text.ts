import { or, sql } from 'drizzle-orm'
import type { AnyColumn, SQL } from 'drizzle-orm'

/** Whether one of these columns has a text in it, in whatever case; not a pattern: what is typed means itself. */
export function hasText(text: string, ...columns: readonly AnyColumn[]): SQL | undefined {
  return or(...columns.map((column) => sql`strpos(lower(${column}), lower(${text})) > 0`))
}
