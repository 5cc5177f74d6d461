import { z } from 'zod'
import type { AffectedProduct, FeedPart } from './advisory.ts'
import { statementsFrom, versionEntry } from './cve-versions.ts'
import { identifierFromCollection, identifierFromCpe, identifierFromNames, identifierFromPurl } from './identifiers.ts'
import { flawId, list, prose, word } from './shapes.ts'

const affected = z.object({
  vendor: word.optional(),
  product: word.optional(),
  collectionURL: word.optional(),
  packageName: word.optional(),
  packageURL: word.optional(),
  cpes: list(word).default([]),
  defaultStatus: word.default('unknown'),
  versions: list(versionEntry).default([]),
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
  const products = [cna, ...adp].flatMap((part) => part.affected.flatMap(productOf))
  return {
    advisories: [
      {
        id,
        aliases: [],
        kind: 'cve',
        title: cna.title ?? description ?? id,
        url: `https://www.cve.org/CVERecord?id=${id}`,
        ...(dateUpdated === undefined ? {} : { modifiedAt: dateUpdated }),
        products: withoutDoubled(products),
      },
    ],
  }
}

function productOf({ vendor = '', product = '', versions, defaultStatus, ...names }: z.output<typeof affected>) {
  const { cpes, packageURL, collectionURL, packageName } = names
  const identifiers = [
    ...cpes.map(identifierFromCpe),
    packageURL === undefined ? undefined : identifierFromPurl(packageURL),
    identifierFromCollection(collectionURL ?? '', packageName ?? ''),
    identifierFromNames(vendor, product),
  ].filter((identifier) => identifier !== undefined)
  const said = statementsFrom(versions, defaultStatus)
  if (identifiers.length === 0 || (said.statements.length === 0 && said.otherwise === 'unaffected')) return []
  return [{ identifiers: [...new Set(identifiers)], ...said }]
}

/** An entry that tells nothing but commits goes where another one tells the versions of the same product. */
function withoutDoubled(products: readonly AffectedProduct[]): AffectedProduct[] {
  const told = new Set(products.filter(({ statements }) => statements.length > 0).flatMap((one) => one.identifiers))
  return products.filter(
    ({ statements, otherwise, identifiers }) =>
      statements.length > 0 || otherwise === 'affected' || !identifiers.some((identifier) => told.has(identifier)),
  )
}
