import { z } from 'zod'
import type { FeedPart } from './advisory.ts'
import { flawId, word } from './shapes.ts'

const entry = z.object({ cveID: flawId, dateAdded: word, dueDate: word.optional() })
const catalog = z.object({ vulnerabilities: z.array(z.unknown()).max(50_000) })

/** CISA's catalog of flaws known to be exploited. It gives urgency and a due date, not versions. */
export function readKev(record: unknown): FeedPart {
  const exploited = []
  const unread = []
  for (const [index, value] of catalog.parse(record).vulnerabilities.entries()) {
    const parsed = entry.safeParse(value)
    if (parsed.success) {
      const { cveID, dateAdded, dueDate } = parsed.data
      exploited.push({ id: cveID, since: dateAdded, ...(dueDate === undefined ? {} : { dueDate }) })
    } else unread.push({ at: `vulnerability ${index + 1}`, why: 'has no CVE id and date' })
  }
  return { exploited, unread }
}
