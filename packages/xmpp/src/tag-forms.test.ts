import { describe, expect, test } from 'vitest'
import { StreamFault } from './errors.ts'
import { C2S_LIMITS, type XmlLimits } from './limits.ts'
import { serialize } from './serialize.ts'
import { createStreamParser, parseElement } from './tokenizer.ts'

// Forms of tags are remembered for all streams, so each test has names of its own.

const encoder = new TextEncoder()

function read(text: string, limits: XmlLimits = C2S_LIMITS): string {
  try {
    return serialize(parseElement(text, limits))
  } catch (error) {
    if (!(error instanceof StreamFault)) throw error
    return error.condition
  }
}

/** Reads a text often enough for its tags to be known. */
function teach(...texts: string[]): void {
  for (const text of texts) for (let i = 0; i < 3; i++) read(text)
}

describe('a tag of a known form is read as if it were the first', () => {
  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['a', 'a'],
    ['four', 'four'],
    ['with "the other" quotes', 'with &quot;the other&quot; quotes'],
    ['a > b / c = d', 'a &gt; b / c = d'],
    ['a &amp; b', 'a &amp; b'],
    ['&#65;&lt;', 'A&lt;'],
    ['tab\tline\nreturn\r\n', 'tab line return '],
    ['Grüße', 'Grüße'],
    ['😀', '😀'],
    ['\ufffd', '\ufffd'],
    ['\u007f', '\u007f'],
    ['\ufffe', 'not-well-formed'],
    ['a < b', 'not-well-formed'],
    ['\u0001', 'not-well-formed'],
    ['&nbsp;', 'restricted-xml'],
    ['a & b', 'not-well-formed'],
  ])('with the value %j', (value, expected) => {
    const form = (a: string, b: string) => `<value-test xmlns='urn:x' a='${a}' b='${b}'/>`
    const element = (a: string, b: string) => `<value-test xmlns="urn:x" a="${a}" b="${b}"/>`
    teach(form('1', '2'))
    const isRefused = /^[a-z-]+-[a-z]+$/.test(expected)
    for (const other of ['', 'x', 'xyz', 'äöü']) {
      expect(read(form(value, other))).toBe(isRefused ? expected : element(expected, other))
      expect(read(form(other, value))).toBe(isRefused ? expected : element(other, expected))
    }
  })

  test('in whatever namespace it is', () => {
    teach("<scope-test xmlns='urn:a'><inner-test b='c'/></scope-test>")
    expect(read("<other-test xmlns='urn:b'><inner-test b='c'/></other-test>")).toBe(
      '<other-test xmlns="urn:b"><inner-test b="c"/></other-test>',
    )
    expect(read("<p:other-test xmlns:p='urn:b' xmlns='urn:c'><inner-test b='c'/></p:other-test>")).toBe(
      '<other-test xmlns="urn:b"><inner-test xmlns="urn:c" b="c"/></other-test>',
    )
    expect(read("<inner-test b='c'/>")).toBe('<inner-test xmlns="" b="c"/>')
  })

  test.each([
    ["<junk-test a='1' b='2'/>", "<junk-test a='1' b='2'x/>"],
    ["<junk-test a='1' b='2'/>", "<junk-test a='1' b='2' />"],
    ["<junk-test a='1' b='2'/>", "<junk-test a='1' b='2'></junk-test>"],
    ["<junk-test a='1' b='2'/>", "<junk-test a='1'b='2'/>"],
    ["<junk-test a='1' b='2'/>", '<junk-test a=\'1\' b="2"/>'],
    ["<junk-test a='1' b='2'/>", "<junk-test a='1' b='2'"],
    ["<junk-test a='1' b='2'/>", "<junk-test a='1' b='2"],
    ["<junk-test a='1' b='2'/>", "<junk-test a='1' c='2'/>"],
    ["<junk-test xml:lang='de'/>", "<junk-test xml:lang='en'/>"],
    ["<junk-test xml:lang='de' a='b'/>", "<junk-test xml:lang='en' a='b' xml:lang='fr'/>"],
  ])('%s, and then %s', (known, text) => {
    const other = (s: string) => s.replaceAll('junk-test', 'fresh-test')
    const first = read(other(text))
    teach(known)
    expect(other(read(text))).toBe(first)
  })

  test('XS-19 XS-21 what was refused is refused again, and what has prefixes depends on where it is', () => {
    for (let i = 0; i < 4; i++) {
      expect(read("<double-test a='1' a='2'/>")).toBe('not-well-formed')
      expect(read("<reserved-test xmlns='http://www.w3.org/2000/xmlns/'/>")).toBe('not-well-formed')
      expect(read("<a xmlns:p='urn:p'><p:prefix-test p:b='c'/></a>")).toBe(
        '<a xmlns=""><prefix-test xmlns="urn:p" p:b="c" xmlns:p="urn:p"/></a>',
      )
      expect(read("<a xmlns:p='urn:q'><p:prefix-test p:b='c'/></a>")).toContain('urn:q')
      expect(read("<a><prefix-test p:b='c'/></a>")).toBe('not-well-formed')
    }
  })

  test('DS-06 within the limits of its own stream', () => {
    const long = 'n'.repeat(50)
    const texts = ["<limit-test a='1' b='2' c='3'/>", `<limit-test ${long}='1'/>`, `<limit-test xmlns='urn:${long}'/>`]
    teach(...texts, "<limit-test xmlns='urn:1'><limit-test xmlns='urn:2'/></limit-test>")
    for (const text of texts) expect(read(text)).toMatch(/^<limit-test /)
    const small = { ...C2S_LIMITS, maxAttributes: 2, maxNameBytes: 40, maxNamespaces: 1 }
    for (const text of texts) expect(read(text, small)).toBe('policy-violation')
    expect(read("<limit-test xmlns='urn:1'><limit-test xmlns='urn:2'/></limit-test>", small)).toBe('policy-violation')
    expect(read("<limit-test a='1'/>", { ...small, maxStanzaBytes: 18 })).toBe('policy-violation')
  })

  test('among more forms of a name than are remembered', () => {
    const texts = Array.from({ length: 30 }, (_, i) => `<many-test a='${i}' b${i}='${i}'/>`)
    for (let round = 0; round < 4; round++) {
      for (const text of texts) expect(read(text)).toBe(text.replace(' ', ' xmlns="" ').replaceAll("'", '"'))
    }
  })

  test('at every split (XS-15)', () => {
    const stanza =
      "<split-test type='chat' to='bob@im.test'><body>hi there</body><x xmlns='urn:x' id='12345678'/></split-test>"
    const bytes = encoder.encode(`<stream xmlns='jabber:client'>${stanza}${stanza}`)
    const events = (chunks: readonly Uint8Array[]) => {
      const seen: string[] = []
      const parser = createStreamParser(C2S_LIMITS, { open() {}, element: (e) => seen.push(serialize(e)), close() {} })
      for (const chunk of chunks) parser.write(chunk)
      return seen
    }
    const whole = events([bytes])
    expect(whole).toHaveLength(2)
    for (let at = 1; at < bytes.length; at++) {
      expect(events([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
    }
  })
})

test('a handler may parse something else in the middle of a chunk', () => {
  const seen: string[] = []
  const inner = `<other xmlns='urn:x' id='inner'>${'s'.repeat(800)}</other>`
  const parser = createStreamParser(C2S_LIMITS, {
    open() {},
    element(element) {
      seen.push(serialize(element))
      seen.push(read(inner))
    },
    close() {},
  })
  const stanza = (id: string) => `<message id='${id}'><body>the text of ${id}</body></message>`
  parser.write(encoder.encode(`<stream xmlns='jabber:client'>${stanza('one')}${stanza('two')}${stanza('three')}`))
  const expected = (id: string) => stanza(id).replace(' ', ' xmlns="jabber:client" ').replaceAll("'", '"')
  const between = inner.replaceAll("'", '"')
  expect(seen).toEqual([expected('one'), between, expected('two'), between, expected('three'), between])
})
