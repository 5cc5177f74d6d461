import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { antivirusAt } from './address.ts'
import { ScanRefused } from './engine.ts'

const soon = () => AbortSignal.timeout(2_000)

/** A server that reads until `isAll`, says this, and closes. */
async function speaks(answer: string | Buffer, isAll: (said: string) => boolean) {
  const heard: string[] = []
  const server = createServer((socket) => {
    let said = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1')
      if (!isAll(said)) return
      heard.push(said)
      socket.end(answer)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return { port, heard, [Symbol.asyncDispose]: async () => void server.close() }
}

const clamd = (answer: string) => speaks(answer, (said) => said.endsWith('\0\0\0\0'))
const icap = (answer: string) => speaks(answer, (said) => said.endsWith('0\r\n\r\n'))
const file = Buffer.from('a file')

test('clamd gets a file in chunks, each behind its length', async () => {
  await using server = await clamd('stream: OK\0')
  expect(await antivirusAt(`clamd://127.0.0.1:${server.port}`).scan(file, soon())).toEqual({ outcome: 'clean' })
  expect(server.heard).toEqual(['zINSTREAM\0\0\0\0\x06a file\0\0\0\0'])
})

test.each([
  ['stream: Eicar FOUND\0', { outcome: 'infected', signature: 'Eicar' }],
  ['stream: a OK FOUND\0', { outcome: 'infected', signature: 'a OK' }],
])('clamd finds: %j', async (answer, verdict) => {
  await using server = await clamd(answer)
  expect(await antivirusAt(`clamd://127.0.0.1:${server.port}`).scan(file, soon())).toEqual(verdict)
})

test.each(['', 'stream: OK', 'ERROR\0', 'stream: OK\0stream: OK\0', 'x'.repeat(100_000)])(
  'what clamd says beside that is no verdict: %j',
  async (answer) => {
    await using server = await clamd(answer)
    const scan = antivirusAt(`clamd://127.0.0.1:${server.port}`).scan(file, soon())
    // Without its end it may still be the whole word.
    if (answer === 'stream: OK') expect(await scan).toEqual({ outcome: 'clean' })
    else await expect(scan).rejects.toThrow()
  },
)

test('a file that is too large for clamd is said to be so', async () => {
  await using server = await clamd('INSTREAM size limit exceeded. ERROR\0')
  const scan = antivirusAt(`clamd://127.0.0.1:${server.port}`).scan(file, soon())
  await expect(scan).rejects.toThrow(ScanRefused)
})

test('an ICAP service gets the file as the answer to a request (RFC 3507 §4.9)', async () => {
  await using server = await icap('ICAP/1.0 204 No Content\r\nISTag: "x"\r\n\r\n')
  const engine = antivirusAt(`icap://127.0.0.1:${server.port}/avscan`)
  expect(await engine.scan(file, soon())).toEqual({ outcome: 'clean' })
  const [head = ''] = server.heard
  expect(head).toMatch(/^RESPMOD icap:\/\/127\.0\.0\.1:\d+\/avscan ICAP\/1\.0\r\n/)
  const [, req, res] = /res-hdr=(\d+), res-body=(\d+)/.exec(head)!.map(Number)
  const body = head.slice(head.indexOf('\r\n\r\n') + 4)
  expect(body.slice(req).startsWith('HTTP/1.1 200 OK\r\n')).toBe(true)
  expect(body.slice(res)).toBe('6\r\na file\r\n0\r\n\r\n')
})

const sentBack = (head: string, body: string) => {
  const http = `HTTP/1.1 ${head}\r\n\r\n`
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  return `ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=${http.length}\r\n\r\n${http}${chunk}`
}

test.each([
  ['the same file', sentBack('200 OK', 'a file'), 'clean'],
  ['a page in its place', sentBack('403 Forbidden', 'Blocked'), 'infected'],
  ['less of it', sentBack('200 OK', 'a fil'), 'infected'],
  ['nothing', 'ICAP/1.0 200 OK\r\nEncapsulated: null-body=0\r\n\r\n', 'infected'],
  ['a name for what it found', 'ICAP/1.0 204 No Content\r\nX-Virus-ID: Eicar\r\n\r\n', 'infected'],
])('an ICAP service that sends back %s', async (_name, answer, outcome) => {
  await using server = await icap(answer)
  expect(await antivirusAt(`icap://127.0.0.1:${server.port}/avscan`).scan(file, soon())).toMatchObject({ outcome })
})

test.each(['', 'HTTP/1.1 200 OK\r\n\r\n', 'ICAP/1.0 500 Server Error\r\n\r\n', 'ICAP/1.0 204 No Content'])(
  'what is no answer of ICAP is no verdict: %j',
  async (answer) => {
    await using server = await icap(answer)
    await expect(antivirusAt(`icap://127.0.0.1:${server.port}/avscan`).scan(file, soon())).rejects.toThrow()
  },
)

test('what is no address of an engine is refused', () => {
  for (const address of ['', 'http://127.0.0.1', 'icap:///x', 'clam']) expect(() => antivirusAt(address)).toThrow()
  expect(antivirusAt('clamd:///run/clamav/clamd.ctl').name).toBe('clamd /run/clamav/clamd.ctl')
})
