import { asc, desc, eq, gt, lt } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import type { Db } from './database.ts'
import { audit, auditHead } from './schema/index.ts'

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
    const row = { seq: head.seq + 1, at, ...entry, detail: storable(detail ?? {}), prevHash: head.hash }
    const hash = hashOf(row)
    const [made] = await inner
      .insert(audit)
      .values({ ...row, hash })
      .returning()
    await inner.update(auditHead).set({ seq: row.seq, hash })
    return made!
  })
}

/** Rows of the log, newest first, from before `before`. */
export function listAudit(db: Db, limit: number, before?: number): Promise<AuditRow[]> {
  return db
    .select()
    .from(audit)
    .where(before === undefined ? undefined : lt(audit.seq, before))
    .orderBy(desc(audit.seq))
    .limit(limit)
}

/** Rows about one thing, oldest first. */
export function listAuditAbout(db: Db, target: string, limit: number): Promise<AuditRow[]> {
  return db.select().from(audit).where(eq(audit.target, target)).orderBy(asc(audit.seq)).limit(limit)
}

/**
 * `changed`: the row is not what was written. `missing`: there is no row with this number. `unchained`: it does not
 * continue the row before it. `head`: the log does not end where its head says.
 */
export type AuditFault = 'changed' | 'missing' | 'unchained' | 'head'

export type AuditVerdict =
  | { readonly isIntact: true; readonly checked: number; readonly head: Buffer }
  | { readonly isIntact: false; readonly checked: number; readonly seq: number; readonly fault: AuditFault }

/**
 * Reads the whole log and checks numbers, hashes and chain. Returns the first row that does not fit. Whoever can rewrite
 * the whole table can rewrite every hash in it: compare `head` with one noted elsewhere.
 */
export async function verifyAudit(db: Db): Promise<AuditVerdict> {
  return db.transaction(
    async (tx) => {
      let checked = 0
      let prevHash: Buffer = Buffer.alloc(32)
      for (;;) {
        const rows = await tx.select().from(audit).where(gt(audit.seq, checked)).orderBy(asc(audit.seq)).limit(1_000)
        if (rows.length === 0) break
        for (const row of rows) {
          const fault = faultOf(row, checked + 1, prevHash)
          if (fault) return { isIntact: false, checked, seq: checked + 1, fault }
          prevHash = row.hash
          checked++
        }
      }
      const [head] = await tx.select().from(auditHead)
      if (head && head.seq > checked) return { isIntact: false, checked, seq: checked + 1, fault: 'missing' }
      if (head?.seq !== checked || !head.hash.equals(prevHash)) {
        return { isIntact: false, checked, seq: checked, fault: 'head' }
      }
      return { isIntact: true, checked, head: prevHash }
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

function faultOf(row: AuditRow, seq: number, prevHash: Buffer): AuditFault | undefined {
  if (row.seq !== seq) return 'missing'
  if (!hashOf(row).equals(row.hash)) return 'changed'
  return row.prevHash.equals(prevHash) ? undefined : 'unchained'
}

/** SHA-256 over the canonical JSON of the row: object keys sorted, instant in ISO 8601, previous hash in hex. */
function hashOf({ seq, at, actor, action, target, detail, prevHash }: Omit<AuditRow, 'hash'>): Buffer {
  const fields = { seq, at: at.toISOString(), actor, action, target, detail, prevHash: prevHash.toString('hex') }
  return createHash('sha256').update(canonicalJson(fields)).digest()
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
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
