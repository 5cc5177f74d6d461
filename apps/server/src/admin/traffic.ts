import { Refusal } from '@drawbridge/contract'
import { findTrafficSubject, listTraffic, listTrafficHours } from '@drawbridge/db'
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
    async listTraffic({ query }) {
      const { by = 'account', order = 'messages', from, until, cursor, limit = PAGE } = query
      const [fewer, subject] = cursor === undefined ? [] : placeFrom(cursor)
      if (cursor !== undefined && (typeof fewer !== 'number' || typeof subject !== 'string')) {
        throw new Refusal('bad-request')
      }
      const after = cursor === undefined ? undefined : { count: -Number(fewer), subject: String(subject) }
      const rows = await listTraffic(db, { ...spanOf(from, until), kind: by, order, limit: limit + 1, after })
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      return { rows: page, ...(rows.length > limit && last && { next: cursorOf([-last[order], last.id]) }) }
    },
    async listTrafficHours({ query: { by = 'service', subject = '', from, until, ...query } }) {
      const found = await findTrafficSubject(db, by, subject)
      const hours = await listTrafficHours(db, by, found, spanOf(from, until))
      const { page, more } = pageOf(hours, query, ({ hour }) => [hour.getTime()])
      return { rows: page.map(({ hour, ...counts }) => ({ hour: hour.toISOString(), ...counts })), ...more }
    },
  }
}
