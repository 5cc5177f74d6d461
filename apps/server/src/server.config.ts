import { boolean, bytes, commonConfig, duration } from '@drawbridge/runtime'
import { CLIENT_POSTURES } from '@drawbridge/policy'
import * as z from 'zod'
import { adminConfig } from './admin/access/admin.config.ts'
import { blobConfig } from './blobs/blobs.config.ts'
import { breakGlassNetworks } from './policy/break-glass.config.ts'
import { archiveConfig } from './routing/archive.config.ts'
import { imagesConfig } from './routing/images.config.ts'
import { contactConfig, registrationConfig } from './routing/registration.config.ts'
import { externalServicesConfig } from './features/external-services.config.ts'
import { clientProofConfig } from './stream/client-proof.config.ts'
import { componentConfig } from './stream/component.config.ts'
import { eventSinksConfig } from './event-sinks/sinks.config.ts'
import { antivirusConfig } from './files/antivirus.config.ts'
import { advisoriesConfig } from './policy/advisories.config.ts'
import { isTrustworthy, oidcConfig } from './stream/oidc/oidc.config.ts'
import { streamConfig } from './stream/stream.config.ts'
import { trafficConfig } from './traffic.config.ts'
import { allowedOrigins } from './transport/origins.ts'
import { proxyConfig } from './transport/proxy.config.ts'
import { pushConfig } from './web-push/push.config.ts'

const sections = z.object({
  common: commonConfig,
  stream: streamConfig,
  oidc: oidcConfig.prefault({}),
  clientProof: clientProofConfig.prefault({}),
  components: componentConfig.prefault({}),
  registration: registrationConfig.prefault({}),
  contacts: contactConfig.prefault({}),
  web: z.object({
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional()
      .meta({
        env: 'DRAWBRIDGE_PUBLIC_URL',
        doc: 'Address under which browsers and clients reach the HTTP port, when a proxy stands in front: https, or plain http on this machine. Links to files are made with it; old ones keep their host, and after a change they are refused while rules for clients block.',
      }),
    mediaUrl: z
      .url({ protocol: /^https?$/ })
      .refine((url) => new URL(url).origin === url.replace(/\/$/, ''), 'expected an origin without a path')
      .transform((url) => new URL(url).origin)
      .optional()
      .meta({
        env: 'DRAWBRIDGE_MEDIA_URL',
        doc: 'Another origin for files, such as https://files.example.com, that leads to the same HTTP port: then nothing that somebody uploaded is of the origin of the web client, and that host answers for files only. Its host must be below the same registered domain, and a proxy in front must pass the host on. Absent: files are of the same origin, and kept from being shown or run by their headers alone.',
      }),
    statusUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        env: 'DRAWBRIDGE_STATUS_URL',
        doc: 'Where clients find out why the service is away (XEP-0455), best on another machine. Absent: /status.json here, which is away with the rest.',
      }),
    allowedOrigins,
    hasBosh: boolean.default(false).meta({
      env: 'DRAWBRIDGE_BOSH',
      doc: 'Whether clients may connect by HTTP requests at /http-bind (XEP-0124, XEP-0206), for networks that let no WebSocket through. Costs more per message than a WebSocket.',
    }),
    hasPlainLinks: boolean.default(false).meta({
      env: 'DRAWBRIDGE_PLAIN_LINKS',
      doc: 'Whether a link to a file may be opened without our signature on whom it was given to, by anybody who knows it, and for ever. For components that pass links on, or for clients that keep them longer than DRAWBRIDGE_MEDIA_LINK_TTL.',
    }),
    mediaLinkTtlMs: duration
      .refine((ms) => ms >= 60_000 && ms <= 366 * 86_400_000, 'expected one minute to a year')
      .default(7 * 86_400_000)
      .meta({
        env: 'DRAWBRIDGE_MEDIA_LINK_TTL',
        doc: 'How long a link to a file is good for. Longer spares clients from asking the archive for a fresh one; shorter ends sooner what a leaked link is good for.',
      }),
  }),
  archive: archiveConfig.prefault({}),
  traffic: trafficConfig.prefault({}),
  blobs: blobConfig.prefault({}),
  images: imagesConfig.prefault({}),
  limits: z.object({
    maxUploadBytes: bytes.default(25 * 1024 * 1024).meta({
      env: 'DRAWBRIDGE_UPLOAD_MAX_BYTES',
      doc: 'Largest file that can be shared. Larger needs more disk, and more time in the sanitizer for images.',
    }),
    maxRosterItems: z.coerce.number().int().min(1).max(100_000).default(5_000).meta({
      env: 'DRAWBRIDGE_ROSTER_MAX_ITEMS',
      doc: 'Contacts one account may have. More makes signing in slower for clients without roster versioning.',
    }),
    maxPresenceRequests: z.coerce.number().int().min(1).max(100_000).default(1_000).meta({
      env: 'DRAWBRIDGE_PRESENCE_MAX_REQUESTS',
      doc: 'Requests to see its presence that one account may have unanswered (RFC 6121 §3.1.3). One more is dropped, so fewer lets strangers keep others out; each is given out at every sign-in, so more makes that slower.',
    }),
    archivePageMax: z.coerce.number().int().min(10).max(1_000).default(100).meta({
      env: 'DRAWBRIDGE_ARCHIVE_PAGE_MAX',
      doc: 'Messages in one page of the archive (XEP-0313). Larger pages mean fewer round trips and longer ones.',
    }),
    roomProfile: z.enum(['open', 'members']).default('open').meta({
      env: 'DRAWBRIDGE_ROOM_PROFILE',
      doc: 'What a new room is like until its owner changes it: `open` to everybody here, listed, real addresses shown to moderators only; or for `members` only, not listed, everybody sees who is who. Both stay when the last occupant leaves.',
    }),
    roomCreation: z.enum(['everybody', 'admins']).default('everybody').meta({
      env: 'DRAWBRIDGE_ROOM_CREATION',
      doc: 'Who may make rooms. `admins` keeps order; everybody else has to ask.',
    }),
    maxRoomsPerAccount: z.coerce.number().int().min(1).max(100_000).default(100).meta({
      env: 'DRAWBRIDGE_ROOMS_PER_ACCOUNT',
      doc: 'Rooms that one account may have made. Every room is in memory, so more costs memory for good.',
    }),
    maxRoomOccupants: z.coerce.number().int().min(2).max(100_000).default(5_000).meta({
      env: 'DRAWBRIDGE_ROOM_MAX_OCCUPANTS',
      doc: 'Devices that may be in one room at once. With more, each message and each entry costs more.',
    }),
    maxPepNodes: z.coerce.number().int().min(10).max(10_000).default(200).meta({
      env: 'DRAWBRIDGE_PEP_MAX_NODES',
      doc: 'Nodes one account may have for what its clients keep and publish (XEP-0163). More lets a client fill the database.',
    }),
    maxPepItems: z.coerce.number().int().min(10).max(10_000).default(1_000).meta({
      env: 'DRAWBRIDGE_PEP_MAX_ITEMS',
      doc: 'Items one node may keep, bookmarks for example. More lets a client fill the database.',
    }),
    maxPepBytes: bytes.default(16 * 1024 * 1024).meta({
      env: 'DRAWBRIDGE_PEP_MAX_BYTES',
      doc: 'What one account may keep in all its nodes together. More lets a client fill the database.',
    }),
    maxPepSubscriptions: z.coerce.number().int().min(1).max(100_000).default(1_000).meta({
      env: 'DRAWBRIDGE_PEP_MAX_SUBSCRIPTIONS',
      doc: 'Subscriptions one node may have, beside the contacts who see presence, and people its owner may name. More makes publishing slower.',
    }),
  }),
  admin: adminConfig.prefault({}),
  advisories: advisoriesConfig.prefault({}),
  antivirus: antivirusConfig.prefault({}),
  eventSinks: eventSinksConfig.prefault({}),
  proxy: proxyConfig.prefault({}),
  push: pushConfig.prefault({}),
  externalServices: externalServicesConfig.prefault({}),
  policy: z.object({
    nodeName: z.string().min(1).max(128).optional().meta({
      env: 'DRAWBRIDGE_NODE_NAME',
      doc: 'What administrators call this server process among those on the same database. Absent: the name of the machine.',
    }),
    posture: z.enum(CLIENT_POSTURES).default('discover').meta({
      env: 'DRAWBRIDGE_CLIENT_POSTURE',
      doc: 'What happens to clients that do not say what they are: `discover` lets them in and counts them, `enforce` blocks them. Counts until `client-posture set` says something.',
    }),
    breakGlassNetworks,
    leaseTtlMs: z.coerce.number().int().min(1_000).max(5_000).default(5_000).meta({
      env: 'DRAWBRIDGE_LEASE_TTL_MS',
      doc: 'How long rules count as current without hearing from the database, in milliseconds. Shorter closes sooner in trouble, and sooner by mistake.',
    }),
  }),
})

/** Settings of the server process, by section. */
export const serverConfig = sections.superRefine(({ common, oidc, web }, context) => {
  // XEP-0363 §4: "Both HTTPS URLs". On this machine, and where tests say so, nobody is in between.
  for (const key of ['publicUrl', 'mediaUrl'] as const) {
    const url = web[key]
    if (url === undefined || common.allowPlaintext || isTrustworthy(url, { allowPlaintext: true })) continue
    const message =
      'must be an https address: links to files are made with it. Plain http is for addresses of this machine.'
    context.addIssue({ code: 'custom', path: ['web', key], message })
  }
  if (oidc.issuer === undefined || isTrustworthy(oidc.issuer, common)) return
  const message =
    'DRAWBRIDGE_OIDC_ISSUER must be an https address; plain http is for tests on this machine, with DRAWBRIDGE_ALLOW_PLAINTEXT.'
  context.addIssue({ code: 'custom', path: ['oidc', 'issuer'], message, params: { sentence: true } })
})

export type ServerConfig = z.output<typeof serverConfig>
