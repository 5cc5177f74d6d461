import { connect as connectTcp } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialTcp } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

// HTTP as bytes: what is no proper request gets an error and its connection closed, and the process goes on.

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ stream: { maxConnectionsPerAddress: 50 } })
})

afterAll(() => server[Symbol.asyncDispose]())

/** Sends bytes and returns everything that comes back until the server closes. */
async function exchange(...pieces: readonly string[]): Promise<string> {
  const line = await dialTcp(server.httpPort)
  for (const piece of pieces) {
    line.send(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return line.closed()
}

const statuses = (text: string) => Array.from(text.matchAll(/HTTP\/1\.1 (\d{3})/g), ([, status]) => Number(status))
const request = (line: string, ...headers: string[]) =>
  [line, 'Host: im.test', 'Connection: close', ...headers, '', ''].join('\r\n')
const upgrade = (...headers: string[]) =>
  [
    'GET /xmpp-websocket HTTP/1.1',
    `Host: 127.0.0.1:${server.httpPort}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
    '',
    '',
  ].join('\r\n')

describe('DS-14', () => {
  test.each([
    ['headers without end', `GET / HTTP/1.1\r\nHost: im.test\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['3,000 headers', request('GET /healthz HTTP/1.1', ...Array.from({ length: 3_000 }, (_, n) => `X${n}: y`)), 431],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two hosts', request('GET / HTTP/1.1', 'Host: other.test'), 400],
    [
      'length and chunks at once',
      request('POST /api/v1/session HTTP/1.1', 'Content-Length: 4', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
      400,
    ],
    ['two lengths', request('POST /api/v1/session HTTP/1.1', 'Content-Length: 4', 'Content-Length: 5') + 'abcd', 400],
    ['a length that is no number', request('POST /api/v1/session HTTP/1.1', 'Content-Length: +4') + 'abcd', 400],
    ['chunks under another name', request('POST /api/v1/session HTTP/1.1', 'Transfer-Encoding: xchunked'), 400],
    [
      'a chunk size that overflows',
      request('POST /api/v1/session HTTP/1.1', 'Transfer-Encoding: chunked') + 'fffffffffffffffff\r\n',
      400,
    ],
    ['a folded header', request('GET / HTTP/1.1', 'X: a', ' b'), 400],
    ['a space before the colon', request('GET / HTTP/1.1', 'Transfer-Encoding : chunked'), 400],
    ['NUL in a header', request('GET / HTTP/1.1', 'X: a\0b'), 400],
    ['a bare line feed that hides a request', `GET / HTTP/1.1\nHost: im.test\n\nGET /healthz HTTP/1.1\n\n`, 400],
    ['another protocol', `<?xml version='1.0'?><stream:stream>\r\n\r\n`, 400],
    ['a version that is none', request('GET / HTTP/9.9'), 400],
  ])('%s is refused, and nothing behind it is answered', async (_what, text, status) => {
    const answer = await exchange(text + request('GET /healthz HTTP/1.1'))
    expect(statuses(answer)).toEqual([status])
  })

  test('__proto__ as a header, as a path and as a parameter is only a name', async () => {
    const answer = await exchange(request('GET /__proto__?__proto__=1 HTTP/1.1', '__proto__: x', 'constructor: y'))
    expect(statuses(answer)).toEqual([404])
  })

  test('CONNECT and TRACE lead nowhere', async () => {
    expect(await exchange(request('CONNECT im.test:5222 HTTP/1.1'))).not.toMatch(/HTTP\/1.1 2/)
    expect(statuses(await exchange(request('TRACE / HTTP/1.1')))).toEqual([404])
  })

  test('a connection that is cut within a request hurts nobody', async () => {
    for (const text of [
      'GET',
      'GET / HTTP/1.1\r\n',
      request('POST /api/v1/session HTTP/1.1', 'Content-Length: 100') + 'x',
      upgrade().slice(0, -2),
    ]) {
      const line = await dialTcp(server.httpPort)
      line.send(text)
      line.destroy()
    }
    expect(statuses(await exchange(request('GET /healthz HTTP/1.1')))).toEqual([200])
  })
})

describe('paths', () => {
  test.each([
    '/../etc/passwd',
    '/assets/../../secrets',
    '/assets/..',
    '/%2e%2e/secrets',
    '/assets/%2E%2E%2fsecrets',
    '/assets\\..\\secrets',
    '/assets/%5c..',
    '/api/v1/status;x=1',
    '/a%00b',
    '/a%252e',
    '//elsewhere.test/',
    'http://elsewhere.test/',
    '*',
  ])('AD-01 %s is no path', async (path) => {
    expect(statuses(await exchange(request(`GET ${path} HTTP/1.1`)))).toEqual([400])
  })

  test('what a method cannot do says which can', async () => {
    for (const path of ['/healthz', '/status.json', '/metrics']) {
      const answer = await exchange(request(`POST ${path} HTTP/1.1`, 'Content-Length: 0'))
      expect(answer).toMatch(/^HTTP\/1.1 405 .*allow: GET, HEAD\r\n/s)
    }
    expect(statuses(await exchange(request('HEAD /healthz HTTP/1.1')))).toEqual([200])
    expect(statuses(await exchange(request('GET /nowhere HTTP/1.1')))).toEqual([404])
  })
})

describe('the upgrade', () => {
  test.each([
    ['WC-09 a page of another origin', ['Origin: https://evil.test', 'Sec-WebSocket-Protocol: xmpp'], 403],
    ['WC-09 a page without origin of its own', ['Origin: null', 'Sec-WebSocket-Protocol: xmpp'], 403],
    ['no subprotocol', [], 400],
    ['another subprotocol', ['Sec-WebSocket-Protocol: chat, xmppx'], 400],
  ])('%s is refused, and the socket closed', async (_what, headers, status) => {
    expect(statuses(await exchange(upgrade(...headers)))).toEqual([status])
  })

  test('another path, version or key is refused', async () => {
    const good = upgrade('Sec-WebSocket-Protocol: xmpp')
    expect(statuses(await exchange(good.replace('/xmpp-websocket', '/elsewhere')))).toEqual([404])
    expect(statuses(await exchange(good.replace('Version: 13', 'Version: 7')))).toEqual([400])
    expect(statuses(await exchange(good.replace('AAAAAAAAAAAAAAAAAAAAAA==', 'short')))).toEqual([400])
  })

  test('a page of our own gets its stream', async () => {
    const line = await dialTcp(server.httpPort)
    line.send(
      upgrade(
        `Origin: http://127.0.0.1:${server.httpPort}`,
        'Sec-WebSocket-Protocol: xmpp',
        'Sec-WebSocket-Extensions: permessage-deflate',
      ),
    )
    const answer = await line.until(/\r\n\r\n/)
    expect(answer).toMatch(/^HTTP\/1.1 101 .*Sec-WebSocket-Protocol: xmpp\r\n/s)
    expect(answer.toLowerCase()).not.toContain('extensions')
    line.destroy()
  })

  test('DS-10 an address has so many connections, upgraded ones too', async () => {
    const sockets = Array.from({ length: 50 }, () => connectTcp({ port: server.httpPort, host: '127.0.0.1' }))
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    expect(await exchange(request('GET /healthz HTTP/1.1'))).toBe('')
    const closed = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    for (const socket of sockets) socket.destroy()
    await closed
    // The server hears of that a moment later.
    while (statuses(await exchange(request('GET /healthz HTTP/1.1')))[0] !== 200);
  })
})

test('nothing of ours has failed', () => {
  expect(server.complaints).toEqual([])
})
