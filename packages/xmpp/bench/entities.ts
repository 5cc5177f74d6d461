// What documents with a DTD cost: how far they are read, and what memory they take, at most and for good (threats XS-03 to
// XS-05). Run with `node --expose-gc packages/xmpp/bench/entities.ts`; `--json` prints the rows for a program, `--port N`
// says where a server counts who asks for the external entities.

import { createStreamParser, C2S_LIMITS, StreamFault } from '../src/index.ts'
import { STREAM_START } from './stanzas.ts'

const CHUNK_BYTES = 1_024
const port = process.argv.includes('--port') ? process.argv[process.argv.indexOf('--port') + 1] : '9'
const inBody = (text: string) => `${STREAM_START}<message><body>${text}</body></message>`
const names = 'abcdefghij'
/** Ten of the one before, nine times over. */
const laughs = Array.from(names.slice(1), (name, i) => `<!ENTITY ${name} '${`&${names[i]};`.repeat(10)}'>`).join('')

/** What is sent, and what it would be if entities were replaced, in bytes. */
const ATTACKS: Readonly<Record<string, { readonly text: string; readonly expandedBytes: number }>> = {
  'nested entities': { text: `<!DOCTYPE x [<!ENTITY a 'ha'>${laughs}]>${inBody('&j;')}`, expandedBytes: 2e9 },
  'a long entity, often': {
    text: `<!DOCTYPE x [<!ENTITY a '${'x'.repeat(1e5)}'>]>${inBody('&a;'.repeat(1e4))}`,
    expandedBytes: 1e9,
  },
  'a parameter entity': {
    text: `<!DOCTYPE x [<!ENTITY % a '${'x'.repeat(1e5)}'>${'%a;'.repeat(1e3)}]>${inBody('')}`,
    expandedBytes: 1e8,
  },
  'a DTD that does not end': { text: `<!DOCTYPE x [${'<!ELEMENT a ANY>'.repeat(2e5)}`, expandedBytes: 32e5 },
  'a DOCTYPE between stanzas': { text: `${inBody('x')}<!DOCTYPE x [${laughs}]>`, expandedBytes: 2e9 },
  'an external file': {
    text: `<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///dev/zero'>]>${inBody('&a;')}`,
    expandedBytes: 1e12,
  },
  'an external page': {
    text: `<!DOCTYPE x [<!ENTITY a SYSTEM 'http://127.0.0.1:${port}/entity'>]>${inBody('&a;')}`,
    expandedBytes: 1e12,
  },
  'an external DTD': { text: `<!DOCTYPE x SYSTEM 'http://127.0.0.1:${port}/dtd'>${inBody('')}`, expandedBytes: 1e12 },
}

interface Row {
  readonly attack: string
  readonly sentBytes: number
  readonly readBytes: number
  readonly expandedBytes: number
  readonly error: string
  /** Above what there was before, while it was parsed and after garbage was collected. */
  readonly peakHeapBytes: number
  readonly keptHeapBytes: number
  readonly rssBytes: number
}

const { gc } = globalThis
if (!gc) throw new Error('Run this with --expose-gc.')

function parse(chunks: readonly Uint8Array[], written: (bytes: number) => void): string {
  const parser = createStreamParser(C2S_LIMITS, { open() {}, element() {}, close() {} })
  try {
    for (const chunk of chunks) {
      parser.write(chunk)
      written(chunk.length)
    }
    return 'none'
  } catch (error) {
    if (error instanceof StreamFault) return error.condition
    throw error
  }
}

function measure(attack: string, { text, expandedBytes }: { text: string; expandedBytes: number }): Row {
  const bytes = new TextEncoder().encode(text)
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES))
  let peak = 0
  // The chunk that the error is in counts as read.
  let readBytes = Math.min(CHUNK_BYTES, bytes.length)
  gc!()
  const { rss } = process.memoryUsage()
  const before = process.memoryUsage().heapUsed
  const error = parse(chunks, (count) => {
    readBytes = Math.min(readBytes + count, bytes.length)
    peak = Math.max(peak, process.memoryUsage().heapUsed - before)
  })
  peak = Math.max(peak, process.memoryUsage().heapUsed - before)
  gc!()
  const { heapUsed, rss: rssAfter } = process.memoryUsage()
  return {
    attack,
    sentBytes: bytes.length,
    readBytes,
    expandedBytes,
    error,
    peakHeapBytes: Math.max(0, peak),
    keptHeapBytes: Math.max(0, heapUsed - before),
    rssBytes: Math.max(0, rssAfter - rss),
  }
}

// Twice: the first round is for what is compiled and loaded once.
for (const [attack, what] of Object.entries(ATTACKS)) measure(attack, what)
const rows = Object.entries(ATTACKS).map(([attack, what]) => measure(attack, what))
if (process.argv.includes('--json')) console.log(JSON.stringify(rows))
else console.table(rows)
