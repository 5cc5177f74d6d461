import { xml, type Element } from '../element.ts'
import { NS_DATA, NS_SEARCH } from '../ns.ts'
import { buildForm, findForm, findFormValue } from './forms.ts'
import { buildRsm, type RsmResult } from './rsm.ts'

/** XEP-0055: what is looked for; whoever matches all of it is found. */
export interface Search {
  /** Beginnings of the words of a name. */
  readonly name?: string | undefined
  /** The beginning of an address. */
  readonly nick?: string | undefined
  readonly unit?: string | undefined
}

/** XEP-0055: somebody who was found. */
export interface Found {
  readonly jid: string
  readonly name: string
  /** The local part of the address. */
  readonly nick: string
  readonly units: readonly string[]
}

const FIELDS = ['name', 'nick', 'unit'] as const
const LABELS = { name: 'Name', nick: 'User name', unit: 'Unit' } as const

/** What can be asked, in fields for old clients and as a form (§2.1, §3). */
export function buildSearchFields(units: readonly { readonly name: string; readonly displayName: string }[]): Element {
  const instructions = 'Find people by the beginning of a name, of a user name, or by their unit.'
  const form = buildForm({
    type: 'form',
    formType: NS_SEARCH,
    title: 'Find people',
    instructions,
    fields: FIELDS.map((name) =>
      name === 'unit'
        ? {
            name,
            type: 'list-single',
            label: LABELS.unit,
            options: units.map((unit) => ({ label: unit.displayName, value: unit.name })),
          }
        : { name, type: 'text-single', label: LABELS[name] },
    ),
  })
  return xml(
    'query',
    { xmlns: NS_SEARCH },
    xml('instructions', {}, instructions),
    xml('first'),
    xml('last'),
    xml('nick'),
    form,
  )
}

/**
 * Reads a search, and whether it came as a form: the answer takes the same way. Fields that nobody asked for are none.
 * @throws StanzaFault `bad-request`
 */
export function parseSearch(query: Element): { readonly search: Search; readonly isForm: boolean } {
  const form = findForm(query)
  if (form) {
    const search = Object.fromEntries(FIELDS.map((name) => [name, findFormValue(form, name)?.trim() || undefined]))
    return { search, isForm: true }
  }
  const text = (name: string) => query.getChildText(name)?.trim() ?? ''
  const name = `${text('first')} ${text('last')}`.trim()
  return { search: { name: name || undefined, nick: text('nick') || undefined }, isForm: false }
}

/** Builds a search, for the client's side. */
export function buildSearch(search: Search, set?: Element): Element {
  const fields = FIELDS.flatMap((name) => (search[name] === undefined ? [] : [{ name, values: [search[name]] }]))
  return xml('query', { xmlns: NS_SEARCH }, buildForm({ type: 'submit', formType: NS_SEARCH, fields }), set)
}

/** The answer; without anybody in it, it is empty (§2.1). `set` says which part of it this is (XEP-0059). */
export function buildSearchResult(found: readonly Found[], isForm: boolean, set?: RsmResult): Element {
  const paging = set && buildRsm(set)
  if (found.length === 0) return xml('query', { xmlns: NS_SEARCH }, paging)
  if (isForm) return xml('query', { xmlns: NS_SEARCH }, buildTable(found), paging)
  const items = found.map(({ jid, name, nick }) =>
    xml('item', { jid }, xml('first', {}, name), xml('last'), xml('nick', {}, nick), xml('email')),
  )
  return xml('query', { xmlns: NS_SEARCH }, items, paging)
}

function buildTable(found: readonly Found[]): Element {
  const field = (name: string, values: readonly string[]) =>
    xml(
      'field',
      { var: name },
      values.map((value) => xml('value', {}, value)),
    )
  const table = buildForm({ type: 'result', formType: NS_SEARCH, fields: [] })
  return table.append(
    xml(
      'reported',
      {},
      xml('field', { var: 'jid', type: 'jid-single', label: 'Address' }),
      FIELDS.map((name) => xml('field', { var: name, type: 'text-single', label: LABELS[name] })),
    ),
    found.map(({ jid, name, nick, units }) =>
      xml(
        'item',
        {},
        field('jid', [jid]),
        field('name', [name]),
        field('nick', [nick]),
        field('unit', [units.join(', ')]),
      ),
    ),
  )
}

/** Reads the answer to a search that was a form, for the client's side. Rows without an address are left out. */
export function parseSearchResult(query: Element): readonly Found[] {
  const rows = query.getChild('x', NS_DATA)?.getChildren('item') ?? []
  return rows.flatMap((row) => {
    const value = (name: string) =>
      row
        .getChildren('field')
        .find((field) => field.attrs['var'] === name)
        ?.getChildText('value') ?? ''
    const [jid, unit] = [value('jid'), value('unit')]
    return jid === '' ? [] : [{ jid, name: value('name'), nick: value('nick'), units: unit === '' ? [] : [unit] }]
  })
}
