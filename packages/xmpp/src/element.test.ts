import { Element as LtxElement } from 'ltx'
import { describe, expect, test } from 'vitest'
import { Element, xml } from './element.ts'

describe('the factory', () => {
  test('leaves out what is not there, flattens lists, writes numbers', () => {
    const element = xml('a', { b: 'c', d: undefined, e: null, f: 3, g: true }, 'x', undefined, null, 4, [
      xml('h'),
      [xml('i')],
    ])
    expect(element.toString()).toBe('<a b="c" f="3" g="true">x4<h/><i/></a>')
    expect(element.getChild('i')?.parent).toBe(element)
    expect(xml('a').toString()).toBe('<a/>')
    expect(xml('a', null, 'x').toString()).toBe('<a>x</a>')
  })

  test('attributes inherit nothing', () => {
    const { attrs } = xml('a', JSON.parse('{"__proto__": "x"}') as Record<string, string>)
    expect(attrs['__proto__']).toBe('x')
    expect(attrs['constructor']).toBeUndefined()
    expect('toString' in attrs).toBe(false)
  })
})

describe('access', () => {
  const element = xml(
    'message',
    { xmlns: 'jabber:client' },
    xml('body', {}, 'a', xml('b'), 'c'),
    xml('x', { xmlns: 'u' }, xml('y')),
    'text',
    xml('x', { xmlns: 'v' }),
  )

  test('without a namespace the first child of the name is found, as in ltx', () => {
    expect(element.getChild('x')?.attrs['xmlns']).toBe('u')
    expect(element.getChild('x', 'v')?.attrs['xmlns']).toBe('v')
    expect(element.getChild('x', 'w')).toBeUndefined()
    expect(element.getChildren('x')).toHaveLength(2)
    expect(element.getChildren('x', 'v')).toHaveLength(1)
    expect(element.getChildElements()).toHaveLength(3)
  })

  test('namespaces come from above, prefixes too', () => {
    expect(element.getChild('body')?.getNS()).toBe('jabber:client')
    expect(element.getChild('x')?.getChild('y')?.getNS()).toBe('u')
    expect(element.getChild('body')?.is('body', 'jabber:client')).toBe(true)
    const prefixed = xml('s:features', { 'xmlns:s': 'u' }, xml('s:a'), xml('b', { xmlns: 'v' }))
    expect(prefixed.getName()).toBe('features')
    expect(prefixed.getNS()).toBe('u')
    expect(prefixed.getChild('a')?.getNS()).toBe('u')
    expect(prefixed.is('features', 'u')).toBe(true)
    expect(new Element('a').getNS()).toBeUndefined()
  })

  test('text is what stands directly inside', () => {
    expect(element.getChildText('body')).toBe('ac')
    expect(element.getText()).toBe('text')
    expect(element.text()).toBe('text')
    expect(element.getChildText('none')).toBeUndefined()
    expect(xml('a').getText()).toBe('')
  })
})

describe('changes', () => {
  test('append and remove keep parents', () => {
    const child = xml('b')
    const element = xml('a').append(child, 'x', [xml('c')])
    expect(child.parent).toBe(element)
    element.remove(child).remove(xml('c'))
    expect(child.parent).toBeNull()
    expect(element.toString()).toBe('<a>x<c/></a>')
  })

  test('a clone is independent, and keeps the namespace it stood in', () => {
    const element = xml('a', { xmlns: 'u' }, xml('b', { c: 'd' }, xml('e'), 'f'))
    const copy = element.getChild('b')!.clone()
    copy.attrs['c'] = 'x'
    copy.getChild('e')!.append('y')
    expect(copy.parent).toBeNull()
    expect(copy.toString()).toBe('<b c="x" xmlns="u"><e>y</e>f</b>')
    expect(element.toString()).toBe('<a xmlns="u"><b c="d"><e/>f</b></a>')
  })

  test('write gives what toString gives', () => {
    let out = ''
    const element = xml('a', {}, 'b')
    element.write((text) => (out += text))
    expect(out).toBe(element.toString())
  })
})

test('an element of ltx, which xmpp.js uses, has the same shape', () => {
  const build = (Class: typeof Element | typeof LtxElement) => {
    const element = new Class('a', { xmlns: 'u', b: 'c' }) as Element
    const child = new Class('d', {}) as Element
    child.children.push('text')
    child.parent = element
    element.children.push(child)
    return element
  }
  const read = (element: Element) => [
    element.is('a', 'u'),
    element.getNS(),
    element.getChild('d')?.getNS(),
    element.getChildText('d'),
    element.getChildElements().length,
    element.getChild('d')?.text(),
    element.toString(),
  ]
  expect(read(build(LtxElement))).toEqual(read(build(Element)))
})
