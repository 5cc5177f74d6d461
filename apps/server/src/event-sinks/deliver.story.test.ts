import { appendAudit, findEventSink, openDatabase } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import type { TestDatabase } from '@drawbridge/testkit'
import { EventEmitter, on, once } from 'node:events'
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import { startDelivery } from './deliver.ts'
import { ocsfSink } from './ocsf.ts'
import { otlpSink } from './otlp.ts'
import type { EventSink } from './sink.ts'
import { syslogSink } from './syslog.ts'

let database: TestDatabase
let opened: ReturnType<typeof openDatabase>
let db: Db
let directory: string
let certificate: Awaited<ReturnType<typeof generate>>
beforeAll(async () => {
  database = await testDatabase()
  opened = openDatabase(database.url)
  db = opened.db
  directory = await mkdtemp(join(tmpdir(), 'sinks-'))
  certificate = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  })
  await writeFile(join(directory, 'ca.pem'), certificate.cert)
})
afterAll(async () => {
  await opened.close()
  await database[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

/** Where the log was when the test began: a new receiver starts there, as others before it have been given the rest. */
let first = 0
beforeEach(async () => {
  first = (await findEventSink(db, 'nobody')).behind + 1
  await opened.pool.query('delete from event_sink')
  await opened.pool.query(`insert into event_sink (name, seq) select unnest(array['syslog', 'ocsf', 'otlp']), $1`, [
    first - 1,
  ])
})

async function act(count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await appendAudit(db, { actor: 'ann@im.test', action: 'set-roles', target: `user${n}@im.test` })
}
const numbers = (count: number) => Array.from({ length: count }, (_, n) => first + n)
const deliverTo = (sink: EventSink) => startDelivery({ db, sinks: [sink], log: silentLog, pollMs: 5 })

/** Waits for what is emitted until it is what the test waits for. */
async function until(emitter: EventEmitter, isThere: () => boolean | Promise<boolean>): Promise<void> {
  if (await isThere()) return
  for await (const _ of on(emitter, 'news')) if (await isThere()) return
}

/** Syslog over TLS as RFC 5425 has it. With `mustReset`, it breaks connections off with what it was sent. */
async function receiver(port = 0) {
  const news = new EventEmitter()
  const heard: number[] = []
  const state = { mustReset: false, resets: 0 }
  const sockets = new Set<TLSSocket>()
  const connections = new Set<Socket>()
  const server = createTlsServer({ key: certificate.private, cert: certificate.cert }, (socket) => {
    sockets.add(socket)
    let text = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      if (state.mustReset) {
        state.resets += 1
        for (const tcp of connections) tcp.resetAndDestroy()
        return void news.emit('news')
      }
      text = Buffer.concat([text, chunk])
      for (;;) {
        const space = text.indexOf(' ')
        const end = space + 1 + Number(text.subarray(0, Math.max(0, space)))
        if (space < 0 || text.length < end) break
        heard.push(Number(/ seq="(\d+)"/.exec(text.subarray(space + 1, end).toString())![1]))
        text = text.subarray(end)
      }
      news.emit('news')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('connection', (tcp: Socket) => {
    connections.add(tcp)
    tcp.on('close', () => connections.delete(tcp))
  })
  server.on('tlsClientError', () => undefined)
  server.listen(port, 'localhost')
  await once(server, 'listening')
  return {
    heard,
    news,
    state,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
const syslogTo = (port: number, caFile: string | undefined = join(directory, 'ca.pem')) =>
  syslogSink({ url: `tls://localhost:${port}`, caFile, domain: 'im.test' })

test('a syslog receiver gets every row once and in order, in batches and as they come', async () => {
  await using siem = await receiver()
  await act(130)
  await using _ = deliverTo(syslogTo(siem.port))
  await until(siem.news, () => siem.heard.length >= 130)
  await act(3)
  await until(siem.news, () => siem.heard.length >= 133)
  expect(siem.heard).toEqual(numbers(133))
})

test('a syslog receiver that breaks off, goes away and comes back misses nothing', async () => {
  const siem = await receiver()
  siem.state.mustReset = true
  await act(5)
  await using sinks = deliverTo(syslogTo(siem.port))
  await until(siem.news, () => siem.state.resets >= 2)
  await siem[Symbol.asyncDispose]()
  // Whoever acts does not notice.
  await act(5)
  expect(await sinks.checks()).toEqual([
    { name: 'events to syslog', isOk: false, detail: expect.stringMatching(/^10 events behind: ./) },
  ])
  await using back = await receiver(siem.port)
  await until(back.news, () => back.heard.includes(first + 9))
  expect([...new Set(back.heard)]).toEqual(numbers(10))
  expect(siem.heard).toEqual([])
})

test('rows go to no syslog receiver whose certificate nobody vouches for', async () => {
  await using siem = await receiver()
  await act(1)
  const failed = Promise.withResolvers<string>()
  const log = { ...silentLog, warn: (_: string, fields?: object) => failed.resolve(JSON.stringify(fields)) }
  // The certificates that everybody trusts do not include this one.
  const sink = syslogSink({ url: `tls://localhost:${siem.port}`, domain: 'im.test' })
  await using _ = startDelivery({ db, sinks: [sink], log, pollMs: 5 })
  expect(await failed.promise).toContain('self-signed')
  expect(siem.heard).toEqual([])
})

test('of two server processes one delivers, and the other goes on when it stops', async () => {
  await using siem = await receiver()
  await act(2)
  const one = deliverTo(syslogTo(siem.port))
  await until(siem.news, () => siem.heard.length >= 2)
  await using _ = deliverTo(syslogTo(siem.port))
  await act(2)
  await until(siem.news, () => siem.heard.includes(first + 3))
  await one[Symbol.asyncDispose]()
  await act(2)
  await until(siem.news, () => siem.heard.includes(first + 5))
  expect([...new Set(siem.heard)]).toEqual(numbers(6))
})

/** An OpenTelemetry collector that gives these answers, then 200. */
async function collector(...answers: ((res: ServerResponse) => void)[]) {
  const news = new EventEmitter()
  const asked: { readonly seqs: number[]; readonly authorization: string | undefined }[] = []
  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    let text = ''
    for await (const chunk of req.setEncoding('utf8')) text += chunk
    const seqs = [...text.matchAll(/"intValue":"(\d+)"/g)].map(([, seq]) => Number(seq))
    asked.push({ seqs, authorization: req.headers.authorization })
    const answer = answers.shift() ?? (() => res.setHeader('content-type', 'application/json').end('{}'))
    if (req.url === '/v1/logs') answer(res)
    else res.writeHead(404).end()
    news.emit('news')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    asked,
    news,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

test('a collector that is overloaded is asked again with the same rows, and goes on from there', async () => {
  await using otel = await collector(
    (res) => res.writeHead(503).end(),
    (res) => res.destroy(),
    (res) => res.writeHead(401).end(),
  )
  await act(3)
  await using sinks = deliverTo(otlpSink({ url: otel.url, token: 'secret', domain: 'im.test', log: silentLog }))
  await until(otel.news, () => otel.asked.length >= 4)
  await act(1)
  await until(otel.news, () => otel.asked.length >= 5)
  expect(otel.asked.map(({ seqs }) => seqs)).toEqual([...Array(4).fill(numbers(3)), [first + 3]])
  expect(new Set(otel.asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']))
  expect((await sinks.checks())[0]).toMatchObject({ isOk: true })
})

test('a collector says how long to leave it alone', async () => {
  await using otel = await collector((res) => res.writeHead(429, { 'retry-after': '7' }).end())
  const sink = otlpSink({ url: otel.url, domain: 'im.test', log: silentLog })
  const attempt = sink.deliver([], new AbortController().signal)
  await expect(attempt).rejects.toMatchObject({ name: 'RetryLater', afterMs: 7_000 })
})

test('a server with a receiver among its settings delivers from the first row on', async () => {
  await using otel = await collector()
  await using it = await story({}, { settings: { eventSinks: { otlpUrl: otel.url } } })
  await appendAudit(it.server.ctx.db, { actor: 'ann@im.test', action: 'set-roles', target: 'bob@im.test' })
  await until(otel.news, () => otel.asked.length >= 1)
  expect(otel.asked[0]!.seqs[0]).toBe(1)
})

test('what a collector rejects for good is said aloud and not sent again', async () => {
  await using otel = await collector((res) => res.end('{"partialSuccess":{"rejectedLogRecords":"2"}}'))
  const said: object[] = []
  const log = { ...silentLog, error: (_: string, fields?: object) => void said.push(fields ?? {}) }
  await act(2)
  await using _ = deliverTo(otlpSink({ url: otel.url, domain: 'im.test', log }))
  await until(otel.news, () => otel.asked.length >= 1)
  await act(1)
  await until(otel.news, () => otel.asked.length >= 2)
  expect(otel.asked.map(({ seqs }) => seqs)).toEqual([numbers(2), [first + 2]])
  expect(said).toEqual([{ rejected: 2, from: first, to: first + 1 }])
})

test('a file of OCSF lines goes on after half a line and after it was rotated', async () => {
  const file = join(directory, 'events.jsonl')
  await appendFile(file, '{"half":')
  const news = new EventEmitter()
  const inner = ocsfSink({ file, domain: 'im.test' })
  let written = 0
  await using _ = deliverTo({
    ...inner,
    async deliver(rows, signal) {
      await inner.deliver(rows, signal)
      written += rows.length
      news.emit('news')
    },
  })
  await act(2)
  await until(news, () => written >= 2)
  await rename(file, `${file}.1`)
  await act(1)
  await until(news, () => written >= 3)
  const [half, ...lines] = (await readFile(`${file}.1`, 'utf8')).trimEnd().split('\n')
  expect(half).toBe('{"half":')
  const rotated = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const sequences = [...lines, ...rotated].map(
    (line) => (JSON.parse(line) as { metadata: { sequence: number } }).metadata,
  )
  expect(sequences.map(({ sequence }) => sequence)).toEqual(numbers(3))
})
