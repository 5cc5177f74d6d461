import { xml, type Element } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { NS_DATA, NS_DATA_VALIDATE } from '../ns.ts'

export const FORM_TYPES = ['form', 'submit', 'cancel', 'result'] as const
export type FormType = (typeof FORM_TYPES)[number]

export const FIELD_TYPES = [
  'boolean',
  'fixed',
  'hidden',
  'jid-multi',
  'jid-single',
  'list-multi',
  'list-single',
  'text-multi',
  'text-private',
  'text-single',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

/** XEP-0004: one field of a form. */
export interface FormField {
  readonly name: string
  readonly type?: FieldType | undefined
  readonly label?: string | undefined
  readonly isRequired?: boolean | undefined
  readonly values?: readonly string[] | undefined
  /** XEP-0122: any value is accepted, whatever the options. */
  readonly isOpen?: boolean | undefined
  /** XEP-0122 §3.2.3: the value is a whole number, from `min` to `max`. */
  readonly range?: { readonly min: number; readonly max: number } | undefined
  readonly options?: readonly { readonly label?: string | undefined; readonly value: string }[] | undefined
}

/** XEP-0004: a form as it was filled in. `values` has the values of each field by name. */
export interface Form {
  readonly type: FormType
  /** The value of FORM_TYPE (XEP-0068). */
  readonly formType: string | undefined
  readonly values: ReadonlyMap<string, readonly string[]>
}

/** The form inside an element: the first, or that with this FORM_TYPE. */
export function findForm(parent: Element, formType?: string): Form | undefined {
  for (const element of parent.getChildren('x', NS_DATA)) {
    const form = parseForm(element)
    if (formType === undefined || form.formType === formType) return form
  }
  return undefined
}

/**
 * Reads `<x xmlns='jabber:x:data'/>`.
 * @throws StanzaFault `bad-request` if the type is unknown or a field appears twice
 */
export function parseForm(element: Element): Form {
  const type = FORM_TYPES.find((known) => known === element.attrs['type'])
  if (!type) throw new StanzaFault({ condition: 'bad-request', text: 'unknown type of form' })
  const values = new Map<string, readonly string[]>()
  for (const field of element.getChildren('field')) {
    const name = field.attrs['var']
    if (name === undefined) continue
    if (values.has(name)) throw new StanzaFault({ condition: 'bad-request', text: 'field given twice' })
    values.set(
      name,
      field.getChildren('value').map((value) => value.getText()),
    )
  }
  return { type, formType: values.get('FORM_TYPE')?.[0], values }
}

/**
 * The only value of a field; `undefined` if it is absent or empty.
 * @throws StanzaFault `bad-request` if there are several
 */
export function findFormValue(form: Form, name: string): string | undefined {
  const values = form.values.get(name) ?? []
  if (values.length > 1) throw new StanzaFault({ condition: 'bad-request', text: `one value expected: ${name}` })
  return values[0]
}

/** XEP-0004 §3.3: `1` and `true` mean yes, `0` and `false` no. @throws StanzaFault `bad-request` for anything else */
export function parseFormBoolean(text: string): boolean {
  if (text === '1' || text === 'true') return true
  if (text === '0' || text === 'false') return false
  throw new StanzaFault({ condition: 'bad-request', text: 'not a boolean' })
}

/** What to build a form from. */
export interface FormSource {
  readonly type: FormType
  readonly formType?: string | undefined
  readonly title?: string | undefined
  readonly instructions?: string | undefined
  readonly fields: readonly FormField[]
}

export function buildForm({ type, formType, title, instructions, fields }: FormSource): Element {
  const hidden: FormField[] = formType === undefined ? [] : [{ name: 'FORM_TYPE', type: 'hidden', values: [formType] }]
  return xml(
    'x',
    { xmlns: NS_DATA, type },
    title === undefined ? undefined : xml('title', {}, title),
    instructions === undefined ? undefined : xml('instructions', {}, instructions),
    [...hidden, ...fields].map(buildField),
  )
}

function buildField({ name, type, label, isRequired, isOpen, range, values, options }: FormField): Element {
  return xml(
    'field',
    { var: name, type, label },
    isRequired ? xml('required') : undefined,
    isOpen ? xml('validate', { xmlns: NS_DATA_VALIDATE, datatype: 'xs:string' }, xml('open')) : undefined,
    range && xml('validate', { xmlns: NS_DATA_VALIDATE, datatype: 'xs:integer' }, xml('range', { ...range })),
    (values ?? []).map((value) => xml('value', {}, value)),
    (options ?? []).map((option) => xml('option', { label: option.label }, xml('value', {}, option.value))),
  )
}

/** XEP-0004 §3.4: a form of type `result` with a row for each item. A row without a value for a column has no such field. */
export function buildFormTable(table: {
  readonly formType: string
  readonly columns: readonly Pick<FormField, 'name' | 'type' | 'label'>[]
  readonly rows: readonly Readonly<Record<string, string | undefined>>[]
}): Element {
  const { formType, columns, rows } = table
  const items = rows.map((row) =>
    xml(
      'item',
      {},
      columns.flatMap(({ name }) => (row[name] === undefined ? [] : [buildField({ name, values: [row[name]] })])),
    ),
  )
  const form = buildForm({ type: 'result', formType, fields: [] })
  return form.append(xml('reported', {}, columns.map(buildField)), ...items)
}
