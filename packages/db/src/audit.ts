import { and, asc, desc, eq, gt, gte, lt, max } from 'drizzle-orm'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { KeyObject } from 'node:crypto'
import { ChainCheck, checkpointBytes, hashOf } from './audit-chain.ts'
import type { AuditCheckpoint, AuditVerdict } from './audit-chain.ts'
import type { Db } from './database.ts'
import { audit, auditCheckpoint, auditHead } from './schema/index.ts'

/** Channel that hears the action of each row, when it is committed. */
export const AUDIT_CHANNEL = 'drawbridge_audit'

export type AuditRow = typeof audit.$inferSelect

export interface AuditEntry {
  /** Who: a bare JID, or `local:cli`. */
  readonly actor: string
  /** What, as an imperative in kebab case: `suspend-account`. */
  readonly action: string
  /** To what: a bare JID or an id; empty when there is nothing to name. */
  readonly target: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** What belongs to every row that is written now, beside its own details. */
const attribution = new AsyncLocalStorage<Readonly<Record<string, unknown>>>()

/**
 * Runs something whose rows in the audit log all say this, too. It travels with the call, so that no operation can forget
 * to pass it on.
 */
export function attributed<T>(detail: Readonly<Record<string, unknown>>, work: () => Promise<T>): Promise<T> {
  return attribution.run(detail, work)
}

/**
 * Adds a row to the audit log, in the caller's transaction. Writers wait for each other, so numbers have no gaps: keep
 * the transaction short, and call this after the change it speaks of.
 *
 * The database refuses to change, remove or truncate rows. The owner of the table can disable that trigger, which is why
 * each row is chained to the one before it.
 */
export async function appendAudit(tx: Db, { detail, ...entry }: AuditEntry, at = new Date()): Promise<AuditRow> {
  return tx.transaction(async (inner) => {
    const [head] = await inner.select().from(auditHead).for('update')
    if (!head) throw new Error('the audit log has lost its head')
    const row = {
      seq: head.seq + 1,
      at,
      ...entry,
      detail: storable({ ...detail, ...attribution.getStore() }),
      prevHash: head.hash,
    }
    const hash = hashOf(row)
    const [made] = await inner
      .insert(audit)
      .values({ ...row, hash })
      .returning()
    await inner.update(auditHead).set({ seq: row.seq, hash })
    return made!
  })
}

/** Which rows are wanted; what is absent may be anything. */
export interface AuditFilter {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly target?: string | undefined
  readonly from?: Date | undefined
  readonly until?: Date | undefined
}

/** Rows of the log, newest first, from before `before`. */
export function listAudit(db: Db, limit: number, before?: number, filter: AuditFilter = {}): Promise<AuditRow[]> {
  const { actor, action, target, from, until } = filter
  return db
    .select()
    .from(audit)
    .where(
      and(
        before === undefined ? undefined : lt(audit.seq, before),
        actor === undefined ? undefined : eq(audit.actor, actor),
        action === undefined ? undefined : eq(audit.action, action),
        target === undefined ? undefined : eq(audit.target, target),
        from === undefined ? undefined : gte(audit.at, from),
        until === undefined ? undefined : lt(audit.at, until),
      ),
    )
    .orderBy(desc(audit.seq))
    .limit(limit)
}

/** Rows about one thing, oldest first. */
export function listAuditAbout(db: Db, target: string, limit: number): Promise<AuditRow[]> {
  return db.select().from(audit).where(eq(audit.target, target)).orderBy(asc(audit.seq)).limit(limit)
}

/** Rows from after `after`, oldest first. */
export function readAudit(db: Db, after: number, limit: number): Promise<AuditRow[]> {
  return db.select().from(audit).where(gt(audit.seq, after)).orderBy(asc(audit.seq)).limit(limit)
}

/** Where the log ends. */
export async function findAuditHead(db: Db): Promise<{ readonly seq: number; readonly hash: Buffer } | undefined> {
  const [head] = await db.select({ seq: auditHead.seq, hash: auditHead.hash }).from(auditHead)
  return head
}

/** All signatures on the log, oldest first. */
export function listCheckpoints(db: Db): Promise<AuditCheckpoint[]> {
  return db.select().from(auditCheckpoint).orderBy(asc(auditCheckpoint.seq))
}

/**
 * Signs the end of the log, where it has grown since the last signature. Undefined when it has not.
 *
 * @param sign - makes the signature and names its key.
 */
export async function signAudit(
  db: Db,
  at: Date,
  sign: (bytes: Buffer) => Pick<AuditCheckpoint, 'keyId' | 'signature'>,
): Promise<AuditCheckpoint | undefined> {
  const head = await findAuditHead(db)
  const [last] = await db.select({ seq: max(auditCheckpoint.seq) }).from(auditCheckpoint)
  if (!head || head.seq <= (last?.seq ?? 0)) return undefined
  const row = { ...head, at }
  const checkpoint = { ...row, ...sign(checkpointBytes(row)) }
  // Another process may have been first: one signature is enough.
  await db.insert(auditCheckpoint).values(checkpoint).onConflictDoNothing()
  return checkpoint
}

/**
 * Reads the whole log and checks numbers, hashes, chain and signatures. Returns the first row that does not fit. Whoever
 * can rewrite the whole table can rewrite every hash in it, but not what was signed.
 *
 * @param key - the public key of this server.
 */
export async function verifyAudit(db: Db, key?: KeyObject): Promise<AuditVerdict> {
  return db.transaction(
    async (tx) => {
      const check = new ChainCheck(await listCheckpoints(tx), key)
      let after = 0
      for (;;) {
        const rows = await readAudit(tx, after, 1_000)
        if (rows.length === 0) return check.end(await findAuditHead(tx))
        for (const row of rows) {
          const broken = check.take(row)
          if (broken) return broken
        }
        after += rows.length
      }
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

/** As jsonb gives it back: JSON values only, and no text that PostgreSQL cannot store. */
function storable(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const clean = (text: string) => text.toWellFormed().replaceAll('\0', '\ufffd')
  return JSON.parse(JSON.stringify(detail), (_key, value: unknown) => {
    if (typeof value === 'string') return clean(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [clean(key), inner]))
  }) as Record<string, unknown>
}
