import { Refusal } from '@drawbridge/contract'
import { isUuid, listReports } from '@drawbridge/db'
import type { AdminContext, AdminHandlers } from './api.ts'

/** XEP-0377: what users say of those they block. */
export function reportHandlers({ db, domain }: AdminContext): AdminHandlers<'listReports'> {
  return {
    async listReports({ query: { cursor, limit = 100 } }) {
      if (cursor !== undefined && !isUuid(cursor)) throw new Refusal('bad-request')
      const rows = await listReports(db, limit + 1, cursor)
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      const reports = page.map(({ id, reporter, reported, reason, text, messageIds, reportedAt }) => ({
        id,
        at: reportedAt.toISOString(),
        reporter: `${reporter}@${domain}`,
        reported,
        reason,
        ...(text === null ? {} : { text }),
        messageIds,
      }))
      return { reports, ...(rows.length > limit && last ? { next: last.id } : {}) }
    },
  }
}
