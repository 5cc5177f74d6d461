import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const BENCH = fileURLToPath(new URL('../bench/entities.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const MAX_BYTES = 1_000_000

interface Row {
  readonly attack: string
  readonly sentBytes: number
  readonly readBytes: number
  readonly error: string
  readonly peakHeapBytes: number
  readonly keptHeapBytes: number
  readonly rssBytes: number
}

test('XS-04 billion-laughs, XS-05 xxe: a DTD ends the stream where it begins, and nothing is allocated or fetched for it', async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    // A file that is not of this tree could not be read either: the process may not, and would say so.
    const flags = ['--expose-gc', '--permission', `--allow-fs-read=${ROOT}*`]
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, BENCH, '--json', '--port', String(port)])
    const rows = JSON.parse(stdout) as readonly Row[]
    expect(rows).toHaveLength(8)
    console.log(table(rows))
    for (const { attack, error, readBytes, peakHeapBytes, keptHeapBytes, rssBytes } of rows) {
      expect([attack, error]).toEqual([attack, 'restricted-xml'])
      expect(readBytes, `${attack}: read`).toBeLessThanOrEqual(1_024)
      for (const bytes of [peakHeapBytes, keptHeapBytes, rssBytes]) expect(bytes, attack).toBeLessThan(MAX_BYTES)
    }
    expect(connections).toBe(0)
  } finally {
    server.close()
  }
})

function table(rows: readonly Row[]): string {
  const kib = (bytes: number) => `${(bytes / 1_024).toFixed(1).padStart(8)} KiB`
  const line = ({ attack, sentBytes, readBytes, peakHeapBytes, keptHeapBytes, rssBytes }: Row) =>
    [attack.padEnd(26), ...[sentBytes, readBytes, peakHeapBytes, keptHeapBytes, rssBytes].map(kib)].join('  ')
  return [['attack', 'sent', 'read', 'heap, most', 'heap, after', 'RSS'].join('  '), ...rows.map(line)].join('\n')
}
