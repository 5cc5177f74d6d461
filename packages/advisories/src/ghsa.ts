import { z } from 'zod'
import type { AffectedProduct, FeedPart } from './advisory.ts'
import { identifierFromPackage } from './identifiers.ts'
import { intervalFrom } from './ranges.ts'
import { flawId, list, prose, word } from './shapes.ts'

const vulnerability = z.object({
  package: z.object({ ecosystem: word, name: word }),
  vulnerable_version_range: word.nullish(),
})
const record = z.object({
  ghsa_id: flawId,
  cve_id: flawId.nullish(),
  html_url: word.nullish(),
  summary: prose,
  updated_at: word.nullish(),
  withdrawn_at: word.nullish(),
  vulnerabilities: list(vulnerability).nullish(),
})

/** An advisory as GitHub's REST API gives it (`/advisories`). Files of GitHub's database are OSV. */
export function readGhsa(value: unknown): FeedPart {
  const { ghsa_id: id, cve_id: cve, html_url: url, summary, updated_at: modifiedAt, ...rest } = record.parse(value)
  if (typeof rest.withdrawn_at === 'string') return { withdrawn: [id] }
  return {
    advisories: [
      {
        id,
        aliases: typeof cve === 'string' ? [cve] : [],
        kind: 'ghsa',
        title: summary,
        ...(typeof url === 'string' ? { url } : {}),
        ...(typeof modifiedAt === 'string' ? { modifiedAt } : {}),
        products: (rest.vulnerabilities ?? []).flatMap(productOf),
      },
    ],
  }
}

function productOf({
  package: known,
  vulnerable_version_range: text,
}: z.output<typeof vulnerability>): AffectedProduct[] {
  const identifier = identifierFromPackage(known.ecosystem, known.name)
  if (identifier === undefined) return []
  const interval = typeof text === 'string' ? intervalFrom(text) : {}
  if (interval === undefined) throw new Error(`the range ${text} cannot be read`)
  return [{ identifiers: [identifier], statements: [{ interval, isAffected: true }], otherwise: 'unaffected' }]
}
