import { desc, eq, lt, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { abuseReport, account } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

/** Reports that one account may have at a time: as many as it may block. */
const MAX_REPORTS = 1_000

/** Why somebody was blocked (XEP-0377). */
export interface NewReport {
  /** The address that was blocked. */
  readonly reported: string
  readonly reason: string
  readonly text: string | undefined
  /** Stanza-ids; those that are not in the reporter's archive, from the one reported, are left out. */
  readonly messageIds: readonly string[]
}

export interface Reporter {
  readonly id: string
  /** Bare JID. */
  readonly archive: string
}

/** Keeps a report, in place of an earlier one by the same account about the same address. Beyond a limit it is lost. */
export async function putReport(db: Db, reporter: Reporter, report: NewReport, at: Date): Promise<void> {
  const { reported, reason, text = null, messageIds } = report
  await db.execute(sql`
    insert into abuse_report (id, account_id, reported, reason, text, message_ids, reported_at)
    select ${uuidv7()}, ${reporter.id}, ${reported}, ${reason}, ${text}::text, array(
      select message_id from archive
      where owner = ${reporter.archive} and message_id = any(${sql.param([...messageIds])}::uuid[]) and direction = 'in'
      and ${reported} in (peer, peer || '/' || resource, split_part(peer, '@', 2))
    ), ${at.toISOString()}::timestamptz
    where (select count(*) from abuse_report where account_id = ${reporter.id}) < ${MAX_REPORTS}
    on conflict (account_id, reported) do update set id = excluded.id, reason = excluded.reason, text = excluded.text,
      message_ids = excluded.message_ids, reported_at = excluded.reported_at`)
}

export type Report = Omit<typeof abuseReport.$inferSelect, 'accountId'> & { readonly reporter: string }

/** Reports, newest first, from before the report `before`; the reporter by localpart. */
export function listReports(db: Db, limit: number, before?: string): Promise<Report[]> {
  const { id, reported, reason, text, messageIds, reportedAt } = abuseReport
  return db
    .select({ id, reporter: account.localpart, reported, reason, text, messageIds, reportedAt })
    .from(abuseReport)
    .innerJoin(account, eq(account.id, abuseReport.accountId))
    .where(before === undefined ? undefined : lt(id, before))
    .orderBy(desc(id))
    .limit(limit)
}
