import type { AdminRouteId, ResponseOf } from '@drawbridge/contract'
import type { AdminCall, AdminClient } from './admin-client.ts'
import { UsageError } from './command.ts'

/** Rows that are asked for at once: as many as a page may have. */
const PAGE = 500

type RowOf<Id extends AdminRouteId, Key> = Key extends keyof ResponseOf<Id>
  ? ResponseOf<Id>[Key] extends readonly (infer Row)[]
    ? Row
    : never
  : never

/** Options of a command whose list may be long. */
export const SOME = { limit: { type: 'string' }, all: { type: 'boolean' } } as const
export const SOME_USAGE = '[--limit N|--all]'
/** Rows of such a list where nobody says how many. */
const DEFAULT_LIMIT = 50

/** How many rows are wanted: a number of them, 50 where nobody says, or all. */
export function someFrom({ limit, all }: { readonly limit?: string | undefined; readonly all?: boolean | undefined }) {
  if (all && limit !== undefined) throw new UsageError('Say --limit or --all.')
  if (all) return Number.POSITIVE_INFINITY
  const wanted = Number(limit ?? DEFAULT_LIMIT)
  if (!Number.isSafeInteger(wanted) || wanted < 1) throw new UsageError('--limit is a number of rows, 1 or more.')
  return wanted
}

/** What follows the rows of a list that goes on. */
export function moreLines(hasMore: boolean): string[] {
  return hasMore ? ['there are more: say --all, or a higher --limit'] : []
}

/** The first rows of a list, page by page, and whether there are more. @param key - the list in its answers */
export async function somePages<Id extends AdminRouteId, Key extends keyof ResponseOf<Id> & string>(
  admin: AdminClient,
  route: Id,
  key: Key,
  call: AdminCall<Id>,
  most: number,
): Promise<{ readonly rows: RowOf<Id, Key>[]; readonly more: boolean }> {
  const rows: RowOf<Id, Key>[] = []
  let cursor: string | undefined
  do {
    const limit = Math.min(PAGE, most - rows.length)
    const page = await admin(route, { ...call, query: { ...call.query, cursor, limit } })
    const answer = page as Readonly<Record<string, unknown>>
    rows.push(...(answer[key] as RowOf<Id, Key>[]))
    cursor = answer['next'] as string | undefined
  } while (cursor !== undefined && rows.length < most)
  return { rows, more: cursor !== undefined }
}

/** Everything of a list, page by page. @param key - the list in its answers. */
export async function everyPage<Id extends AdminRouteId, Key extends keyof ResponseOf<Id> & string>(
  admin: AdminClient,
  route: Id,
  key: Key,
  call: AdminCall<Id> = {},
): Promise<RowOf<Id, Key>[]> {
  return (await somePages(admin, route, key, call, Number.POSITIVE_INFINITY)).rows
}
