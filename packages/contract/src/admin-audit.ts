import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { instant, none, pageQuery } from './admin-values.ts'

// What is on record: the audit log, and what users report.

export const auditEntry = z
  .strictObject({
    position: z.int().min(1),
    at: instant,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    details: z.record(z.string(), z.unknown()),
    previousHash: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' })

export const auditQuery = pageQuery.extend({
  actor: z.string().max(3071).optional().meta({ description: 'Only what this one did.' }),
  action: z.string().max(64).optional(),
  target: z.string().max(3071).optional().meta({ description: 'Only what was done to this.' }),
  from: instant.optional(),
  until: instant.optional(),
})

export const auditExport = z
  .strictObject({
    key: z.string().meta({ description: "The server's Ed25519 public key, 32 bytes as base64url." }),
    entries: z.array(auditEntry).readonly(),
    next: z.int().optional().meta({ description: 'Pass it as `after`; absent after the last row.' }),
    head: z
      .strictObject({ position: z.int(), hash: z.string() })
      .optional()
      .meta({ description: 'With the last rows.' }),
    checkpoints: z
      .array(
        z.strictObject({
          position: z.int(),
          hash: z.string(),
          at: instant,
          keyId: z.string(),
          signature: z.string().meta({ description: 'Base64.' }),
        }),
      )
      .readonly()
      .optional()
      .meta({ description: 'All of them, with the last rows.' }),
  })
  .meta({ id: 'AuditExport' })

export const auditVerdict = z
  .strictObject({
    isIntact: z.boolean(),
    checked: z.int().min(0),
    checkpoints: z.int().min(0).optional().meta({ description: 'Signatures of this server that were checked.' }),
    brokenAt: z.int().optional().meta({ description: 'Position of the first row that does not fit.' }),
    reason: z.string().optional(),
  })
  .meta({ id: 'AuditVerdict' })

export const report = z
  .strictObject({
    id: z.string(),
    at: instant,
    reporter: z.string().meta({ description: 'Bare JID of the user who blocked somebody.' }),
    reported: z.string().meta({ description: 'The address that was blocked.' }),
    reason: z.string().meta({ description: 'A URN of XEP-0377, such as urn:xmpp:reporting:spam.' }),
    text: z.string().optional().meta({ description: 'What the user says about it.' }),
    messageIds: z
      .array(z.string())
      .readonly()
      .meta({ description: 'Messages reported: ids in the archive of the reporter.' }),
  })
  .meta({ id: 'Report' })

/** Routes about the audit log and reports. */
export const AUDIT_ROUTES = {
  listAudit: {
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'Read the audit log, newest first, one page at a time.',
    permission: 'audit.read',
    params: none,
    query: auditQuery,
    status: 200,
    response: z.strictObject({ entries: z.array(auditEntry).readonly(), next: z.string().optional() }),
  },
  exportAudit: {
    method: 'GET',
    path: '/api/v1/audit/export',
    summary: 'Read the audit log from its first row on, with the signatures on it, to check it elsewhere.',
    permission: 'audit.read',
    params: none,
    query: z.strictObject({ after: z.coerce.number().int().min(0).optional() }),
    status: 200,
    response: auditExport,
  },
  verifyAudit: {
    method: 'GET',
    path: '/api/v1/audit/verify',
    summary: 'Check the hash chain of the audit log from its first row.',
    permission: 'audit.read',
    params: none,
    query: none,
    status: 200,
    response: auditVerdict,
  },
  listReports: {
    method: 'GET',
    path: '/api/v1/reports',
    summary: 'List what users report about those they block (XEP-0377), newest first, one page at a time.',
    permission: 'report.read',
    isOnRecord: true,
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ reports: z.array(report).readonly(), next: z.string().optional() }),
  },
} as const satisfies Record<string, AdminRoute>

export type AuditEntryView = z.infer<typeof auditEntry>
export type AuditVerdict = z.infer<typeof auditVerdict>
