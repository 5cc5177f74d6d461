// The parsers that are compared, each with the tree that it builds for XMPP.

import { Parser as LtxParser, Element as LtxElement } from 'ltx'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { C2S_LIMITS, Element, createStreamParser, emptyAttrs } from '../src/index.ts'

/** Parses a stream that comes in chunks. Returns the number of its stanzas. */
export type Run = (chunks: readonly Uint8Array[]) => number

/** What is done with each finished stanza. */
type Use = (stanza: Element | LtxElement) => void

const leave: Use = () => {}

/** Looks at every attribute of every element, so that nothing is gained by putting off what must be done. */
const readAll: Use = (stanza) => {
  const work: (Element | LtxElement)[] = [stanza]
  for (let element = work.pop(); element; element = work.pop()) {
    for (const name in element.attrs) charactersRead += element.attrs[name]!.length
    for (const child of element.children) if (typeof child !== 'string') work.push(child)
  }
}
let charactersRead = 0

/** Bytes to elements by our tokenizer. Returns the number of stanzas. */
const oursFor =
  (use: Use): Run =>
  (chunks) => {
    let count = 0
    const element = (stanza: Element) => {
      count++
      use(stanza)
    }
    const parser = createStreamParser(C2S_LIMITS, { open() {}, element, close() {} })
    for (const chunk of chunks) parser.write(chunk)
    return count
  }

/** saxes with namespaces, fatal decoding, and the tree that we build. */
const saxes: Run = (chunks) => {
  let count = 0
  let current: Element | null = null
  let depth = 0
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', (tag: SaxesTagNS) => {
    if (depth++ === 0) return
    const attrs = emptyAttrs()
    if (!current || current.getNS() !== tag.uri) attrs['xmlns'] = tag.uri
    for (const name in tag.attributes) if (name !== 'xmlns') attrs[name] = tag.attributes[name]!.value
    const element: Element = new Element(tag.local, attrs)
    element.parent = current
    current?.children.push(element)
    current = element
  })
  parser.on('text', (text) => current?.children.push(text))
  parser.on('closetag', () => {
    depth--
    if (!current) return
    if (current.parent === null) count++
    current = current.parent
  })
  for (const chunk of chunks) parser.write(decoder.decode(chunk, { stream: true }))
  return count
}

/** ltx with the tree of @xmpp/xml. */
const ltxFor =
  (use: Use): Run =>
  (chunks) => {
    let count = 0
    let current: LtxElement | null = null
    let depth = 0
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const parser = new LtxParser()
    parser.on('startElement', (name: string, attrs: Record<string, string>) => {
      if (depth++ === 0) return
      const element: LtxElement = new LtxElement(name, attrs)
      current = current ? current.cnode(element) : element
    })
    parser.on('text', (text: string) => current?.t(text))
    parser.on('endElement', () => {
      depth--
      if (!current) return
      if (current.parent === null) {
        count++
        use(current)
      }
      current = current.parent
    })
    for (const chunk of chunks) parser.write(decoder.decode(chunk, { stream: true }))
    return count
  }

export const PARSERS = {
  ours: oursFor(leave),
  saxes,
  ltx: ltxFor(leave),
  'ours, all read': oursFor(readAll),
  'ltx, all read': ltxFor(readAll),
} as const satisfies Record<string, Run>

export type ParserName = keyof typeof PARSERS
