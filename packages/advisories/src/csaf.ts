import { z } from 'zod'
import type { AffectedProduct, FeedPart, Interval, NotAffected } from './advisory.ts'
import { identifierFromCpe, identifierFromNames, identifierFromPurl } from './identifiers.ts'
import { anyOf, intervalFrom } from './ranges.ts'
import { flawId, list, prose, word } from './shapes.ts'

const helper = z.object({ cpe: word.optional(), purl: word.optional() })
const product = z.object({ product_id: word, name: word, product_identification_helper: helper.optional() })
const branch = z.object({
  category: word,
  name: word,
  product: product.optional(),
  // Checked one by one while walking, so that no depth of nesting costs stack.
  branches: list(z.unknown()).default([]),
})
const status = z.object({
  known_affected: list(word).default([]),
  first_affected: list(word).default([]),
  last_affected: list(word).default([]),
  known_not_affected: list(word).default([]),
  fixed: list(word).default([]),
  first_fixed: list(word).default([]),
})
const record = z.object({
  document: z.object({
    title: prose,
    tracking: z.object({ id: word, current_release_date: word.optional() }),
  }),
  product_tree: z.object({ branches: list(z.unknown()).default([]) }).optional(),
  vulnerabilities: list(
    z.object({ cve: flawId.optional(), title: prose.optional(), product_status: status.optional() }),
  ).default([]),
})

/** Most products of one document. */
const MAX_PRODUCTS = 100_000

interface Product {
  readonly identifiers: readonly string[]
  readonly interval: Interval
}

/** A security advisory or VEX document of CSAF 2.0. */
export function readCsaf(value: unknown): FeedPart {
  const { document, product_tree: tree, vulnerabilities } = record.parse(value)
  const products = productsOf(tree?.branches ?? [])
  const known = (ids: readonly string[]) => ids.flatMap((id) => products.get(id) ?? [])
  const named = vulnerabilities.flatMap(({ cve, title, product_status: said }) =>
    cve === undefined || !said ? [] : [{ cve, title, said }],
  )
  return {
    advisories: named.map(({ cve, title, said }) => ({
      id: cve,
      aliases: [],
      kind: 'csaf',
      title: title ?? document.title,
      ...(document.tracking.current_release_date === undefined
        ? {}
        : { modifiedAt: document.tracking.current_release_date }),
      products: affectedProducts(
        known([...said.known_affected, ...said.first_affected, ...said.last_affected]),
        known([...said.fixed, ...said.first_fixed]),
      ),
    })),
    notAffected: named.flatMap(({ cve, said }) =>
      known(said.known_not_affected).map(({ identifiers }): NotAffected => ({ id: cve, identifiers })),
    ),
  }
}

/** Products by their names, each with its affected versions first and its fixed ones after them. */
function affectedProducts(affected: readonly Product[], fixed: readonly Product[]): AffectedProduct[] {
  const groups = Map.groupBy(affected, ({ identifiers }) => identifiers.join(' '))
  return [...groups.values()].map((group) => {
    const identifiers = group[0]?.identifiers ?? []
    const isSame = (other: Product) => other.identifiers.some((identifier) => identifiers.includes(identifier))
    const said = (isAffected: boolean) => (one: Product) => ({ interval: one.interval, isAffected })
    return {
      identifiers,
      statements: [...group.map(said(true)), ...fixed.filter(isSame).map(said(false))],
      otherwise: 'unaffected',
    }
  })
}

/** Walks the tree: vendor, product name and version are said by branches, the leaf has the id. */
function productsOf(roots: readonly unknown[]): Map<string, Product> {
  const products = new Map<string, Product>()
  const open: { readonly node: unknown; readonly said: Readonly<Record<string, string>> }[] = roots.map((node) => ({
    node,
    said: {},
  }))
  for (let next = open.pop(); next; next = open.pop()) {
    const { category, name, product: leaf, branches } = branch.parse(next.node)
    const said = { ...next.said, [category]: name }
    if (leaf) products.set(leaf.product_id, productFrom(leaf, said))
    for (const node of branches) open.push({ node, said })
    if (products.size + open.length > MAX_PRODUCTS) throw new Error(`it has more than ${MAX_PRODUCTS} products`)
  }
  return products
}

function productFrom(
  { product_identification_helper: helped }: z.output<typeof product>,
  said: Readonly<Record<string, string>>,
): Product {
  const identifiers = [
    helped?.purl === undefined ? undefined : identifierFromPurl(helped.purl),
    helped?.cpe === undefined ? undefined : identifierFromCpe(helped.cpe),
    identifierFromNames(said['vendor'] ?? '', said['product_name'] ?? ''),
  ].filter((identifier) => identifier !== undefined)
  const { product_version: version, product_version_range: range } = said
  if (version !== undefined) return { identifiers, interval: { from: version, last: version } }
  return { identifiers, interval: range === undefined ? {} : (intervalFrom(range) ?? anyOf(range)) }
}
