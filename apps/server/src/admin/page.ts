import { Refusal } from '@drawbridge/contract'
import { z } from 'zod'

/** Rows of one answer where nobody says how many, of a list that is read as a whole. */
const DEFAULT_LIMIT = 500

/** Where a row stands in its list: lists are ordered by this, part by part. Negative where the largest comes first. */
export type Place = readonly (string | number)[]

const place = z
  .array(z.union([z.string(), z.number()]))
  .min(1)
  .max(16)

/** A place as a cursor: opaque to whoever gets it. */
export function cursorOf(at: Place): string {
  return Buffer.from(JSON.stringify(at)).toString('base64url')
}

/** The place that a cursor stands for. @throws Refusal `bad-request` for what no answer has said. */
export function placeFrom(cursor: string): Place {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch (cause) {
    throw new Refusal('bad-request', { detail: 'cursor: no answer has said this.', cause })
  }
}

/**
 * When the first page of a list was read, in ms since 1970: by what was so then, a list of what changes keeps its order.
 * Such a list has it as the first part of its places. @throws Refusal `bad-request`
 */
export function firstReadAt(cursor: string | undefined, now: Date): number {
  const [at] = cursor === undefined ? [now.getTime()] : placeFrom(cursor)
  // Nobody has read anything in the future, or when there was no time.
  if (typeof at !== 'number' || !(at >= 0 && at <= now.getTime())) throw new Refusal('bad-request')
  return at
}

/**
 * One page of a list that is read as a whole. Rows may come and go between two pages: nothing that stays is left out, or
 * comes twice.
 *
 * @returns the rows in the order of their places, and `more`: what the answer says about the next page.
 */
export function pageOf<T>(
  rows: readonly T[],
  { cursor, limit = DEFAULT_LIMIT }: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  placeOf: (row: T) => Place,
): { readonly page: readonly T[]; readonly more: { readonly next?: string } } {
  const after = cursor === undefined ? undefined : placeFrom(cursor)
  const left = rows
    .map((row) => ({ row, at: placeOf(row) }))
    .filter(({ at }) => after === undefined || compare(at, after) > 0)
    .toSorted((one, other) => compare(one.at, other.at))
  const page = left.slice(0, limit)
  const last = page.at(-1)
  return { page: page.map(({ row }) => row), more: left.length > limit && last ? { next: cursorOf(last.at) } : {} }
}

function compare(one: Place, other: Place): number {
  for (const [index, part] of one.entries()) {
    const against = other[index]
    if (part === against) continue
    // A cursor of another list has other parts: it stands before everything, and shows the first page.
    if (typeof part !== typeof against) return 1
    return part < against! ? -1 : 1
  }
  return 0
}
