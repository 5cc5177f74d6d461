import { EVIDENCE_TIERS } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { instant, none, pageQuery, searchQuery } from './admin-values.ts'

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
    node: z.string().meta({ description: 'Name of the server process that holds it: the one that answers.' }),
    units: z.array(z.string()).readonly(),
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
    daysBehind: z.int().min(0).optional().meta({
      description:
        'Days since the latest version of the family that is in use was first seen here; 0 for that one. Absent where versions cannot be compared.',
    }),
    flaws: z
      .array(z.strictObject({ flaw: z.string(), isExploited: z.boolean() }))
      .readonly()
      .meta({ description: 'What advisories say against it, those used in attacks first; dismissed ones left out.' }),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'ClientVersion' })

export const clientUse = z
  .strictObject({
    account: z.string(),
    units: z.array(z.string()).readonly().meta({ description: 'That the account is in now.' }),
    client: clientIdentity,
    unknownBecause: z.string().optional().meta({ description: 'Why it counts as unknown; absent when it is known.' }),
    address: z.string().optional().meta({ description: 'From where it came last.' }),
    node: z.string().meta({ description: 'Name of the server process that it came to last.' }),
    firstSeenAt: instant,
    lastSeenAt: instant,
    refusedAt: instant.optional().meta({ description: 'It was not let in then, because of what it is.' }),
  })
  .meta({ id: 'ClientUse' })

export const clientDay = z
  .strictObject({ day: z.iso.date(), family: z.string(), version: z.string(), people: z.int().min(0) })
  .meta({ id: 'ClientDay' })

export const clientsQuery = pageQuery.extend({
  days: z.coerce.number().int().min(1).max(400).optional().meta({ description: 'How far back. Default 90.' }),
})

/** What is known against a version in use, the worst first. */
export const STANDINGS = ['flawed', 'unknown', 'fine'] as const

export const clientVersionsQuery = clientsQuery.extend({
  ...searchQuery.pick({ text: true }).shape,
  standing: z.enum(STANDINGS).optional().meta({
    description: '`flawed`: an advisory is about it; `unknown`: nobody can name it; `fine`: neither.',
  }),
  live: z.enum(['true', 'false']).optional().meta({ description: '`true`: only what somebody is signed in with now.' }),
})

export const clientUsesQuery = clientsQuery.extend({
  family: z.string().max(64).optional(),
  version: z.string().max(64).optional(),
  build: z.string().max(64).optional(),
  os: z.string().max(64).optional(),
  tier: z.enum(EVIDENCE_TIERS).optional(),
  unit: z.string().max(64).optional().meta({ description: 'Of accounts in this unit.' }),
  node: z.string().max(255).optional(),
  account: z.string().max(256).optional().meta({ description: 'Name, without the domain.' }),
  address: z
    .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])
    .optional()
    .meta({ description: 'An address, or a network like 10.1.0.0/16.' }),
  unknown: z.enum(['true', 'false']).optional().meta({
    description: '`true`: those that cannot be named or compared, or contradict themselves; `false`: the others.',
  }),
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
    summary: 'List every client version in use, those that nobody can name first, one page at a time.',
    permission: 'session.read',
    params: none,
    query: clientVersionsQuery,
    status: 200,
    response: z.strictObject({ clients: z.array(clientVersion).readonly(), next: z.string().optional() }),
  },
  listClientUses: {
    method: 'GET',
    path: '/api/v1/clients/uses',
    summary:
      'List who uses which client, from where and on which node: unknown, unreadable and contradictory ones first, and of all the newest first; one page at a time.',
    permission: 'session.read',
    params: none,
    query: clientUsesQuery,
    status: 200,
    response: z.strictObject({ uses: z.array(clientUse).readonly(), next: z.string().optional() }),
  },
  listClientHistory: {
    method: 'GET',
    path: '/api/v1/clients/history',
    summary: 'People per client version and day, oldest first, one page at a time. Kept for 400 days.',
    permission: 'session.read',
    params: none,
    query: clientsQuery,
    status: 200,
    response: z.strictObject({ days: z.array(clientDay).readonly(), next: z.string().optional() }),
  },
} as const satisfies Record<string, AdminRoute>

export type ClientIdentityView = z.infer<typeof clientIdentity>
export type SessionView = z.infer<typeof session>
export type ClientVersion = z.infer<typeof clientVersion>
export type ClientUse = z.infer<typeof clientUse>
