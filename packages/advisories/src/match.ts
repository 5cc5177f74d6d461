import type { AffectedProduct, Advisory } from './advisory.ts'
import { isRegistered } from './identifiers.ts'
import { affects, compare, ruleRange } from './intervals.ts'
import type { ProductMap } from './products.ts'
import type { Component } from './sbom.ts'

/** How sure a match is, the surest first. */
export const CONFIDENCES = ['exact', 'likely', 'possible'] as const
export type Confidence = (typeof CONFIDENCES)[number]

/** Versions of a family that are in use or were, in the time that is looked back; undefined: it does not say. */
export interface KnownClient {
  readonly family: string
  readonly versions: readonly (string | undefined)[]
}

/** A build that was registered with its bill of materials. */
export interface KnownBuild {
  readonly family: string
  readonly version: string
  readonly components: readonly Component[]
}

export interface Known {
  readonly clients: readonly KnownClient[]
  readonly builds: readonly KnownBuild[]
  readonly products: ProductMap
}

/** A client family that an advisory is about. */
export interface Match {
  readonly family: string
  readonly confidence: Confidence
  /** The client itself, or the component in it. */
  readonly component?: string
  /** Versions that are affected, as a client rule says it. Without `below` no version is known to be fine. */
  readonly range: { readonly from?: string; readonly below?: string }
  /** Of the versions in use, those that are affected or may be; undefined: a client that does not say its version. */
  readonly versions: readonly (string | undefined)[]
  /** Image formats through which it can be reached. */
  readonly formats: readonly string[]
}

/** Words of a title that name a format, or the library that decodes it. */
const FORMAT_WORDS: readonly (readonly [format: string, word: RegExp])[] = [
  ['webp', /webp/iu],
  ['png', /\bpng|libpng/iu],
  ['jpeg', /jpe?g/iu],
  ['gif', /\bgif|giflib/iu],
  ['avif', /avif|dav1d|\bav1\b/iu],
]

/** The client families that an advisory is about: by their own names, by builds' bills of materials, by what they contain. */
export function findMatches(advisory: Advisory, known: Known): Match[] {
  const said = FORMAT_WORDS.flatMap(([format, word]) => (word.test(advisory.title) ? [format] : []))
  const found = advisory.products.flatMap((product) => [
    ...known.clients.flatMap((client) => byName(product, client, known.products)),
    ...byBuild(product, known),
    ...known.clients.flatMap((client) => byContent(product, client, known)),
  ])
  return merged(found.map((match) => ({ ...match, formats: [...new Set([...match.formats, ...said])] })))
}

function byName(product: AffectedProduct, { family, versions }: KnownClient, { clients }: ProductMap): Match[] {
  const shared = sharedIdentifiers(product, clients[family]?.identifiers ?? [])
  if (shared.length === 0) return []
  const sure = versions.filter((version) => affects(product, version) === 'yes')
  const unsure = versions.filter((version) => affects(product, version) === 'unknown')
  if (sure.length + unsure.length === 0) return []
  const confidence = sure.length === 0 ? 'possible' : shared.some(isRegistered) ? 'exact' : 'likely'
  return [{ family, confidence, range: widest(product, sure), versions: [...sure, ...unsure], formats: [] }]
}

/** Builds that contain an affected component. Fine is the first registered build above them that does not. */
function byBuild(product: AffectedProduct, { clients, builds, products }: Known): Match[] {
  const isHit = ({ components }: KnownBuild) => components.some((component) => isAffected(product, component, products))
  const groups = Map.groupBy(builds, ({ family }) => family)
  return [...groups].flatMap(([family, own]) => {
    const hit = own.filter(isHit).map(({ version }) => version)
    if (hit.length === 0) return []
    const highest = hit.toSorted(compare).at(-1) ?? ''
    const fine = own
      .filter((build) => !isHit(build) && compare(build.version, highest) > 0)
      .map(({ version }) => version)
    const below = fine.toSorted(compare)[0]
    const used = clients.find((client) => client.family === family)?.versions ?? []
    const name = componentName(product, products) ?? product.identifiers[0] ?? ''
    return [
      {
        family,
        confidence: 'exact' as const,
        component: name,
        range: below === undefined ? {} : { below },
        versions: used.filter((version) => version === undefined || hit.some((one) => compare(one, version) === 0)),
        formats: products.components[name]?.formats ?? [],
      },
    ]
  })
}

/** Clients that are known to contain a component, nobody knows in which version. Where builds are registered, they know. */
function byContent(product: AffectedProduct, { family, versions }: KnownClient, { builds, products }: Known): Match[] {
  const name = componentName(product, products)
  if (name === undefined || products.clients[family]?.contains.includes(name) !== true) return []
  if (builds.some((build) => build.family === family)) return []
  return [
    {
      family,
      confidence: 'possible',
      component: name,
      range: {},
      versions,
      formats: products.components[name]?.formats ?? [],
    },
  ]
}

function isAffected(product: AffectedProduct, { identifiers, version }: Component, products: ProductMap): boolean {
  const aliases = Object.values(products.components)
    .map((entry) => entry.identifiers)
    .filter((names) => names.some((name) => identifiers.includes(name)))
    .flat()
  return sharedIdentifiers(product, [...identifiers, ...aliases]).length > 0 && affects(product, version) !== 'no'
}

function componentName(product: AffectedProduct, { components }: ProductMap): string | undefined {
  return Object.entries(components).find(
    ([, { identifiers }]) => sharedIdentifiers(product, identifiers).length > 0,
  )?.[0]
}

function sharedIdentifiers({ identifiers }: AffectedProduct, others: readonly string[]): string[] {
  return identifiers.filter((identifier) => others.includes(identifier))
}

/** One range around those of all affected versions; open where one of them is. */
function widest(product: AffectedProduct, versions: readonly (string | undefined)[]): Match['range'] {
  const ranges = versions.flatMap((version) => (version === undefined ? [] : [ruleRange(product, version) ?? {}]))
  const ends = ranges.map(({ below }) => below)
  const starts = ranges.map(({ from }) => from)
  const below = ends.includes(undefined)
    ? undefined
    : ends
        .filter((end) => end !== undefined)
        .toSorted(compare)
        .at(-1)
  const from = starts.includes(undefined)
    ? undefined
    : starts.filter((start) => start !== undefined).toSorted(compare)[0]
  return { ...(from === undefined ? {} : { from }), ...(below === undefined ? {} : { below }) }
}

/** Of several matches of one family the surest stays, with what the others add. */
function merged(matches: readonly Match[]): Match[] {
  return [...Map.groupBy(matches, ({ family }) => family).values()].flatMap((group) => {
    const [best] = group.toSorted((a, b) => CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence))
    if (!best) return []
    const same = group.filter(({ confidence }) => confidence === best.confidence)
    return [
      {
        ...best,
        versions: [...new Set(same.flatMap(({ versions }) => versions))],
        formats: [...new Set(same.flatMap(({ formats }) => formats))],
      },
    ]
  })
}
