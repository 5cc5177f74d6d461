import { Refusal } from '@drawbridge/contract'
import type { AuditEntryView } from '@drawbridge/contract'
import { listAudit, verifyAudit } from '@drawbridge/db'
import type { AuditRow } from '@drawbridge/db'
import type { AdminContext, AdminHandlers } from './api.ts'

const FAULTS = {
  changed: 'The row is not what was written.',
  missing: 'A row is missing.',
  unchained: 'The row does not continue the one before it.',
  head: 'The log does not end where it should.',
} as const

/** Reading and checking the audit log. There is no route that changes it. */
export function auditHandlers({ db }: AdminContext): AdminHandlers<'listAudit' | 'verifyAudit'> {
  return {
    async listAudit({ query: { cursor, limit = 100 } }) {
      const rows = await listAudit(db, limit + 1, cursor === undefined ? undefined : positionFrom(cursor))
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      const next = rows.length > limit && last ? { next: String(last.seq) } : {}
      return { entries: page.map(entryView), ...next }
    },
    async verifyAudit() {
      const verdict = await verifyAudit(db)
      if (verdict.isIntact) return { isIntact: true, checked: verdict.checked }
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
