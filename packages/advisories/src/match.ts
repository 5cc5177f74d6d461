import type { AffectedProduct, Advisory } from './advisory.ts'
import { keyOf, keysOf, sortOf } from './identifiers.ts'
import { affects, compare, isSameVersion, ruleRange } from './intervals.ts'
import type { Affects } from './intervals.ts'
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

/** What is known here, by the keys under which advisories may name it: an advisory costs what it hits, not what is known. */
interface Index {
  readonly clients: ReadonlyMap<string, readonly KnownClient[]>
  readonly components: ReadonlyMap<string, string>
  readonly parts: ReadonlyMap<string, readonly Part[]>
  readonly families: ReadonlyMap<string, Family>
  readonly formats: ProductMap['components']
}

/** A component of a build. */
interface Part {
  readonly build: KnownBuild
  readonly version: string
}

/** A client family with its builds on record, and with versions in use that are not. */
interface Family {
  readonly family: string
  readonly builds: readonly KnownBuild[]
  readonly inUse: readonly { readonly version: string | undefined; readonly builds: readonly KnownBuild[] }[]
  readonly contains: readonly string[]
}

/**
 * Finds the client families that an advisory is about: by their own names, by their builds' bills of materials, and by
 * what they are known to contain.
 */
export function createMatcher(known: Known): (advisory: Advisory) => Match[] {
  const index = indexOf(known)
  return ({ title, products }) => {
    const said = FORMAT_WORDS.flatMap(([format, word]) => (word.test(title) ? [format] : []))
    const found = products.flatMap((product) => [...byName(product, index), ...byContent(product, index)])
    return merged(found.map((match) => ({ ...match, formats: [...new Set([...match.formats, ...said])] })))
  }
}

/** All keys under which a record may name what is in use here. */
export function keysOfKnown(known: Known): string[] {
  const { clients, components, parts } = indexOf(known)
  return [...new Set([...clients.keys(), ...components.keys(), ...parts.keys()])]
}

function indexOf({ clients, builds, products }: Known): Index {
  const components = new Map(
    Object.entries(products.components).flatMap(([name, { identifiers }]) =>
      identifiers.flatMap(keysOf).map((key) => [key, name] as const),
    ),
  )
  /** A part that is a known component is looked up by all of that one's names. */
  const partKeys = (identifiers: readonly string[]) => {
    const own = identifiers.flatMap(keysOf)
    const aliases = own.map((key) => products.components[components.get(key) ?? '']?.identifiers ?? [])
    return new Set([...own, ...aliases.flat().flatMap(keysOf)])
  }
  const buildsOf = Map.groupBy(builds, ({ family }) => family)
  const clientOf = new Map(clients.map((client) => [client.family, client]))
  const names = [...new Set([...clientOf.keys(), ...buildsOf.keys()])]
  return {
    clients: grouped(
      clients.flatMap((client) =>
        (products.clients[client.family]?.identifiers ?? []).flatMap(keysOf).map((key) => [key, client] as const),
      ),
    ),
    components,
    parts: grouped(
      builds.flatMap((build) =>
        build.components.flatMap(({ identifiers, version }) =>
          [...partKeys(identifiers)].map((key) => [key, { build, version }] as const),
        ),
      ),
    ),
    families: new Map(
      names.map((family) => {
        const own = buildsOf.get(family) ?? []
        const versions = clientOf.get(family)?.versions ?? []
        const isOf = (version: string | undefined) => (build: KnownBuild) =>
          version !== undefined && isSameVersion(build.version, version)
        const inUse = versions.map((version) => ({ version, builds: own.filter(isOf(version)) }))
        return [family, { family, builds: own, inUse, contains: products.clients[family]?.contains ?? [] }]
      }),
    ),
    formats: products.components,
  }
}

function grouped<T>(entries: readonly (readonly [string, T])[]): Map<string, T[]> {
  const groups = new Map<string, Set<T>>()
  for (const [key, value] of entries) {
    const group = groups.get(key)
    if (group) group.add(value)
    else groups.set(key, new Set([value]))
  }
  return new Map([...groups].map(([key, group]) => [key, [...group]]))
}

function byName(product: AffectedProduct, { clients }: Index): Match[] {
  const hits = product.identifiers.flatMap((identifier) =>
    (clients.get(keyOf(identifier)) ?? []).map((client) => ({ client, sort: sortOf(identifier) })),
  )
  return [...Map.groupBy(hits, ({ client }) => client)].flatMap(([{ family, versions }, shared]) => {
    const answers = versions.map((version) => ({ version, answer: affects(product, version) }))
    const sure = answers.filter(({ answer }) => answer === 'yes').map(({ version }) => version)
    const unsure = answers.filter(({ answer }) => answer === 'unknown').map(({ version }) => version)
    if (sure.length + unsure.length === 0) return []
    const sorts = new Set(shared.map(({ sort }) => sort))
    const isPossible = sure.length === 0 || (!sorts.has('registered') && !sorts.has('words'))
    const confidence = isPossible ? 'possible' : sorts.has('registered') ? 'exact' : 'likely'
    return [{ family, confidence, range: widest(product, sure), versions: [...sure, ...unsure], formats: [] }]
  })
}

/**
 * Clients that contain a component: those whose builds on record do, and those that are known to, nobody knows in which
 * version. A version that is on record is judged by its builds alone, and one that is not stays possible. Fine is the
 * first build on record above the affected ones that is not affected.
 */
function byContent(product: AffectedProduct, { components, parts, families, formats }: Index): Match[] {
  const keys = product.identifiers.map(keyOf)
  const known = keys.map((key) => components.get(key)).find((found) => found !== undefined)
  const name = known ?? product.identifiers[0] ?? ''
  const hits = keys.flatMap((key) => parts.get(key) ?? [])
  const containing = new Set(hits.map(({ build }) => build.family))
  if (known !== undefined) {
    for (const { family, contains } of families.values()) if (contains.includes(known)) containing.add(family)
  }
  const standing = standingOf(product, hits)
  const isNamed = product.identifiers.some((identifier) => sortOf(identifier) !== 'vendorless')
  return [...containing].flatMap((family): Match[] => {
    const { builds, inUse } = families.get(family)!
    const sure = builds.filter((build) => standing.get(build) === 'yes')
    const isOpen = (build: KnownBuild) => (standing.get(build) ?? 'no') !== 'no'
    const versions = inUse
      .filter((used) => used.builds.length === 0 || used.builds.some(isOpen))
      .map(({ version }) => version)
    if (versions.length === 0 && !builds.some(isOpen)) return []
    const highest = sure
      .map(({ version }) => version)
      .toSorted(compare)
      .at(-1)
    const below =
      highest === undefined
        ? undefined
        : builds
            .filter((build) => !isOpen(build) && compare(build.version, highest) > 0)
            .map(({ version }) => version)
            .toSorted(compare)[0]
    return [
      {
        family,
        confidence: sure.length > 0 && isNamed ? 'exact' : 'possible',
        component: name,
        range: below === undefined ? {} : { below },
        versions,
        formats: formats[name]?.formats ?? [],
      },
    ]
  })
}

/** What an advisory says of builds, by the worst of their parts. */
function standingOf(product: AffectedProduct, parts: readonly Part[]): Map<KnownBuild, Affects> {
  const standing = new Map<KnownBuild, Affects>()
  for (const { build, version } of parts) {
    const before = standing.get(build)
    const answer = affects(product, version)
    if (before !== 'yes' && answer !== 'no') standing.set(build, answer)
  }
  return standing
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
