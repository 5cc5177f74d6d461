import type { AdminRouteId, ResponseOf } from '@drawbridge/contract'
import type { AdminCall, AdminClient } from './admin-client.ts'

/** Rows that are asked for at once: as many as a page may have. */
const PAGE = 500

type RowOf<Id extends AdminRouteId, Key> = Key extends keyof ResponseOf<Id>
  ? ResponseOf<Id>[Key] extends readonly (infer Row)[]
    ? Row
    : never
  : never

/** Everything of a list, page by page. @param key - the list in its answers. */
export async function everyPage<Id extends AdminRouteId, Key extends keyof ResponseOf<Id> & string>(
  admin: AdminClient,
  route: Id,
  key: Key,
  call: AdminCall<Id> = {},
): Promise<RowOf<Id, Key>[]> {
  const rows: RowOf<Id, Key>[] = []
  let cursor: string | undefined
  do {
    const page = await admin(route, { ...call, query: { ...call.query, cursor, limit: PAGE } })
    const answer = page as Readonly<Record<string, unknown>>
    rows.push(...(answer[key] as RowOf<Id, Key>[]))
    cursor = answer['next'] as string | undefined
  } while (cursor !== undefined)
  return rows
}
