import { z } from 'zod'
import { identifierFromCpe, identifierFromPurl } from './identifiers.ts'
import { word } from './shapes.ts'

/** A part of a build. */
export interface Component {
  readonly name: string
  readonly version: string
  readonly identifiers: readonly string[]
}

/** What one build of a client is made of. */
export interface Sbom {
  readonly name: string
  readonly version: string
  readonly components: readonly Component[]
}

const MAX_COMPONENTS = 20_000

const component = z.object({
  name: word,
  version: word.default(''),
  purl: word.optional(),
  cpe: word.optional(),
  // Checked one by one while walking, so that no depth of nesting costs stack.
  components: z.array(z.unknown()).max(MAX_COMPONENTS).default([]),
})
const document = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: z.object({ name: word, version: word.default('') }) }),
  components: z.array(z.unknown()).max(MAX_COMPONENTS).default([]),
})

/**
 * Reads a CycloneDX bill of materials (JSON, 1.4 and later); components inside components count like others.
 *
 * @throws when it is none, or has more than 20,000 components.
 */
export function readSbom(value: unknown): Sbom {
  const { metadata, components } = document.parse(value)
  const found: Component[] = []
  const open = [...components]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name, version, purl, cpe, components: inner } = component.parse(next)
    const identifiers = [
      purl === undefined ? undefined : identifierFromPurl(purl),
      cpe === undefined ? undefined : identifierFromCpe(cpe),
    ].filter((identifier) => identifier !== undefined)
    found.push({ name, version, identifiers })
    open.push(...inner)
    if (found.length + open.length > MAX_COMPONENTS) throw new Error(`it has more than ${MAX_COMPONENTS} components`)
  }
  return { ...metadata.component, components: found }
}
