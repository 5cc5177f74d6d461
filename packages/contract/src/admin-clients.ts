import { EVIDENCE_TIERS } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { instant, none, pageQuery } from './admin-values.ts'

// Who is connected, and with which clients.

export const clientIdentity = z
  .strictObject({
    family: z.string().optional(),
    version: z.string().optional(),
    build: z.string().optional(),
    os: z.string().optional(),
    tier: z.enum(EVIDENCE_TIERS),
    source: z.string(),
    isSuspect: z.boolean(),
  })
  .meta({ id: 'ClientIdentity' })

export const session = z
  .strictObject({
    id: z.string(),
    account: z.string(),
    jid: z.string(),
    state: z
      .enum(['connected', 'waiting'])
      .meta({ description: '`waiting`: the client is away and may resume (XEP-0198).' }),
    client: clientIdentity,
    transport: z.string(),
    address: z.string().optional(),
    since: instant,
  })
  .meta({ id: 'Session' })

export const clientVersion = z
  .strictObject({
    family: z.string().optional().meta({ description: 'Absent: nobody knows what these clients are.' }),
    version: z.string().optional(),
    isUnknown: z.boolean().meta({ description: 'It cannot be named, compared, or contradicts itself.' }),
    people: z.int().min(0),
    sessions: z.int().min(0).meta({ description: 'Sessions that are open now.' }),
    tiers: z.array(z.enum(EVIDENCE_TIERS)).readonly(),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'ClientVersion' })

export const clientUse = z
  .strictObject({
    account: z.string(),
    client: clientIdentity,
    address: z.string().optional(),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'ClientUse' })

export const clientDay = z
  .strictObject({ day: z.iso.date(), family: z.string(), version: z.string(), people: z.int().min(0) })
  .meta({ id: 'ClientDay' })

export const clientsQuery = z.strictObject({
  days: z.coerce.number().int().min(1).max(400).optional().meta({ description: 'How far back. Default 90.' }),
})

export const clientUsesQuery = z.strictObject({
  days: z.coerce.number().int().min(1).max(400).optional(),
  family: z.string().max(64).optional(),
  version: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(5_000).optional(),
})

/** Routes about sessions and the clients that people use. */
export const CLIENT_ROUTES = {
  listSessions: {
    method: 'GET',
    path: '/api/v1/sessions',
    summary: 'List live sessions with what is known about their clients, one page at a time.',
    permission: 'session.read',
    about: 'list',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ sessions: z.array(session).readonly(), next: z.string().optional() }),
  },
  listClientVersions: {
    method: 'GET',
    path: '/api/v1/clients',
    summary: 'List every client version in use, those that nobody can name first.',
    permission: 'session.read',
    params: none,
    query: clientsQuery,
    status: 200,
    response: z.strictObject({ clients: z.array(clientVersion).readonly() }),
  },
  listClientUses: {
    method: 'GET',
    path: '/api/v1/clients/uses',
    summary: 'List who uses which client, those seen last first.',
    permission: 'session.read',
    params: none,
    query: clientUsesQuery,
    status: 200,
    response: z.strictObject({ uses: z.array(clientUse).readonly() }),
  },
  listClientHistory: {
    method: 'GET',
    path: '/api/v1/clients/history',
    summary: 'People per client version and day, oldest first.',
    permission: 'session.read',
    params: none,
    query: clientsQuery,
    status: 200,
    response: z.strictObject({ days: z.array(clientDay).readonly() }),
  },
} as const satisfies Record<string, AdminRoute>

export type ClientIdentityView = z.infer<typeof clientIdentity>
export type SessionView = z.infer<typeof session>
export type ClientVersion = z.infer<typeof clientVersion>
export type ClientUse = z.infer<typeof clientUse>
