import { xml, type Element } from '../element.ts'
import { NS_CAPS2, NS_DATA, NS_DISCO_INFO, NS_HASHES } from '../ns.ts'
import { byOctets } from './disco.ts'

/** One hash of what an entity can do (XEP-0390 §4.2). */
export interface CapsHash {
  /** The name that XEP-0300 has for it. */
  readonly algo: string
  /** Base64. */
  readonly value: string
}

/** The node under which the answer with this hash is found (XEP-0390 §4.3). */
export function capsHashNode({ algo, value }: CapsHash): string {
  return `${NS_CAPS2}#${algo}.${value}`
}

/** The hashes that a presence or stream features announce. */
export function findCapsHashes(parent: Element): CapsHash[] {
  const hashes = parent.getChild('c', NS_CAPS2)?.getChildren('hash', NS_HASHES) ?? []
  return hashes.flatMap((hash) => {
    const { algo } = hash.attrs
    const value = hash.getText().trim()
    return algo === undefined || value === '' ? [] : [{ algo, value }]
  })
}

export function buildCapsHashes(hashes: readonly CapsHash[]): Element {
  const elements = hashes.map(({ algo, value }) => xml('hash', { xmlns: NS_HASHES, algo }, value))
  return xml('c', { xmlns: NS_CAPS2 }, elements)
}

/**
 * What XEP-0390 §4.1 hashes; `undefined` for an answer with anything in it that would not be hashed, so that nothing can
 * hide there. Control characters, which XML text cannot hold, keep every name and value apart.
 */
export function buildCapsHashInput(query: Element): string | undefined {
  const features: string[] = []
  const identities: string[] = []
  const forms: string[] = []
  for (const child of query.getChildElements()) {
    if (child.is('feature', NS_DISCO_INFO)) features.push(`${child.attrs['var'] ?? ''}\x1f`)
    else if (child.is('identity', NS_DISCO_INFO)) identities.push(identityLine(child))
    else {
      const form = child.is('x', NS_DATA) ? formLine(child) : undefined
      if (form === undefined) return undefined
      forms.push(form)
    }
  }
  return [features, identities, forms].map((lines) => `${joined(lines)}\x1c`).join('')
}

function joined(lines: readonly string[]): string {
  return lines.toSorted(byOctets).join('')
}

function identityLine(identity: Element): string {
  const { category, type, name } = identity.attrs
  return `${[category, type, langOf(identity), name].map((text) => `${text ?? ''}\x1f`).join('')}\x1e`
}

/** `xml:lang`, from here or from above (§4.1). */
function langOf(element: Element): string | undefined {
  for (let at: Element | null = element; at; at = at.parent) {
    const lang = at.attrs['xml:lang']
    if (lang !== undefined) return lang
  }
  return undefined
}

/** `undefined`: a table, or a form that does not say what it is (XEP-0068). */
function formLine(form: Element): string | undefined {
  if (form.getChild('reported') || form.getChild('item')) return undefined
  const fields = form.getChildren('field')
  if (!fields.some(({ attrs }) => attrs['var'] === 'FORM_TYPE')) return undefined
  const lines = fields.map((field) => {
    const values = field.getChildren('value').map((value) => `${value.getText()}\x1f`)
    return `${field.attrs['var'] ?? ''}\x1f${joined(values)}\x1e`
  })
  return `${joined(lines)}\x1d`
}
