import { z } from 'zod'
import type { AffectedProduct, FeedPart, Statement } from './advisory.ts'
import { identifierFromPackage, identifierFromPurl } from './identifiers.ts'
import { flawId, list, prose, word } from './shapes.ts'

const event = z.object({
  introduced: word.optional(),
  fixed: word.optional(),
  last_affected: word.optional(),
  limit: word.optional(),
})
const range = z.object({ type: word, events: list(event) })
const affected = z.object({
  package: z.object({ ecosystem: word, name: word, purl: word.optional() }).optional(),
  ranges: list(range).default([]),
  versions: list(word).default([]),
})
const record = z.object({
  id: flawId,
  modified: word,
  withdrawn: word.optional(),
  aliases: list(flawId).default([]),
  summary: prose.optional(),
  details: prose.optional(),
  affected: list(affected).default([]),
})

/** A record of the OSV schema, as osv.dev and the database of GitHub's advisories publish them. */
export function readOsv(value: unknown): FeedPart {
  const { id, modified, withdrawn, aliases, summary, details, affected: products } = record.parse(value)
  if (withdrawn !== undefined) return { withdrawn: [id] }
  return {
    advisories: [
      {
        id,
        aliases,
        kind: 'osv',
        title: summary ?? details ?? id,
        url: `https://osv.dev/vulnerability/${id}`,
        modifiedAt: modified,
        products: products.flatMap(productOf),
      },
    ],
  }
}

function productOf({ package: known, ranges, versions }: z.output<typeof affected>): AffectedProduct[] {
  if (!known) return []
  const identifiers = [
    known.purl === undefined ? undefined : identifierFromPurl(known.purl),
    identifierFromPackage(known.ecosystem, known.name),
  ].filter((identifier) => identifier !== undefined)
  const statements: Statement[] = [
    // Commits cannot be compared with versions.
    ...ranges.filter(({ type }) => type !== 'GIT').flatMap(({ events }) => statementsOf(events)),
    ...versions.map((version) => ({ interval: { from: version, last: version }, isAffected: true })),
  ]
  if (identifiers.length === 0 || statements.length === 0) return []
  return [{ identifiers: [...new Set(identifiers)], statements, otherwise: 'unaffected' }]
}

/** Each `introduced` opens an interval, which the next `fixed`, `last_affected` or `limit` closes. */
function statementsOf(events: readonly z.output<typeof event>[]): Statement[] {
  const statements: Statement[] = []
  let from: string | undefined
  const close = (end: { below?: string; last?: string }) => {
    if (from === undefined) return
    statements.push({ interval: { ...(from === '0' ? {} : { from }), ...end }, isAffected: true })
    from = undefined
  }
  for (const { introduced, fixed, last_affected: last, limit } of events) {
    if (introduced !== undefined) {
      close({})
      from = introduced
    }
    if (fixed !== undefined) close({ below: fixed })
    else if (last !== undefined) close({ last })
    else if (limit !== undefined && limit !== '*') close({ below: limit })
  }
  close({})
  return statements
}
