import { listTraffic, listTrafficHours, listUnitTraffic } from '@drawbridge/db'
import type { Span } from '@drawbridge/db'
import type { AdminContext, AdminHandlers } from './api.ts'

const WEEK_MS = 7 * 86_400_000
const HOUR_MS = 3_600_000
const LISTED = 1_000

/** Who sends how much (control §2, row 4). */
export function trafficHandlers({ db, now }: AdminContext): AdminHandlers<'listTraffic' | 'listTrafficHours'> {
  /** Whole hours: the one that `from` is in counts. */
  const spanOf = (from: string | undefined, until: string | undefined): Span => {
    const end = until === undefined ? now() : new Date(until)
    const start = from === undefined ? end.getTime() - WEEK_MS : Date.parse(from)
    return { from: new Date(Math.floor(start / HOUR_MS) * HOUR_MS), until: end }
  }
  return {
    async listTraffic({ query: { by = 'account', from, until, limit = LISTED } }) {
      const span = spanOf(from, until)
      const rows = by === 'unit' ? listUnitTraffic(db, span, limit) : listTraffic(db, by, span, limit)
      return { rows: await rows }
    },
    async listTrafficHours({ query: { by = 'service', subject = '', from, until } }) {
      const rows = await listTrafficHours(db, by, subject, spanOf(from, until))
      return {
        rows: rows.map(({ hour, messages, bytes, files, images }) => ({
          hour: hour.toISOString(),
          messages,
          bytes,
          files,
          images,
        })),
      }
    },
  }
}
