import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { instant, none, pageQuery } from './admin-values.ts'

/** By what traffic is counted. */
export const TRAFFIC_KINDS = ['service', 'account', 'unit', 'room', 'peer', 'format'] as const
export type TrafficKind = (typeof TRAFFIC_KINDS)[number]

/** What is counted, and what it means. */
const COUNTS = {
  messages: 'Messages that were taken and stored.',
  bytes: 'Of these messages as they are stored; files are counted apart.',
  files: 'Messages that share a file, images included.',
  images: 'Messages that share an image.',
  uploads:
    'Files that came whole, images included, and also those that were refused then. Of a room: files that were shared in it.',
  uploadBytes: 'Of these files as they came; of a room, as they are served.',
  imageUploads: 'Images among these files.',
  imageUploadBytes: 'Of these images.',
  downloads: 'Files that somebody began to read, thumbnails included.',
  downloadBytes: 'That were handed out for these files, also when the reader went away in the middle.',
  imageDownloads: 'Images among these files.',
  imageDownloadBytes: 'That were handed out for these images.',
  calls:
    'Calls that were accepted (XEP-0166), by whoever accepted them. What they carry goes from peer to peer and is not seen here; everything else passes the server.',
} as const

export type TrafficCount = keyof typeof COUNTS
/** Names of all counts, in their order. */
export const TRAFFIC_COUNTS = Object.keys(COUNTS) as readonly TrafficCount[]

const counts = Object.fromEntries(
  TRAFFIC_COUNTS.map((name) => [name, z.number().min(0).meta({ description: COUNTS[name] })]),
) as Readonly<Record<TrafficCount, z.ZodNumber>>

const span = {
  from: instant.optional().meta({ description: 'Default: seven days before `until`.' }),
  until: instant.optional().meta({ description: 'Default: now.' }),
} as const

/** Routes about how much is sent. */
export const TRAFFIC_ROUTES = {
  listTraffic: {
    method: 'GET',
    path: '/api/v1/traffic',
    summary: 'Who or what sent how much, the most first. Counted by the hour.',
    permission: 'session.read',
    params: none,
    query: z.strictObject({
      by: z.enum(TRAFFIC_KINDS).optional().meta({ description: 'Default account.' }),
      order: z
        .enum(TRAFFIC_COUNTS)
        .optional()
        .meta({ description: 'Of which count the most comes first. Default messages.' }),
      ...span,
      ...pageQuery.shape,
    }),
    status: 200,
    response: z.strictObject({
      rows: z
        .array(
          z.strictObject({
            subject: z.string().meta({
              description:
                'Name of an account or a unit, bare JID of a room, domain or format; empty for the service, `*` for all that were too many to be counted apart.',
            }),
            id: z.string().meta({
              description: 'Another one for each account, unit or room that had the name, one after the other.',
            }),
            isFormer: z.boolean().meta({ description: 'The account, the unit or the room is gone.' }),
            ...counts,
          }),
        )
        .readonly(),
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
      subject: z.string().max(3071).optional().meta({
        description: 'Whose, by name or by id; a name means who has it now. Empty for the service.',
      }),
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
