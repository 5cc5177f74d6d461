import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Element, xml } from './element.ts'
import { NS_STREAM } from './ns.ts'
import { C2S_LIMITS } from './limits.ts'
import { serialize, serializeStartTag } from './serialize.ts'
import { parseElement } from './tokenizer.ts'
import { readByLibxml2, readBySaxes } from '../fixtures/oracles.ts'

describe('serialize', () => {
  test('the five characters are escaped in text and in attributes', () => {
    expect(xml('a', { b: `&<>"'` }, `&<>"'`).toString()).toBe(
      '<a b="&amp;&lt;&gt;&quot;&apos;">&amp;&lt;&gt;&quot;&apos;</a>',
    )
  })

  test('white space survives a parser', () => {
    const element = xml('a', { xmlns: '', b: '\t\n\r ' }, 'x\t\n\r y')
    expect(element.toString()).toBe('<a xmlns="" b="&#9;&#10;&#13; ">x\t\n&#13; y</a>')
    expect(parseElement(element.toString(), C2S_LIMITS).attrs['b']).toBe('\t\n\r ')
  })

  test.each(['\0', '\x01', '\x1f', '\ufffe', '\uffff', '\ud800', 'a\udc00b', '\udc00\ud800'])(
    'U+%j is refused, in text and in attributes',
    (text) => {
      expect(() => xml('a', {}, text).toString()).toThrow('not a character')
      expect(() => xml('a', {}, xml('b'), text).toString()).toThrow('not a character')
      expect(() => xml('a', { b: text }).toString()).toThrow('not a character')
    },
  )

  test.each(['', '1a', 'a b', 'a>', 'a:', ':a', 'a:b:c', 'a\0', "a='x'", '<', 'a/'])(
    'the name %j is refused',
    (name) => {
      expect(() => serialize(xml(name))).toThrow('not a name')
      expect(() => serialize(xml('a', { [name]: 'x' }))).toThrow('not a name')
    },
  )

  test('astral characters, CDATA ends and C1 controls are written as they are, or escaped', () => {
    expect(xml('a', {}, '😀]]>\u0085').toString()).toBe('<a>😀]]&gt;\u0085</a>')
  })

  test('a namespace that is in force is not declared again (XS-28)', () => {
    const message = xml(
      'message',
      { xmlns: 'jabber:client', type: 'chat' },
      xml('body', { xmlns: 'jabber:client' }, 'hi'),
    )
    expect(serialize(message, { parentNS: 'jabber:client' })).toBe('<message type="chat"><body>hi</body></message>')
    expect(serialize(message)).toBe('<message xmlns="jabber:client" type="chat"><body>hi</body></message>')
  })

  test('a namespace that came back is declared again', () => {
    const element = xml(
      'a',
      { xmlns: 'u' },
      xml('b', { xmlns: 'v' }, xml('c', { xmlns: 'u' })),
      xml('d', { xmlns: 'v' }),
    )
    expect(serialize(element, { parentNS: 'u' })).toBe('<a><b xmlns="v"><c xmlns="u"/></b><d xmlns="v"/></a>')
  })

  test('an element without namespace inside one that has one says so', () => {
    expect(serialize(xml('a', { xmlns: 'u' }, xml('b', { xmlns: '' })))).toBe('<a xmlns="u"><b xmlns=""/></a>')
  })

  test('a stream header is a start tag with a prefix', () => {
    const header = xml('stream:stream', { xmlns: 'jabber:client', 'xmlns:stream': NS_STREAM, version: '1.0' })
    expect(serializeStartTag(header)).toBe(
      '<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0">',
    )
  })

  test('20,000 levels do not overflow the stack', () => {
    const root = new Element('a')
    let inner = root
    for (let i = 0; i < 20_000; i++) {
      const child = new Element('a')
      inner.append(child)
      inner = child
    }
    expect(serialize(root)).toHaveLength(20_000 * 7 + 4)
    expect(serialize(root.clone())).toHaveLength(20_000 * 7 + 4)
  })

  test('empty texts leave no trace', () => {
    expect(serialize(xml('a', {}, ''))).toBe('<a></a>')
    expect(serialize(xml('a', {}, '', xml('b'), ''))).toBe('<a><b/></a>')
  })
})

const name = fc.constantFrom('a', 'body', 'x', 'größe', 'constructor', '__proto__', 'toString', 'a-b.c')
const namespace = fc.constantFrom('u', 'jabber:client', 'urn:x', "urn:a'b&c")
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('&', '<', '>', '"', "'", '\n', '\t', '\r', ']', ' ', 'ä', '😀'),
    fc.string({ minLength: 1, maxLength: 1 }).filter((c) => !/[\0-\x1f\ud800-\udfff\ufffe\uffff]/.test(c)),
  ),
  maxLength: 8,
}) // eslint-disable-line no-control-regex

interface Source {
  readonly name: string
  readonly attrs: Record<string, string>
  readonly children: readonly (Source | string)[]
}

const { tree } = fc.letrec<{ tree: Source }>((tie) => ({
  tree: fc.record({
    name,
    attrs: fc.oneof(
      fc.constant({}),
      namespace.map((xmlns) => ({ xmlns })),
      fc.record({ xmlns: namespace, to: text, 'xml:lang': text, 'p:q': text, 'xmlns:p': namespace }),
    ),
    children: fc.array(fc.oneof({ depthSize: 'small', withCrossShrink: true }, text, tie('tree')), { maxLength: 4 }),
  }),
}))

function build(source: Source): Element {
  return xml(
    source.name,
    source.attrs,
    source.children.map((child) => (typeof child === 'string' ? child : build(child))),
  )
}

/** What any parser must read: (namespace, name), attributes without declarations, and text. */
function reading(element: Element): unknown {
  const content: unknown[] = []
  for (const child of element.children) {
    if (typeof child !== 'string') content.push(reading(child))
    else if (typeof content.at(-1) === 'string') content.push(`${String(content.pop())}${child}`)
    else if (child !== '') content.push(child)
  }
  const attributes = Object.keys(element.attrs)
    .filter((key) => !key.startsWith('xmlns'))
    .toSorted()
    .map((key) => [key, element.attrs[key]])
  return [element.getNS() ?? '', element.getName(), attributes, content]
}

describe('XS-27 any tree, serialized, is read as the same tree', () => {
  test('by our parser, by saxes and by libxml2', () => {
    fc.assert(
      fc.property(tree, (source) => {
        const element = build(source)
        const written = serialize(element)
        const parsed = parseElement(written, C2S_LIMITS)
        expect(reading(parsed)).toEqual(reading(element))
        expect(reading(readBySaxes(written)!)).toEqual(reading(element))
        expect(reading(readByLibxml2(written)!)).toEqual(reading(element))
        expect(serialize(parsed, { parentNS: '' })).toBe(
          serialize(parseElement(serialize(parsed), C2S_LIMITS), { parentNS: '' }),
        )
        expect(serialize(parsed.clone())).toBe(serialize(parsed))
      }),
      { seed: 27, numRuns: 1500 },
    )
  })
})
