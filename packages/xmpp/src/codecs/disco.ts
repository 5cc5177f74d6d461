import { xml, type Element } from '../element.ts'
import { NS_CAPS, NS_DATA, NS_DISCO_INFO, NS_DISCO_ITEMS } from '../ns.ts'
import { buildForm, type FormField } from './forms.ts'

/** XEP-0030 §3.1: what kind of entity this is. */
export interface DiscoIdentity {
  readonly category: string
  readonly type: string
  readonly lang?: string | undefined
  readonly name?: string | undefined
}

/** XEP-0128: a form in the answer. */
export interface DiscoForm {
  readonly formType: string
  readonly fields: readonly FormField[]
}

export interface DiscoInfo {
  readonly node?: string | undefined
  readonly identities: readonly DiscoIdentity[]
  readonly features: readonly string[]
  readonly forms?: readonly DiscoForm[] | undefined
}

export interface DiscoItem {
  readonly jid: string
  readonly node?: string | undefined
  readonly name?: string | undefined
}

export function buildDiscoInfo({ node, identities, features, forms = [] }: DiscoInfo): Element {
  return xml(
    'query',
    { xmlns: NS_DISCO_INFO, node },
    identities.map(({ category, type, lang, name }) => xml('identity', { category, type, 'xml:lang': lang, name })),
    features.map((feature) => xml('feature', { var: feature })),
    forms.map(({ formType, fields }) => buildForm({ type: 'result', formType, fields })),
  )
}

export function buildDiscoItems(items: readonly DiscoItem[], node?: string): Element {
  return xml(
    'query',
    { xmlns: NS_DISCO_ITEMS, node },
    items.map(({ jid, node: itemNode, name }) => xml('item', { jid, node: itemNode, name })),
  )
}

/** Reads the answer to a disco#info query. Identities without category or type and features without name are left out. */
export function parseDiscoInfo(query: Element): DiscoInfo {
  const identities = query.getChildren('identity').flatMap(({ attrs }) => {
    const { category, type, name } = attrs
    return category && type ? [{ category, type, lang: attrs['xml:lang'], name }] : []
  })
  const features = query.getChildren('feature').flatMap(({ attrs }) => attrs['var'] ?? [])
  const forms = query.getChildren('x', NS_DATA).flatMap((form): DiscoForm[] => {
    const fields = form.getChildren('field').map((field) => ({
      name: field.attrs['var'] ?? '',
      type: field.attrs['type'] as FormField['type'],
      values: field.getChildren('value').map((value) => value.getText()),
    }))
    const formType = fields.find(({ name }) => name === 'FORM_TYPE')
    // XEP-0115 §5.4: a FORM_TYPE that is not hidden does not count, and without one the form is ignored.
    if (!formType || formType.type !== 'hidden') return []
    return [{ formType: formType.values.join('<'), fields: fields.filter((field) => field !== formType) }]
  })
  return { node: query.attrs['node'], identities, features, forms }
}

/**
 * The string that XEP-0115 §5.1 hashes; `undefined` if the answer is ill-formed (§5.4: identities, features or form types
 * given twice), in which case it must not be cached.
 */
export function buildCapsString({ identities, features, forms = [] }: DiscoInfo): string | undefined {
  const identityLines = identities.map(
    ({ category, type, lang, name }) => `${category}/${type}/${lang ?? ''}/${name ?? ''}`,
  )
  const formTypes = forms.map(({ formType }) => formType)
  if (hasDuplicates(identityLines) || hasDuplicates(features) || hasDuplicates(formTypes)) return undefined
  // A form type with several different values was joined by `<`, which no value can hold in the string.
  if (formTypes.some((formType) => formType.includes('<') && new Set(formType.split('<')).size > 1)) return undefined
  let out = ''
  for (const line of identityLines.toSorted(byOctets)) out += `${line}<`
  for (const feature of features.toSorted(byOctets)) out += `${feature}<`
  for (const { formType, fields } of forms.toSorted((a, b) => byOctets(a.formType, b.formType))) {
    out += `${formType.split('<')[0]}<`
    for (const { name, values = [] } of fields.toSorted((a, b) => byOctets(a.name, b.name))) {
      out += `${name}<`
      for (const value of values.toSorted(byOctets)) out += `${value}<`
    }
  }
  return out
}

/** What presence says about its client (XEP-0115 §4). */
export interface Caps {
  readonly node: string
  readonly ver: string
  readonly hash: string
}

/** `undefined` if there is none, or one of the old format without `hash`. */
export function findCaps(presence: Element): Caps | undefined {
  const { node, ver, hash } = presence.getChild('c', NS_CAPS)?.attrs ?? {}
  return node !== undefined && ver !== undefined && hash !== undefined ? { node, ver, hash } : undefined
}

export function buildCaps({ node, ver, hash }: Caps): Element {
  return xml('c', { xmlns: NS_CAPS, hash, node, ver })
}

/** XEP-0115 §5.1 sorts by octets (RFC 4790 §9.3), which for UTF-8 is the order of code points, not of UTF-16 units. */
export function byOctets(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

function hasDuplicates(list: readonly string[]): boolean {
  return new Set(list).size !== list.length
}
