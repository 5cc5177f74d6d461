import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { signIn } from './admin-access.ts'
import { instant, none, pageQuery } from './admin-values.ts'

// Files as senders made them, sealed; and the keys of all files.

const uploadParams = z.strictObject({ id: z.uuid() })

/** On the local socket, where nobody has signed in: the administrator whose act this is. */
const as = signIn.optional().meta({
  description: 'The administrator who does this. On the local socket only, and needed there: two people have to agree.',
})

export const evidenceRelease = z
  .strictObject({
    id: z.uuid(),
    reason: z.string(),
    requestedBy: z.string(),
    requestedAt: instant,
    approvedBy: z.string().optional(),
    expiresAt: instant.meta({
      description: 'Until then somebody may agree; once somebody has, the bytes may be read.',
    }),
    exportedAt: instant.optional(),
  })
  .meta({ id: 'EvidenceRelease' })

export const evidence = z
  .strictObject({
    id: z.uuid().meta({ description: 'Id of the upload.' }),
    sender: z.string(),
    filename: z.string(),
    declaredType: z.string(),
    sha256: z.string(),
    bytes: z.int().min(0),
    outcome: z.enum(['clean', 'not-an-image', 'refused']),
    reason: z.string().optional(),
    sealedAt: instant,
    expiresAt: instant,
    releases: z.array(evidenceRelease).readonly(),
  })
  .meta({ id: 'Evidence' })

export const renewal = z
  .strictObject({
    isRunning: z.boolean(),
    seen: z.int().min(0).meta({ description: 'Files looked at.' }),
    renewed: z.int().min(0).meta({ description: 'Files that were encrypted, or whose key was wrapped anew.' }),
    failed: z.int().min(0),
  })
  .meta({ id: 'FileRenewal' })

/** Routes about sealed evidence and about the keys of files. */
export const EVIDENCE_ROUTES = {
  listEvidence: {
    method: 'GET',
    path: '/api/v1/evidence',
    summary: 'List sealed files, newest first, with the requests to see them. Never their bytes.',
    permission: 'evidence.read',
    isOnRecord: true,
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ evidence: z.array(evidence).readonly(), next: z.string().optional() }),
  },
  requestEvidence: {
    method: 'POST',
    path: '/api/v1/evidence/{id}/requests',
    summary: 'Ask to see a sealed file. Another administrator has to agree within a day.',
    permission: 'evidence.write',
    params: uploadParams,
    query: none,
    body: z.strictObject({ reason: z.string().trim().min(10).max(500), as }),
    status: 201,
    response: z.strictObject({ release: evidenceRelease }),
  },
  approveEvidence: {
    method: 'POST',
    path: '/api/v1/evidence/{id}/approvals',
    summary: 'Agree to the newest open request of somebody else. The bytes may then be read for a day.',
    permission: 'evidence.write',
    params: uploadParams,
    query: none,
    body: z.strictObject({ as }),
    status: 200,
    response: z.strictObject({ release: evidenceRelease }),
  },
  exportEvidence: {
    method: 'GET',
    path: '/api/v1/evidence/{id}/bytes',
    summary: 'A part of a released file in base64. On the local socket only: the bytes never go over a network.',
    permission: 'evidence.write',
    params: uploadParams,
    query: z.strictObject({ offset: z.coerce.number().int().min(0).optional() }),
    status: 200,
    response: z.strictObject({ base64: z.string(), bytes: z.int().min(0), sha256: z.string() }),
  },
  renewFiles: {
    method: 'POST',
    path: '/api/v1/files/renewal',
    summary: 'Bring all files under the first key of the key file: encrypts plain ones, wraps the keys of others anew.',
    permission: 'files.write',
    params: none,
    query: none,
    status: 200,
    response: renewal,
  },
  getFileRenewal: {
    method: 'GET',
    path: '/api/v1/files/renewal',
    summary: 'How far the renewal of files is, or how the last one ended.',
    permission: 'files.write',
    params: none,
    query: none,
    status: 200,
    response: renewal,
  },
} as const satisfies Record<string, AdminRoute>
