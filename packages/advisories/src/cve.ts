import { z } from 'zod'
import type { AffectedProduct, FeedPart, Interval, Statement } from './advisory.ts'
import { identifierFromCpe, identifierFromNames, identifierFromPurl } from './identifiers.ts'
import { flawId, list, prose, word } from './shapes.ts'

const version = z.object({
  version: word,
  status: word,
  lessThan: word.optional(),
  lessThanOrEqual: word.optional(),
  versionType: word.optional(),
  changes: list(z.object({ at: word, status: word })).default([]),
})
const affected = z.object({
  vendor: word.optional(),
  product: word.optional(),
  packageName: word.optional(),
  packageURL: word.optional(),
  cpes: list(word).default([]),
  defaultStatus: word.default('unknown'),
  versions: list(version).default([]),
})
const container = z.object({
  title: prose.optional(),
  descriptions: list(z.object({ lang: word, value: prose })).default([]),
  affected: list(affected).default([]),
})
const record = z.object({
  cveMetadata: z.object({ cveId: flawId, state: word, dateUpdated: word.optional() }),
  containers: z.object({ cna: container, adp: list(container).default([]) }),
})

/** A CVE record, format 5.x. What authorized publishers add (`adp`) counts like what the numbering authority says. */
export function readCve(value: unknown): FeedPart {
  const { cveMetadata, containers } = record.parse(value)
  const { cveId: id, state, dateUpdated } = cveMetadata
  if (state !== 'PUBLISHED') return { withdrawn: [id] }
  const { cna, adp } = containers
  const description = cna.descriptions.find(({ lang }) => lang.startsWith('en'))?.value
  return {
    advisories: [
      {
        id,
        aliases: [],
        kind: 'cve',
        title: cna.title ?? description ?? id,
        url: `https://www.cve.org/CVERecord?id=${id}`,
        ...(dateUpdated === undefined ? {} : { modifiedAt: dateUpdated }),
        products: [cna, ...adp].flatMap((part) => part.affected.flatMap(productOf)),
      },
    ],
  }
}

function productOf({
  vendor,
  product,
  packageURL,
  cpes,
  defaultStatus,
  versions,
}: z.output<typeof affected>): AffectedProduct[] {
  const identifiers = [
    ...cpes.map(identifierFromCpe),
    packageURL === undefined ? undefined : identifierFromPurl(packageURL),
    vendor === undefined || product === undefined ? undefined : identifierFromNames(vendor, product),
  ].filter((identifier) => identifier !== undefined)
  // Commits cannot be compared with versions; `unknown` says nothing.
  const statements = versions.filter(({ versionType }) => versionType !== 'git').flatMap(statementsOf)
  const otherwise = defaultStatus === 'affected' ? 'affected' : 'unaffected'
  if (identifiers.length === 0 || (statements.length === 0 && otherwise === 'unaffected')) return []
  return [{ identifiers: [...new Set(identifiers)], statements, otherwise }]
}

/** One entry is one version, or a range inside which `changes` switch the status. */
function statementsOf({
  version: first,
  status,
  lessThan,
  lessThanOrEqual: last,
  changes,
}: z.output<typeof version>): Statement[] {
  const from = first === '0' || first === '*' || first === 'unspecified' ? {} : { from: first }
  const end = endOf(lessThan, last)
  const isRange = lessThan !== undefined || last !== undefined || first === '*'
  if (!isRange) return said({ ...from, last: first }, status)
  const starts = [{ from, status }, ...changes.map(({ at, status: next }) => ({ from: { from: at }, status: next }))]
  return starts.flatMap(({ from: start, status: current }, index) => {
    const next = starts[index + 1]?.from.from
    return said({ ...start, ...(next === undefined ? end : { below: next }) }, current)
  })
}

function said(interval: Interval, status: string): Statement[] {
  return status === 'affected' || status === 'unaffected' ? [{ interval, isAffected: status === 'affected' }] : []
}

/** `*` is without end, `2.*` ends before 3. */
function endOf(lessThan: string | undefined, last: string | undefined): Interval {
  const end = lessThan ?? last
  if (end === undefined || end === '*') return {}
  const wildcard = /^((?:\d+\.)*)(\d+)\.\*$/u.exec(end)
  if (wildcard) return { below: `${wildcard[1] ?? ''}${Number(wildcard[2]) + 1}` }
  return lessThan === undefined ? { last: end } : { below: end }
}
