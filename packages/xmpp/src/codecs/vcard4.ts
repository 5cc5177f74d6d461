import { xml, type Element } from '../element.ts'
import { NS_VCARD, NS_VCARD4 } from '../ns.ts'

// Fields by their names in vcard-temp (XEP-0054) and in vCard4 (RFC 6351). What only one of them knows is not converted.

/** Fields that are one text: the name in each format, the element that holds the text in vCard4, and its prefix there. */
const TEXTS: readonly (readonly [temp: string, vcard4: string, value: string, prefix?: string])[] = [
  ['FN', 'fn', 'text'],
  ['NICKNAME', 'nickname', 'text'],
  ['BDAY', 'bday', 'date'],
  ['URL', 'url', 'uri'],
  ['TITLE', 'title', 'text'],
  ['ROLE', 'role', 'text'],
  ['DESC', 'note', 'text'],
  ['TZ', 'tz', 'text'],
  ['JABBERID', 'impp', 'uri', 'xmpp:'],
]

/** Fields made of parts. */
const PARTS: readonly (readonly [temp: string, vcard4: string, parts: readonly (readonly [string, string])[]])[] = [
  [
    'N',
    'n',
    [
      ['FAMILY', 'surname'],
      ['GIVEN', 'given'],
      ['MIDDLE', 'additional'],
      ['PREFIX', 'prefix'],
      ['SUFFIX', 'suffix'],
    ],
  ],
  [
    'ADR',
    'adr',
    [
      ['POBOX', 'pobox'],
      ['EXTADD', 'ext'],
      ['STREET', 'street'],
      ['LOCALITY', 'locality'],
      ['REGION', 'region'],
      ['PCODE', 'code'],
      ['CTRY', 'country'],
    ],
  ],
  [
    'ORG',
    'org',
    [
      ['ORGNAME', 'text'],
      ['ORGUNIT', 'text'],
    ],
  ],
  ['EMAIL', 'email', [['USERID', 'text']]],
  ['TEL', 'tel', [['NUMBER', 'text']]],
]

/** What an address, a number or a mailbox is for: an empty element in one format, a parameter in the other. */
const KINDS = ['home', 'work', 'voice', 'fax', 'cell', 'video', 'pager', 'text'] as const
const KINDED: ReadonlySet<string> = new Set(['ADR', 'EMAIL', 'TEL'])

/** `<vcard/>` that says what a `<vCard/>` says, pictures and other binaries left out (XEP-0292 §7). */
export function vcard4From(temp: Element): Element {
  const fields: Element[] = []
  for (const [name, name4, value, prefix = ''] of TEXTS) {
    for (const text of textsOf(temp.getChildren(name))) fields.push(xml(name4, {}, xml(value, {}, prefix + text)))
  }
  for (const [name, name4, parts] of PARTS) {
    for (const field of temp.getChildren(name)) {
      const values = parts.flatMap(([part, part4]) =>
        textsOf(field.getChildren(part)).map((text) => xml(part4, {}, text)),
      )
      const kinds = KINDED.has(name) ? KINDS.filter((kind) => field.getChild(kind.toUpperCase())) : []
      const types = kinds.map((kind) => xml('text', {}, kind))
      const parameters = types.length > 0 ? xml('parameters', {}, xml('type', {}, types)) : undefined
      if (values.length > 0) fields.push(xml(name4, {}, parameters, values))
    }
  }
  return xml('vcard', { xmlns: NS_VCARD4 }, fields)
}

/** `<vCard/>` that says what a `<vcard/>` says, pictures and other binaries left out. */
export function vcardTempFrom(vcard4: Element): Element {
  const fields: Element[] = []
  for (const [name, name4, value, prefix = ''] of TEXTS) {
    for (const field of vcard4.getChildren(name4)) {
      const text = field.getChildText(value) ?? field.getChildText('text') ?? field.getChildText('uri') ?? ''
      if (prefix !== '' && !text.startsWith(prefix)) continue
      if (text !== '') fields.push(xml(name, {}, text.slice(prefix.length)))
    }
  }
  for (const [name, name4, parts] of PARTS) {
    for (const field of vcard4.getChildren(name4)) fields.push(...partsFrom(name, field, parts))
  }
  return xml('vCard', { xmlns: NS_VCARD }, fields)
}

function partsFrom(name: string, field: Element, parts: readonly (readonly [string, string])[]): Element[] {
  // Several parts may go by one name: the first is the first, and so on; the last part takes the rest.
  const left = new Map(parts.map(([, part4]) => [part4, textsOf(field.getChildren(part4))]))
  const values = parts.flatMap(([part, part4], i) => {
    const texts = left.get(part4) ?? []
    const isLast = !parts.slice(i + 1).some(([, other]) => other === part4)
    return texts.splice(0, isLast ? texts.length : 1).map((text) => xml(part, {}, text))
  })
  if (values.length === 0 && name === 'TEL') {
    const uri = field.getChildText('uri') ?? ''
    if (uri.startsWith('tel:')) values.push(xml('NUMBER', {}, uri.slice('tel:'.length)))
  }
  if (values.length === 0) return []
  const types = textsOf(field.getChild('parameters')?.getChild('type')?.getChildren('text') ?? [])
  const kinds = KINDED.has(name) ? KINDS.filter((kind) => types.includes(kind)) : []
  return [xml(name, {}, [...kinds.map((kind) => xml(kind.toUpperCase())), ...values])]
}

function textsOf(elements: readonly Element[]): string[] {
  return elements.map((element) => element.getText().trim()).filter((text) => text !== '')
}
