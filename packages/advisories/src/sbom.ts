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

// Checked one by one while walking, so that no depth of nesting costs stack.
const inner = z.array(z.unknown()).max(MAX_COMPONENTS).default([])
const component = z.object({
  name: word,
  version: word.default(''),
  purl: word.optional(),
  cpe: word.optional(),
  components: inner,
})
const document = z.object({
  bomFormat: z.literal('CycloneDX'),
  // Both may be absent (CycloneDX 1.2 to 1.6); who registers a build says what it is of.
  metadata: z
    .object({ component: z.object({ name: word.default(''), version: word.default('') }).optional() })
    .optional(),
  components: inner,
})

/**
 * Reads a CycloneDX bill of materials (JSON, 1.2 and later); components inside components count like others.
 *
 * @throws when it is none, or has more than 20,000 components.
 */
export function readSbom(value: unknown): Sbom {
  const { metadata, components } = document.parse(value)
  const found: Component[] = []
  const open = [...components]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name, version, purl, cpe, components: parts } = component.parse(next)
    const identifiers = [
      purl === undefined ? undefined : identifierFromPurl(purl),
      cpe === undefined ? undefined : identifierFromCpe(cpe),
    ].filter((identifier) => identifier !== undefined)
    found.push({ name, version, identifiers })
    open.push(...parts)
    if (found.length + open.length > MAX_COMPONENTS) throw new Error(`it has more than ${MAX_COMPONENTS} components`)
  }
  return { name: '', version: '', ...metadata?.component, components: found }
}
