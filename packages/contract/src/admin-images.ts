import { z } from 'zod'
import { clientsQuery } from './admin-clients.ts'
import type { AdminRoute } from './admin-route.ts'
import { instant, none } from './admin-values.ts'

// The images that are stored: made anew, and counted.

export const censusRow = z
  .strictObject({
    day: z.iso.date(),
    profile: z.string(),
    inputFormat: z.string(),
    outcome: z.string(),
    reason: z.string(),
    features: z.array(z.string()).readonly(),
    decoder: z.string(),
    encoder: z.string(),
    images: z.int(),
    bytesIn: z.int(),
    bytesOut: z.int(),
  })
  .meta({ id: 'ImageCensusRow' })

export const newImageRenewal = z
  .strictObject({
    isEverything: z.boolean().optional().meta({ description: 'Also what the encoders of today have made.' }),
  })
  .meta({ id: 'NewImageRenewal' })

export const imageRenewal = z
  .strictObject({
    id: z.string(),
    state: z.enum(['running', 'done', 'stopped']),
    startedBy: z.string(),
    startedAt: instant,
    endedAt: instant.optional(),
    store: z.string().optional().meta({ description: 'Where it is, or was stopped: messages, for instance.' }),
    total: z.int().min(0).meta({ description: 'Images known so far: some are found on the way.' }),
    renewed: z.int().min(0),
    kept: z.int().min(0),
    failed: z.int().min(0),
  })
  .meta({ id: 'ImageRenewal' })

/** Routes about the making anew of images, and their census. */
export const IMAGE_ROUTES = {
  getImageRenewal: {
    method: 'GET',
    path: '/api/v1/image-renewal',
    summary: 'Say how far the making anew of images is, or how the last one ended.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ renewal: imageRenewal.optional() }),
  },
  startImageRenewal: {
    method: 'POST',
    path: '/api/v1/image-renewal',
    summary: 'Make all images anew with the encoders of today. No link breaks meanwhile.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: newImageRenewal,
    status: 201,
    response: z.strictObject({ renewal: imageRenewal }),
  },
  stopImageRenewal: {
    method: 'DELETE',
    path: '/api/v1/image-renewal',
    summary: 'Stop making images anew. What is done stays.',
    permission: 'policy.write',
    edits: 'getImageRenewal',
    isPolicyWrite: true,
    params: none,
    query: none,
    status: 200,
    response: z.strictObject({ renewal: imageRenewal }),
  },
  getImageCensus: {
    method: 'GET',
    path: '/api/v1/image-census',
    summary: 'Images by day: formats, features, outcomes, sizes, and what read and wrote them.',
    permission: 'session.read',
    params: none,
    query: clientsQuery,
    status: 200,
    response: z.strictObject({ rows: z.array(censusRow).readonly(), next: z.string().optional() }),
  },
} as const satisfies Record<string, AdminRoute>

export type ImageRenewalView = z.infer<typeof imageRenewal>
