import { z } from 'zod'
import type { FeedPart } from './advisory.ts'
import { identifierFromCpe, identifierFromPurl } from './identifiers.ts'
import { flawId, list, word } from './shapes.ts'

const product = z.object({
  '@id': word.optional(),
  identifiers: z.object({ purl: word.optional(), cpe22: word.optional(), cpe23: word.optional() }).optional(),
})
const statement = z.object({
  vulnerability: z.union([flawId, z.object({ name: flawId })]),
  products: list(product).default([]),
  status: word,
})
const record = z.object({ statements: list(statement) })

/** An OpenVEX document: only what it says is *not* affected; what is affected comes from advisories. */
export function readOpenVex(value: unknown): FeedPart {
  const { statements } = record.parse(value)
  return {
    notAffected: statements
      .filter(({ status }) => status === 'not_affected')
      .map(({ vulnerability, products }) => ({
        id: typeof vulnerability === 'string' ? vulnerability : vulnerability.name,
        identifiers: products.flatMap(identifiersOf),
      })),
  }
}

function identifiersOf({ '@id': id, identifiers }: z.output<typeof product>): string[] {
  const purls = [id, identifiers?.purl].flatMap((purl) => (purl === undefined ? [] : [identifierFromPurl(purl)]))
  const cpes = [identifiers?.cpe22, identifiers?.cpe23].flatMap((cpe) =>
    cpe === undefined ? [] : [identifierFromCpe(cpe)],
  )
  return [...purls, ...cpes].filter((identifier) => identifier !== undefined)
}
