import type { Advisory, Component, Proposal } from '@drawbridge/advisories'
import { IMAGE_FORMATS, Refusal } from '@drawbridge/contract'
import type { AdvisoryProposalView, ClientBuildView } from '@drawbridge/contract'
import { findProposal, listAdvisories, listClientBuilds, listProposals, listUsedVersions } from '@drawbridge/db'
import type { ClientBuild, StoredProposal } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { firstReadAt, pageOf } from './page.ts'

const MAX_LISTED = 10_000
const IN_USE_MS = 90 * 86_400_000

type Ids =
  | 'importAdvisories'
  | 'listAdvisories'
  | 'listProposals'
  | 'getProposal'
  | 'decideProposal'
  | 'getAdvisorySettings'
  | 'setAdvisorySettings'
  | 'listClientBuilds'
  | 'registerClientBuild'

/** What the world says about vulnerable software, and what is done about it. */
export function advisoryHandlers({ db, advisories, sessions, now }: AdminContext): AdminHandlers<Ids> {
  /** How many people and sessions a proposal is about, by the clients of the last 90 days and of now. */
  const counter = async () => {
    const used = await listUsedVersions(db, new Date(now().getTime() - IN_USE_MS))
    const live = [...sessions.list()]
    return ({ family, versions }: Proposal) => {
      const isAffected = (client: { readonly family?: string | null; readonly version?: string | null }) =>
        client.family === family && versions.some((version) => (version ?? null) === (client.version ?? null))
      return {
        people: used.filter(isAffected).reduce((sum, { people }) => sum + people, 0),
        sessions: live.filter(({ client }) => isAffected(client)).length,
      }
    }
  }
  return {
    importAdvisories: (request) => advisories.import(actorOf(request).name, request.body.name, request.body.text),
    async listAdvisories({ query: { cursor, limit = 100 } }) {
      const rows = await listAdvisories(db, limit + 1, cursor === undefined ? undefined : positionFrom(cursor))
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      return {
        advisories: page.map(({ id, kind, document, importedAt, importedBy }) => {
          const { title, url } = document as Advisory
          return {
            id,
            kind: kind as Advisory['kind'],
            title,
            ...(url === undefined ? {} : { url }),
            importedAt: importedAt.toISOString(),
            importedBy,
          }
        }),
        ...(rows.length > limit && last ? { next: `${last.kind} ${last.id}` } : {}),
      }
    },
    async listProposals({ query }) {
      const readAt = firstReadAt(query.cursor, now())
      const wasOpen = ({ state, decidedAt }: StoredProposal) =>
        state === 'open' || (decidedAt !== null && decidedAt.getTime() > readAt)
      const { page, more } = pageOf(await listProposals(db, MAX_LISTED), query, (row) => {
        const { foundAt, flaw, family } = row
        // What was found meanwhile, or found again, comes last: in its place it would be passed over.
        const group = foundAt.getTime() > readAt ? 2 : wasOpen(row) ? 0 : 1
        return [readAt, group, -foundAt.getTime(), flaw, family]
      })
      const count = await counter()
      return { proposals: page.map((row) => proposalView(row, count)), ...more }
    },
    async getProposal({ params: { flaw, family } }) {
      const row = await findProposal(db, flaw, family)
      if (!row) throw new Refusal('no-such-proposal')
      return { proposal: proposalView(row, await counter()) }
    },
    async decideProposal(request) {
      const { flaw, family } = request.params
      const row = await advisories.decide(actorOf(request).name, flaw, family, request.body)
      return proposalView(row, await counter())
    },
    getAdvisorySettings: () => advisories.settings(),
    async setAdvisorySettings(request) {
      const proposals = await advisories.setSettings(actorOf(request).name, request.body)
      return { ...request.body, proposals }
    },
    async listClientBuilds({ query }) {
      const { page, more } = pageOf(await listClientBuilds(db), query, ({ family, registeredAt, version, build }) => [
        family,
        -registeredAt.getTime(),
        version,
        build,
      ])
      return { builds: page.map(buildView), ...more }
    },
    async registerClientBuild(request) {
      return buildView(await advisories.registerBuild(actorOf(request).name, request.body))
    },
  }
}

function positionFrom(cursor: string): { readonly kind: string; readonly id: string } {
  const [kind, id] = cursor.split(' ')
  if (kind === undefined || id === undefined) throw new Refusal('bad-request')
  return { kind, id }
}

function proposalView(
  row: StoredProposal,
  count: (proposal: Proposal) => { readonly people: number; readonly sessions: number },
): AdvisoryProposalView {
  const proposal = row.document as Proposal
  const { title, url, advisories, isExploited, confidence, component, range, versions, formats, suggestion } = proposal
  const { deadline, ...rest } = suggestion
  return {
    flaw: row.flaw,
    family: row.family,
    title,
    ...(url === undefined ? {} : { url }),
    advisories,
    isExploited,
    confidence,
    ...(component === undefined ? {} : { component }),
    versions: versions.map((version) => version ?? ''),
    ...(range.below === undefined ? {} : { minimumVersion: range.below }),
    formats,
    ...count(proposal),
    draft: {
      family: row.family,
      ...range,
      ...rest,
      formats: IMAGE_FORMATS.filter((format) => formats.includes(format)),
      ...(deadline === undefined ? {} : { deadline: new Date(deadline).toISOString() }),
    },
    state: row.state,
    foundAt: row.foundAt.toISOString(),
    ...(row.ruleId === null ? {} : { rule: row.ruleId }),
    ...(row.decidedAt === null ? {} : { decidedAt: row.decidedAt.toISOString() }),
    ...(row.decidedBy === null ? {} : { decidedBy: row.decidedBy }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  }
}

function buildView({ family, version, build, components, registeredAt, registeredBy }: ClientBuild): ClientBuildView {
  return {
    family,
    version,
    build,
    components: (components as readonly Component[]).length,
    registeredAt: registeredAt.toISOString(),
    registeredBy,
  }
}
