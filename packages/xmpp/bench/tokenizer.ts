// How fast bytes become elements, beside saxes and ltx, and that hostile input costs no more per byte than honest input.
// Run with `node packages/xmpp/bench/tokenizer.ts`; numbers are of this machine and this moment, ratios are what counts.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createStreamParser, type XmlLimits } from '../src/index.ts'
import { PARSERS, type ParserName, type Run } from './parsers.ts'
import { STREAM_START, typicalStanzas } from './stanzas.ts'

const TURNS = 30
/** Runs of a turn: after the first few the caches of the machine hold what this parser needs. */
const RUNS = 20

const bytesOf = (text: string) => new TextEncoder().encode(text)

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size))
  return chunks
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

const inputs: readonly { name: string; chunks: readonly Uint8Array[] }[] = (
  [
    ['ASCII', true],
    ['1/7 beyond ASCII', false],
  ] as const
).flatMap(([name, ascii]) => {
  const stanzas = typicalStanzas(1200, ascii)
  const whole = bytesOf(STREAM_START + stanzas.join(''))
  return [
    { name: `${name}, one stanza per chunk`, chunks: [bytesOf(STREAM_START), ...stanzas.map(bytesOf)] },
    { name: `${name}, 4 KiB chunks`, chunks: cut(whole, 4096) },
    { name: `${name}, 64 KiB chunks`, chunks: cut(whole, 65536) },
  ]
})

/** Parses each input that is asked for by its index, some times, and answers with the MB/s of the best. */
function serveTurns(run: Run): void {
  process.on('message', (input: number) => {
    const { chunks } = inputs[input]!
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    let best = 0
    for (let i = 0; i < RUNS; i++) {
      const start = performance.now()
      run(chunks)
      best = Math.max(best, bytes / (performance.now() - start) / 1000)
    }
    process.send!(best)
  })
}

/**
 * Each parser has a process of its own, as it has in a server, since what V8 learns of one costs the others; they take
 * turns, so that a busy machine is equally busy for all. The best run of each counts.
 */
async function throughput(): Promise<void> {
  const names = Object.keys(PARSERS) as ParserName[]
  const children = names.map((name) => fork(import.meta.filename, [name]))
  const rows = [['MB/s', 'ours', 'saxes', 'ltx', 'ours/saxes', 'ours/ltx', 'all read: ours', 'ltx', 'ours/ltx']]
  for (const [input, { name }] of inputs.entries()) {
    const best = names.map(() => 0)
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [i, child] of children.entries()) {
        child.send(input)
        const [figure] = (await once(child, 'message')) as [number]
        best[i] = Math.max(best[i]!, figure)
      }
    }
    const [ours = 0, saxes = 0, ltx = 0, oursRead = 0, ltxRead = 0] = best
    const ratio = (a: number, b: number) => (a / b).toFixed(1)
    const whole = [ours, saxes, ltx].map((figure) => figure.toFixed(0))
    const read = [oursRead, ltxRead].map((figure) => figure.toFixed(0))
    rows.push([name, ...whole, ratio(ours, saxes), ratio(ours, ltx), ...read, ratio(oursRead, ltxRead)])
  }
  for (const child of children) child.disconnect()
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

const parser = process.argv[2]
if (process.send && parser !== undefined) serveTurns(PARSERS[parser as ParserName])
else {
  await throughput()
  linearity()
}
