import { CONFIDENCES, FEED_KINDS, productMapSchema } from '@drawbridge/advisories'
import { conditionFields } from '@drawbridge/policy'
import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { newClientRule } from './admin-client-rules.ts'
import { instant, none, pageQuery } from './admin-values.ts'

// What the world says about vulnerable software, and what might be done about it here.

const id = z.string().min(1).max(256)
const family = conditionFields.family.meta({ description: 'As `client list` shows it, like gajim.' })

/** Largest file that is imported, in bytes. All of KEV is 2 MB, an ecosystem of OSV some tens. */
export const MAX_FEED_BYTES = 64 * 1024 * 1024

const newFeed = z
  .strictObject({
    name: z.string().min(1).max(256).meta({ description: 'What the import is called in the record.' }),
    text: z.string().min(2).meta({
      description:
        'A file of KEV, OSV, GHSA, CVE 5.1, CSAF 2.0 or OpenVEX, or a signed bundle of such files, as it is.',
    }),
  })
  .meta({ id: 'NewFeed' })

const feedImportResult = z
  .strictObject({
    isSigned: z.boolean().meta({ description: 'It was a bundle with the signature of a trusted key.' }),
    files: z
      .array(
        z.strictObject({
          name: z.string(),
          kind: z.enum(FEED_KINDS),
          advisories: z.int().min(0),
          exploited: z.int().min(0),
          notAffected: z.int().min(0),
          withdrawn: z.int().min(0),
          unread: z
            .array(z.strictObject({ at: z.string(), why: z.string() }))
            .readonly()
            .meta({ description: 'Records that were left out, and why; the first hundred.' }),
        }),
      )
      .readonly(),
    proposals: z.int().min(0).meta({ description: 'Proposals that were opened by it.' }),
    leftOut: z.int().min(0).meta({
      description:
        'Advisories about clients here that were not compared with them, since there are too many: those used in attacks go first. Proposals of them stay as they are.',
    }),
  })
  .meta({ id: 'FeedImportResult' })

const advisoryView = z
  .strictObject({
    id: z.string(),
    kind: z.enum(FEED_KINDS),
    title: z.string(),
    url: z.string().optional(),
    importedAt: instant,
    importedBy: z.string(),
  })
  .meta({ id: 'Advisory' })

const proposal = z
  .strictObject({
    flaw: z.string(),
    family: z.string(),
    title: z.string(),
    url: z.string().optional(),
    advisories: z.array(z.string()).readonly(),
    isExploited: z.boolean().meta({ description: 'It is used in attacks (KEV).' }),
    confidence: z.enum(CONFIDENCES),
    component: z
      .string()
      .optional()
      .meta({ description: 'The vulnerable part of the client; absent: the client itself.' }),
    versions: z
      .array(z.string())
      .readonly()
      .meta({ description: 'Of the versions in use, those that are affected; an empty text: it does not say.' }),
    minimumVersion: z
      .string()
      .optional()
      .meta({ description: 'The first version that is fine; absent: none is known.' }),
    formats: z.array(z.string()).readonly().meta({ description: 'Image formats through which it can be reached.' }),
    people: z.int().min(0).meta({ description: 'Who used an affected version in the last 90 days.' }),
    sessions: z.int().min(0).meta({ description: 'Affected sessions now.' }),
    draft: newClientRule.meta({ description: 'A rule that would fit: simulate it, change it, add it.' }),
    state: z.enum(['open', 'accepted', 'dismissed', 'moot']),
    foundAt: instant,
    rule: z.string().optional().meta({ description: 'The rule that was made of it.' }),
    decidedAt: instant.optional(),
    decidedBy: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'AdvisoryProposal' })

const proposalParams = z.strictObject({ flaw: id, family })

const decision = z
  .strictObject({
    decision: z.enum(['accept', 'dismiss']),
    reason: z.string().min(1).max(500),
    rule: z.string().max(64).optional().meta({ description: 'The rule that was made of it.' }),
  })
  .meta({ id: 'ProposalDecision' })

const build = z
  .strictObject({
    family: z.string(),
    version: z.string(),
    build: z.string(),
    components: z.int().min(0),
    registeredAt: instant,
    registeredBy: z.string(),
  })
  .meta({ id: 'ClientBuild' })

const newBuild = z
  .strictObject({
    family,
    version: z.string().min(1).max(64),
    build: z.string().max(64).optional(),
    sbom: z.unknown().meta({ description: 'A CycloneDX bill of materials (JSON).' }),
  })
  .meta({ id: 'NewClientBuild' })

export const advisorySettings = z
  .strictObject({
    isDegradeArmed: z.boolean().meta({
      description:
        'Withhold the images at once, without asking, where a flaw is used in attacks and the match is exact.',
    }),
    products: productMapSchema.meta({ description: 'Laid over the built-in map, entry by entry.' }),
  })
  .meta({ id: 'AdvisorySettings' })

/** Routes about advisories. */
export const ADVISORY_ROUTES = {
  importAdvisories: {
    method: 'POST',
    path: '/api/v1/advisories/import',
    summary: 'Import a file of advisories or a signed bundle. Nobody is locked out by it: it makes proposals.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: newFeed,
    maxBodyBytes: MAX_FEED_BYTES,
    status: 200,
    response: feedImportResult,
  },
  listAdvisories: {
    method: 'GET',
    path: '/api/v1/advisories',
    summary: 'List advisories by id, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: z.strictObject({
      cursor: z.string().max(512).optional(),
      limit: z.coerce.number().int().min(1).max(500).optional(),
    }),
    status: 200,
    response: z.strictObject({ advisories: z.array(advisoryView).readonly(), next: z.string().optional() }),
  },
  listProposals: {
    method: 'GET',
    path: '/api/v1/advisories/proposals',
    summary: 'List what advisories suggest for the clients in use here, open proposals first, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ proposals: z.array(proposal).readonly(), next: z.string().optional() }),
  },
  getProposal: {
    method: 'GET',
    path: '/api/v1/advisories/proposals/{flaw}/{family}',
    summary: 'One proposal.',
    permission: 'policy.read',
    params: proposalParams,
    query: none,
    status: 200,
    response: z.strictObject({ proposal }),
  },
  decideProposal: {
    method: 'POST',
    path: '/api/v1/advisories/proposals/{flaw}/{family}/decision',
    summary: 'Say what became of a proposal. A rule is made like any other, and named here.',
    permission: 'policy.write',
    edits: 'getProposal',
    isPolicyWrite: true,
    params: proposalParams,
    query: none,
    body: decision,
    status: 200,
    response: proposal,
  },
  getAdvisorySettings: {
    method: 'GET',
    path: '/api/v1/advisories/settings',
    summary: 'How advisories are matched with clients, and whether images may be withheld without asking.',
    permission: 'policy.read',
    params: none,
    query: none,
    status: 200,
    response: advisorySettings,
  },
  setAdvisorySettings: {
    method: 'PUT',
    path: '/api/v1/advisories/settings',
    summary: 'Replace these settings; proposals are made anew.',
    permission: 'policy.write',
    isPolicyWrite: true,
    edits: 'getAdvisorySettings',
    params: none,
    query: none,
    body: advisorySettings,
    maxBodyBytes: 1_048_576,
    status: 200,
    response: z.strictObject({
      ...advisorySettings.shape,
      proposals: z.int().min(0).meta({ description: 'Proposals that were opened by it.' }),
    }),
  },
  listClientBuilds: {
    method: 'GET',
    path: '/api/v1/client-builds',
    summary: 'List builds of clients whose bill of materials is registered, by family, newest first.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ builds: z.array(build).readonly(), next: z.string().optional() }),
  },
  registerClientBuild: {
    method: 'POST',
    path: '/api/v1/client-builds',
    summary: 'Register what a build of a client is made of.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: newBuild,
    maxBodyBytes: 16 * 1024 * 1024,
    status: 201,
    response: build,
  },
} as const satisfies Record<string, AdminRoute>

export type AdvisoryProposalView = z.infer<typeof proposal>
export type FeedImportResult = z.infer<typeof feedImportResult>
export type AdvisorySettings = z.infer<typeof advisorySettings>
export type ClientBuildView = z.infer<typeof build>
