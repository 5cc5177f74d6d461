import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import { BODY_CASES } from '../fixtures/stream-cases.ts'
import { Element, emptyAttrs } from './element.ts'
import { StreamFault } from './errors.ts'
import { C2S_LIMITS } from './limits.ts'
import { serialize } from './serialize.ts'
import { createStreamParser, parseElement } from './tokenizer.ts'

// saxes, a parser written by others, is the oracle: what it rejects we must reject, what both accept must be the same tree.

const SEED = 6120
const RUNS = 6000

/** The tree that saxes makes, in our form; `undefined` if it rejects the text, or if XMPP forbids what it found. */
function oracle(text: string): Element | undefined {
  let root: Element | undefined
  let current: Element | null = null
  let isLegal = true
  const parser = new SaxesParser({ xmlns: true })
  const forbid = () => {
    isLegal = false
  }
  parser.on('error', forbid)
  parser.on('comment', forbid)
  parser.on('processinginstruction', forbid)
  parser.on('doctype', forbid)
  parser.on('xmldecl', forbid)
  const addText = (value: string) => {
    if (!current || value === '') return
    const last = current.children.length - 1
    const before = current.children[last]
    if (typeof before === 'string') current.children[last] = before + value
    else current.children.push(value)
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('opentag', (tag) => {
    const attrs = emptyAttrs()
    if (!current || current.getNS() !== tag.uri) attrs['xmlns'] = tag.uri
    for (const attribute of Object.values(tag.attributes)) {
      if (attribute.name === 'xmlns' || attribute.prefix === 'xmlns') continue
      attrs[attribute.name] = attribute.value
      if (attribute.prefix !== '' && attribute.prefix !== 'xml') attrs[`xmlns:${attribute.prefix}`] = attribute.uri
    }
    const element: Element = new Element(tag.local, attrs)
    element.parent = current
    current?.children.push(element)
    root ??= element
    current = element
  })
  parser.on('closetag', () => {
    current = current?.parent ?? null
  })
  try {
    parser.write(text).close()
  } catch {
    return undefined
  }
  return isLegal ? root : undefined
}

function ours(text: string): Element | StreamFault {
  try {
    return parseElement(text, C2S_LIMITS)
  } catch (error) {
    if (error instanceof StreamFault) return error
    throw error
  }
}

/** Attributes sorted by name, so that only content is compared. */
function canonical(element: Element): string {
  const copy = element.clone()
  const work = [copy]
  for (let next = work.pop(); next; next = work.pop()) {
    const sorted = emptyAttrs()
    for (const name of Object.keys(next.attrs).toSorted()) sorted[name] = next.attrs[name]!
    next.attrs = sorted
    work.push(...next.getChildElements())
  }
  return serialize(copy)
}

/**
 * What we reject and saxes does not: what XMPP restricts, our limits, elements in the XML namespace, and where saxes is
 * lenient: lone surrogates, and local names that begin with a digit, a dot or a hyphen.
 */
function isStricter({ condition }: StreamFault, text: string): boolean {
  if (condition === 'policy-violation' || condition === 'restricted-xml') return true
  return !text.isWellFormed() || /^\s|xml:|:[-.\d]/.test(text)
}

function compare(text: string): void {
  const mine = ours(text)
  const other = oracle(text)
  if (mine instanceof StreamFault) {
    if (other && !isStricter(mine, text)) expect.fail(`rejected with ${mine.message}: ${JSON.stringify(text)}`)
    return
  }
  if (!other) expect.fail(`accepted: ${JSON.stringify(text)} as ${serialize(mine)}`)
  expect(canonical(mine), text).toBe(canonical(other))
}

const PIECES = [
  '<', '>', '/', '</', '/>', '="', "='", '"', "'", ' ', '\n', '\t', '\r', '&', ';', '&amp;', '&lt;', '&#', '&#x', '65;', ']]>',
  '<![CDATA[', '<!--', '-->', '<?', '?>', '<!DOCTYPE a>', 'a', 'b', 'xmlns', 'xmlns:', 'p:', ':', 'xml:lang', '\0', '\x01', '\ufffe',
  'ä', '😀', '\u00a0', '\u0085', '\u2028', '\ud800', '=', '-', '1', '__proto__', 'constructor', "<a b='c'>", '</a>', "<p:a xmlns:p='u'/>",
] // prettier-ignore

const SEEDS = [
  "<a xmlns='u' b='c' d=\"e\">text<f/>more<g h='i'>deep<j/></g></a>",
  "<p:a xmlns:p='u' xmlns='v' p:b='1' b='2'><c/><p:d/><e xmlns=''><p:f/></e></p:a>",
  '<a>&amp;&#65;&#x1F600;<![CDATA[<&]]>]] ></a>',
  "<message to='bob@im.test'><body>Grüße, 😀\r\nzwei</body><x:y xmlns:x='urn:x' xml:lang='de'/></message>",
  ...BODY_CASES.map(({ input }) => `<m xmlns='jabber:client'><body>${input}</body></m>`),
]

test('legal and illegal seeds get the verdict of saxes', () => {
  for (const seed of SEEDS) compare(seed)
})

const mutated = (() => {
  const mutation = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 4 }),
    insert: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PIECES) }, { weight: 1, arbitrary: fc.constant('') }),
  })
  return fc
    .tuple(fc.constantFrom(...SEEDS), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([seed, mutations]) => {
      let text = seed
      for (const { at, remove, insert } of mutations) {
        const from = Math.floor(at * text.length)
        text = text.slice(0, from) + insert + text.slice(from + remove)
      }
      return text
    })
})()

test('XS-29 mutated elements get the verdict of saxes, and the same tree', () => {
  fc.assert(fc.property(mutated, compare), { seed: SEED, numRuns: RUNS })
})

test('XS-15 mutated streams get the same verdict and events in whatever pieces they come', () => {
  const limits = { ...C2S_LIMITS, maxStanzaBytes: 200, maxElements: 6, maxDepth: 4, maxNameBytes: 60 }
  const transcript = (chunks: readonly Uint8Array[]) => {
    const events: string[] = []
    const log = (what: string) => (element?: Element) => events.push(what + (element ? serialize(element) : ''))
    const parser = createStreamParser(limits, { open: log('open '), element: log(''), close: log('close') })
    try {
      for (const chunk of chunks) parser.write(chunk)
      parser.end()
    } catch (error) {
      if (!(error instanceof StreamFault)) throw error
      events.push(error.condition)
    }
    return events.join('\n')
  }
  const stream = fc.tuple(
    fc.array(mutated, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
    fc.integer({ min: 0, max: 300 }),
  )
  fc.assert(
    fc.property(stream, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), ([elements, isBroken, badAt], sizes) => {
      const bytes = new TextEncoder().encode(`<s xmlns='u'>${elements.join('')}</s>`)
      if (isBroken && badAt < bytes.length) bytes[badAt] = 0x80 + (badAt % 128)
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length;) {
        const size = sizes.next().value ?? 1
        chunks.push(bytes.slice(at, at + size))
        at += size
      }
      expect(transcript(chunks)).toBe(transcript([bytes]))
    }),
    { seed: SEED, numRuns: RUNS / 4 },
  )
})

test('XS-29 sequences of tokens get the verdict of saxes', () => {
  const tokens = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((list) => `<a>${list.join('')}</a>`)
  fc.assert(fc.property(tokens, compare), { seed: SEED, numRuns: RUNS })
})
