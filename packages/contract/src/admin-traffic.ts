import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { instant, none, pageQuery } from './admin-values.ts'

/** By what traffic is counted. */
export const TRAFFIC_KINDS = ['service', 'account', 'unit', 'room', 'peer', 'format'] as const

const counts = {
  messages: z.number().min(0),
  bytes: z.number().min(0).meta({ description: 'Of stanzas as they are stored; files are counted apart.' }),
  files: z.number().min(0).meta({ description: 'Messages that share a file, images included.' }),
  images: z.number().min(0).meta({ description: 'Messages that share an image.' }),
} as const

const span = {
  from: instant.optional().meta({ description: 'Default: seven days before `until`.' }),
  until: instant.optional().meta({ description: 'Default: now.' }),
} as const

/** Routes about how much is sent. */
export const TRAFFIC_ROUTES = {
  listTraffic: {
    method: 'GET',
    path: '/api/v1/traffic',
    summary: 'Who or what sent how much, the most first. Counted by the hour, kept for 400 days.',
    permission: 'session.read',
    params: none,
    query: z.strictObject({
      by: z.enum(TRAFFIC_KINDS).optional().meta({ description: 'Default account.' }),
      ...span,
      ...pageQuery.shape,
    }),
    status: 200,
    response: z.strictObject({
      rows: z.array(z.strictObject({ subject: z.string(), ...counts })).readonly(),
      next: z.string().optional(),
    }),
  },
  listTrafficHours: {
    method: 'GET',
    path: '/api/v1/traffic/hours',
    summary: 'How much was sent hour by hour; hours in which nothing was sent are left out.',
    permission: 'session.read',
    params: none,
    query: z.strictObject({
      by: z.enum(TRAFFIC_KINDS).optional().meta({ description: 'Default service.' }),
      subject: z.string().max(3071).optional().meta({ description: 'Whose; empty for the service.' }),
      ...span,
      ...pageQuery.shape,
    }),
    status: 200,
    response: z.strictObject({
      rows: z.array(z.strictObject({ hour: instant, ...counts })).readonly(),
      next: z.string().optional(),
    }),
  },
} as const satisfies Record<string, AdminRoute>
