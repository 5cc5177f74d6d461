// How fast bytes become elements, beside saxes and ltx, and that hostile input costs no more per byte than honest input.
// Run with `node packages/xmpp/bench/tokenizer.ts`; numbers are of this machine and this moment, ratios are what counts.

import { Parser as LtxParser, Element as LtxElement } from 'ltx'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { C2S_LIMITS, Element, createStreamParser, emptyAttrs, type XmlLimits } from '../src/index.ts'
import { STREAM_START, typicalStanzas } from './stanzas.ts'

const ROUNDS = 200

type Run = (chunks: readonly Uint8Array[]) => number

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

const bytesOf = (text: string) => new TextEncoder().encode(text)

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size))
  return chunks
}

/** The best throughput of each, in MB/s; in turns, so that a busy machine is equally busy for all. */
function measure(runs: readonly Run[], chunks: readonly Uint8Array[]): number[] {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const best = runs.map(() => 0)
  for (let round = 0; round < ROUNDS; round++) {
    runs.forEach((run, i) => {
      const start = performance.now()
      run(chunks)
      best[i] = Math.max(best[i]!, bytes / (performance.now() - start) / 1000)
    })
  }
  return best
}

function table(rows: readonly (readonly (string | number)[])[]): void {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)))
  for (const row of rows) {
    console.log(
      row.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]!) : String(cell).padStart(widths[i]!))).join('  '),
    )
  }
  console.log()
}

function throughput(): void {
  const runs = [oursFor(leave), saxes, ltxFor(leave), oursFor(readAll), ltxFor(readAll)]
  const rows = [['MB/s', 'ours', 'saxes', 'ltx', 'ours/saxes', 'ours/ltx', 'all read: ours', 'ltx', 'ours/ltx']]
  for (const [name, ascii] of [
    ['ASCII', true],
    ['1/7 beyond ASCII', false],
  ] as const) {
    const stanzas = typicalStanzas(1200, ascii)
    const whole = bytesOf(STREAM_START + stanzas.join(''))
    const inputs: [string, Uint8Array[]][] = [
      ['one stanza per chunk', [bytesOf(STREAM_START), ...stanzas.map(bytesOf)]],
      ['4 KiB chunks', cut(whole, 4096)],
      ['64 KiB chunks', cut(whole, 65536)],
    ]
    for (const [cutting, chunks] of inputs) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0] = measure(runs, chunks)
      const figures = [a, b, c].map((figure) => figure.toFixed(0))
      const all = [d, e].map((figure) => figure.toFixed(0))
      rows.push([`${name}, ${cutting}`, ...figures, (a / b).toFixed(1), (a / c).toFixed(1), ...all, (d / e).toFixed(1)])
    }
  }
  table(rows)
}

/** Time per byte on hostile input, in chunks of several sizes, beside that of typical stanzas. Limits are out of the way. */
function linearity(): void {
  const limits: XmlLimits = {
    maxStanzaBytes: 1e9,
    maxDepth: 3e6,
    maxElements: 1e9,
    maxAttributes: 1e3,
    maxNameBytes: 1e9,
    maxNamespaces: 1e6,
  }
  const rows: (string | number)[][] = [['ns per byte', '1 MB', '4 MB', '4 MB in 1 KiB', '1 MB in 10 B']]
  const hostile: [string, (bytes: number) => string][] = [
    [
      'typical',
      (bytes) =>
        typicalStanzas(Math.ceil(bytes / 190))
          .join('')
          .slice(0, bytes),
    ],
    ['attribute', (bytes) => `<iq a='${'x'.repeat(bytes)}`],
    ['attribute of quotes', (bytes) => `<iq a='${'"'.repeat(bytes)}`],
    ['attribute of >', (bytes) => `<iq a='${'>'.repeat(bytes)}`],
    ['text', (bytes) => `<iq>${'x'.repeat(bytes)}`],
    ['text of ]', (bytes) => `<iq>${']'.repeat(bytes)}`],
    ['text beyond ASCII', (bytes) => `<iq>${'ä'.repeat(bytes / 2)}`],
    ['open reference', (bytes) => `<iq>&${'x'.repeat(bytes)}`],
    ['references', (bytes) => `<iq>${'&amp;'.repeat(bytes / 5)}`],
    ['long reference', (bytes) => `<iq>&#${'0'.repeat(bytes)}65;`],
    ['CDATA of ]', (bytes) => `<iq><![CDATA[${']'.repeat(bytes)}`],
    ['small CDATA', (bytes) => `<iq>${'<![CDATA[]]>'.repeat(bytes / 12)}`],
    ['empty elements', (bytes) => `<iq>${'<a/>'.repeat(bytes / 4)}`],
    ['name', (bytes) => `<${'x'.repeat(bytes)}`],
    [
      'attributes',
      (bytes) => `<iq>${`<a ${Array.from({ length: 60 }, (_, i) => `a${i}=''`).join(' ')}/>`.repeat(bytes / 500)}`,
    ],
    [
      'declarations',
      (bytes) =>
        `<iq>${`<a ${Array.from({ length: 30 }, (_, i) => `xmlns:a${i}='u'`).join(' ')}/>`.repeat(bytes / 420)}`,
    ],
    [
      // Never the namespace that this name had last, nor the names that others have.
      'changing names',
      (bytes) =>
        `<iq>${Array.from({ length: Math.ceil(bytes / 43) }, (_, i) => `<a xmlns='urn:${i}' n${i}='' type='a${i}'/>`)
          .join('')
          .slice(0, bytes)}`,
    ],
    [
      // One more than are remembered of a kind, so that each is compared with all that are, to its end, and remembered.
      'changing forms',
      (bytes) =>
        `<iq>${Array.from(
          { length: Math.ceil(bytes / 47) },
          (_, i) => `<item a='${'v'.repeat(20)}' b='v' c${i % 9}='v'/>`,
        )
          .join('')
          .slice(0, bytes)}`,
    ],
    ['depth', (bytes) => `<iq>${'<a>'.repeat(bytes / 3)}`],
    ['spaces in a tag', (bytes) => `<iq ${' '.repeat(bytes)}`],
  ]
  for (const [name, make] of hostile) {
    const cost = (bytes: number, size: number) => {
      const chunks = cut(bytesOf(STREAM_START + make(bytes)), size)
      let best = Number.POSITIVE_INFINITY
      for (let i = 0; i < 3; i++) {
        const parser = createStreamParser(limits, { open() {}, element() {}, close() {} })
        const start = performance.now()
        for (const chunk of chunks) parser.write(chunk)
        best = Math.min(best, performance.now() - start)
      }
      return ((best * 1e6) / bytes).toFixed(1)
    }
    rows.push([name, cost(1e6, 1e9), cost(4e6, 1e9), cost(4e6, 1024), cost(1e6, 10)])
  }
  table(rows)
}

throughput()
linearity()
