import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serverConfig } from '../../src/server.config.ts'
import { createOrigins } from '../../src/transport/origins.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

// Web clients that are not served by this server (threats WC-09).

const FRIEND = 'https://chat.example.com'
const STRANGERS = ['https://evil.test', 'https://chat.example.com.evil.test', 'http://chat.example.com', 'null', '*']
const BODY = `<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='im.test' ver='1.11' hold='1' wait='5'/>`

let server: RunningServer
beforeAll(async () => {
  server = await runServer({ web: { hasBosh: true, allowedOrigins: FRIEND } })
})
afterAll(() => server[Symbol.asyncDispose]())

const ask = (path: string, origin: string, method = 'GET', body?: string) =>
  fetch(`http://127.0.0.1:${server.httpPort}${path}`, { method, headers: { origin }, ...(body ? { body } : {}) })

test('WC-09 a page that is named opens a stream by WebSocket, and no other does', async () => {
  const line = await server.webSocket({ origin: FRIEND })
  line.destroy()
  for (const origin of STRANGERS) await expect(server.webSocket({ origin }), origin).rejects.toThrow()
})

test('WC-09 the same by BOSH, where only the page that is named may read the answer', async () => {
  const answer = await ask('/http-bind', FRIEND, 'POST', BODY)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('access-control-allow-origin')).toBe(FRIEND)
  expect(answer.headers.get('vary')).toBe('Origin')
  for (const origin of STRANGERS) {
    const refused = await ask('/http-bind', origin, 'POST', BODY)
    expect(refused.status, origin).toBe(403)
    expect(refused.headers.has('access-control-allow-origin'), origin).toBe(false)
  }
})

test('WC-09 files may be put and read by the page that is named (XEP-0363 §5)', async () => {
  const path = '/upload/0/file.png'
  const preflight = await ask(path, FRIEND, 'OPTIONS')
  expect(preflight.status).toBe(204)
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    'access-control-allow-origin': FRIEND,
    'access-control-allow-methods': expect.stringContaining('PUT'),
    'access-control-allow-headers': expect.stringContaining('Content-Type'),
    vary: 'Origin',
  })
  // Refusals, too: else the page could not say what is wrong.
  expect((await ask(path, FRIEND)).headers.get('access-control-allow-origin')).toBe(FRIEND)
  for (const origin of STRANGERS) {
    for (const method of ['GET', 'OPTIONS']) {
      const { headers } = await ask(path, origin, method)
      expect(
        [...headers.keys()].filter((name) => name.startsWith('access-control-')),
        origin,
      ).toEqual([])
    }
  }
})

test('where to connect is for everybody to read (XEP-0156 §3), and nothing else is', async () => {
  expect((await ask('/.well-known/host-meta', 'https://evil.test')).headers.get('access-control-allow-origin')).toBe(
    '*',
  )
  for (const path of ['/api/v1/session', '/', '/healthz']) {
    expect((await ask(path, FRIEND)).headers.has('access-control-allow-origin'), path).toBe(false)
  }
})

describe('which origins', () => {
  test('without a setting only pages of this server, wherever it is reached', () => {
    const { isAllowed, isForeign } = createOrigins([], () => 'https://im.test/chat')
    expect(isAllowed('https://im.test', 'inside:8443')).toBe(true)
    expect(isAllowed('https://inside:8443', 'inside:8443')).toBe(true)
    expect(isAllowed('https://other.test', 'inside:8443')).toBe(false)
    expect(isAllowed('null', undefined)).toBe(false)
    expect(isForeign('https://im.test')).toBe(false)
  })

  test.each(['*', 'null', 'https://a.test/', 'https://a.test/path', 'ftp://a.test', 'a.test', 'https://*.a.test/'])(
    'DRAWBRIDGE_ALLOWED_ORIGINS=%s is refused at the start',
    (text) => {
      expect(serverConfig.shape.web.safeParse({ allowedOrigins: text }).success).toBe(false)
      expect(serverConfig.shape.web.safeParse({ allowedOrigins: `${FRIEND},${text}` }).success).toBe(false)
    },
  )
})
