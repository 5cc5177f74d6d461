import { Refusal } from '@drawbridge/contract'
import type { AuditEntryView } from '@drawbridge/contract'
import { findAuditHead, listAudit, listCheckpoints, readAudit, verifyAudit } from '@drawbridge/db'
import type { AuditRow } from '@drawbridge/db'
import type { AdminContext, AdminHandlers } from './api.ts'

/** Rows of one answer of an export. */
const EXPORTED = 1_000

const FAULTS = {
  changed: 'The row is not what was written.',
  missing: 'A row is missing.',
  unchained: 'The row does not continue the one before it.',
  head: 'The log does not end where it should.',
  checkpoint: 'The row is not the one that this server has signed, or the signature is wrong.',
} as const

/** Reading and checking the audit log. There is no route that changes it. */
export function auditHandlers({
  db,
  auditKey,
}: AdminContext): AdminHandlers<'listAudit' | 'exportAudit' | 'verifyAudit'> {
  return {
    async listAudit({ query: { cursor, limit = 100, from, until, ...exact } }) {
      const filter = {
        ...exact,
        from: from === undefined ? undefined : new Date(from),
        until: until === undefined ? undefined : new Date(until),
      }
      const rows = await listAudit(db, limit + 1, cursor === undefined ? undefined : positionFrom(cursor), filter)
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      const next = rows.length > limit && last ? { next: String(last.seq) } : {}
      return { entries: page.map(entryView), ...next }
    },
    async exportAudit({ query: { after = 0 } }) {
      const { x = '' } = auditKey.export({ format: 'jwk' })
      const entries = (await readAudit(db, after, EXPORTED)).map(entryView)
      const last = entries.at(-1)
      if (entries.length === EXPORTED && last) return { key: x, entries, next: last.position }
      const head = await findAuditHead(db)
      const checkpoints = (await listCheckpoints(db)).map(({ seq, hash, at, keyId, signature }) => ({
        position: seq,
        hash: hash.toString('hex'),
        at: at.toISOString(),
        keyId,
        signature: signature.toString('base64'),
      }))
      const end = head && { head: { position: head.seq, hash: head.hash.toString('hex') } }
      return { key: x, entries, ...end, checkpoints }
    },
    async verifyAudit() {
      const verdict = await verifyAudit(db, auditKey)
      if (verdict.isIntact) return { isIntact: true, checked: verdict.checked, checkpoints: verdict.checkpoints }
      return { isIntact: false, checked: verdict.checked, brokenAt: verdict.seq, reason: FAULTS[verdict.fault] }
    },
  }
}

function positionFrom(cursor: string): number {
  if (!/^[1-9]\d{0,14}$/u.test(cursor)) throw new Refusal('bad-request')
  return Number(cursor)
}

/** A row of the log as administrators see it. */
export function entryView({ seq, at, actor, action, target, detail, prevHash, hash }: AuditRow): AuditEntryView {
  return {
    position: seq,
    at: at.toISOString(),
    actor,
    action,
    target,
    details: detail,
    previousHash: prevHash.toString('hex'),
    hash: hash.toString('hex'),
  }
}
