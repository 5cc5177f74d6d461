import { and, eq, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { auditHead, eventSink } from './schema/index.ts'

/** How far a receiver of the audit log has it. */
export interface EventSinkState {
  /** The last row that it acknowledged. */
  readonly seq: number
  /** Rows that it has yet to get. */
  readonly behind: number
  /** Why the last attempt failed; empty when it did not. */
  readonly error: string
}

export async function findEventSink(db: Db, name: string): Promise<EventSinkState> {
  const [row] = await db
    .select({ head: auditHead.seq, seq: eventSink.seq, error: eventSink.error })
    .from(auditHead)
    .leftJoin(eventSink, eq(eventSink.name, name))
  const seq = row?.seq ?? 0
  return { seq, behind: Math.max(0, (row?.head ?? 0) - seq), error: row?.error ?? '' }
}

/**
 * Takes or renews the right to deliver, for `leaseMs`.
 *
 * @returns the last row that was acknowledged; undefined while another process delivers.
 */
export async function claimEventSink(
  db: Db,
  name: string,
  owner: string,
  leaseMs: number,
): Promise<number | undefined> {
  const { rows } = await db.execute<{ seq: string }>(sql`
    insert into event_sink (name, owner, leased_until)
    values (${name}, ${owner}, clock_timestamp() + ${leaseMs} * interval '1 millisecond')
    on conflict (name) do update set owner = excluded.owner, leased_until = excluded.leased_until
    where event_sink.owner = excluded.owner or event_sink.leased_until is null
      or event_sink.leased_until < clock_timestamp()
    returning seq`)
  return rows[0] && Number(rows[0].seq)
}

/** Notes what became of an attempt: the last row that is there now, or why none is. Says nothing of another's lease. */
export async function noteDelivery(
  db: Db,
  name: string,
  owner: string,
  outcome: { readonly seq: number } | { readonly error: string },
): Promise<void> {
  const set = 'seq' in outcome ? { seq: outcome.seq, error: '' } : outcome
  await db
    .update(eventSink)
    .set(set)
    .where(and(eq(eventSink.name, name), eq(eventSink.owner, owner)))
}

/** Another process may go on at once. */
export async function releaseEventSink(db: Db, name: string, owner: string): Promise<void> {
  await db
    .update(eventSink)
    .set({ owner: null, leasedUntil: null })
    .where(and(eq(eventSink.name, name), eq(eventSink.owner, owner)))
}
