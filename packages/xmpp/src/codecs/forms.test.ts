import { describe, expect, test } from 'vitest'
import { xml } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { buildForm, findForm, findFormValue, parseForm, parseFormBoolean } from './forms.ts'

const parse = (content: string) =>
  parseForm(parseElement(`<x xmlns='jabber:x:data' type='submit'>${content}</x>`, C2S_LIMITS))

describe('a form that was filled in', () => {
  test('has values by name, and a form type (XEP-0004 §3.2)', () => {
    const form = parse(
      "<field var='FORM_TYPE' type='hidden'><value>urn:x</value></field>" +
        "<field var='a'><value>1</value></field><field var='b'><value>2</value><value>3</value></field><field var='c'/>",
    )
    expect(form).toMatchObject({ type: 'submit', formType: 'urn:x' })
    expect(findFormValue(form, 'a')).toBe('1')
    expect(form.values.get('b')).toEqual(['2', '3'])
    expect(findFormValue(form, 'c')).toBeUndefined()
    expect(findFormValue(form, 'constructor')).toBeUndefined()
    expect(() => findFormValue(form, 'b')).toThrow(StanzaFault)
  })

  test('is refused with a field given twice, or of an unknown type (XEP-0004 §3.1, §3.2)', () => {
    expect(() => parse("<field var='a'/><field var='a'/>")).toThrow(StanzaFault)
    expect(() => parseForm(xml('x', { xmlns: 'jabber:x:data' }))).toThrow(StanzaFault)
    expect(() => parseForm(xml('x', { xmlns: 'jabber:x:data', type: 'toString' }))).toThrow(StanzaFault)
  })

  test('booleans are written in two ways (XEP-0004 §3.3)', () => {
    expect(['1', 'true', '0', 'false'].map(parseFormBoolean)).toEqual([true, true, false, false])
    expect(() => parseFormBoolean('yes')).toThrow(StanzaFault)
  })
})

test('a form is built with its type first, and found by it', () => {
  const form = buildForm({
    type: 'form',
    formType: 'urn:x',
    title: 'T',
    fields: [
      {
        name: 'a',
        type: 'list-single',
        label: 'A',
        isRequired: true,
        values: ['1'],
        options: [{ label: 'One', value: '1' }],
      },
    ],
  })
  expect(form.toString()).toBe(
    '<x xmlns="jabber:x:data" type="form"><title>T</title>' +
      '<field var="FORM_TYPE" type="hidden"><value>urn:x</value></field>' +
      '<field var="a" type="list-single" label="A"><required/><value>1</value>' +
      '<option label="One"><value>1</value></option></field></x>',
  )
  const other = buildForm({ type: 'result', formType: 'urn:y', fields: [] })
  expect(findForm(xml('query', {}, other, form), 'urn:x')?.type).toBe('form')
  expect(findForm(xml('query', {}, other, form))?.type).toBe('result')
  expect(findForm(xml('query', {}, other), 'urn:x')).toBeUndefined()
})
