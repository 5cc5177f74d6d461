import { Refusal } from '@drawbridge/contract'
import { listTraffic, listTrafficHours, listUnitTraffic, listUnitTrafficHours } from '@drawbridge/db'
import type { Span } from '@drawbridge/db'
import type { AdminContext, AdminHandlers } from './api.ts'
import { cursorOf, pageOf, placeFrom } from './page.ts'

const WEEK_MS = 7 * 86_400_000
const HOUR_MS = 3_600_000
const PAGE = 500

/** Who sends how much (control §2, row 4). */
export function trafficHandlers({ db, now }: AdminContext): AdminHandlers<'listTraffic' | 'listTrafficHours'> {
  /** Whole hours: the one that `from` is in counts. */
  const spanOf = (from: string | undefined, until: string | undefined): Span => {
    const end = until === undefined ? now() : new Date(until)
    const start = from === undefined ? end.getTime() - WEEK_MS : Date.parse(from)
    return { from: new Date(Math.floor(start / HOUR_MS) * HOUR_MS), until: end }
  }
  return {
    async listTraffic({ query: { by = 'account', from, until, cursor, limit = PAGE } }) {
      const span = spanOf(from, until)
      const [fewer, subject] = cursor === undefined ? [] : placeFrom(cursor)
      if (cursor !== undefined && (typeof fewer !== 'number' || typeof subject !== 'string')) {
        throw new Refusal('bad-request')
      }
      const after = cursor === undefined ? undefined : { messages: -Number(fewer), subject: String(subject) }
      const found =
        by === 'unit' ? listUnitTraffic(db, span, limit + 1, after) : listTraffic(db, by, span, limit + 1, after)
      const rows = await found
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      return { rows: page, ...(rows.length > limit && last && { next: cursorOf([-last.messages, last.subject]) }) }
    },
    async listTrafficHours({ query: { by = 'service', subject = '', from, until, ...query } }) {
      const span = spanOf(from, until)
      const found = by === 'unit' ? listUnitTrafficHours(db, subject, span) : listTrafficHours(db, by, subject, span)
      const { page, more } = pageOf(await found, query, ({ hour }) => [hour.getTime()])
      const rows = page.map(({ hour, messages, bytes, files, images }) => ({
        hour: hour.toISOString(),
        messages,
        bytes,
        files,
        images,
      }))
      return { rows, ...more }
    },
  }
}
