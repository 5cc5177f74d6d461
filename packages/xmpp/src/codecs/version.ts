import { xml, type Element } from '../element.ts'
import { NS_VERSION } from '../ns.ts'

/** XEP-0092: which software an entity runs. */
export interface SoftwareVersion {
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly os?: string | undefined
}

export function buildVersionQuery(): Element {
  return xml('query', { xmlns: NS_VERSION })
}

export function buildVersion({ name, version, os }: SoftwareVersion): Element {
  return xml(
    'query',
    { xmlns: NS_VERSION },
    name === undefined ? undefined : xml('name', {}, name),
    version === undefined ? undefined : xml('version', {}, version),
    os === undefined ? undefined : xml('os', {}, os),
  )
}

/** Reads the answer to a version query, the `<query/>` inside the iq. Empty elements count as absent. */
export function parseVersion(query: Element): SoftwareVersion {
  return {
    name: query.getChildText('name')?.trim() || undefined,
    version: query.getChildText('version')?.trim() || undefined,
    os: query.getChildText('os')?.trim() || undefined,
  }
}
