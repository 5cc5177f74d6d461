import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { auth, bound, FEATURES, header, open, OUTCOME, PING, PONG, signIn } from './sign-in.ts'

// XEP-0478: Stream Limits Advertisement, and the limits themselves as they are set (threats group B).

let server: RunningServer
beforeAll(async () => {
  server = await runServer({
    stream: {
      maxStanzaBytes: 12_000,
      maxStanzaDepth: 10,
      maxStanzaElements: 100,
      maxStanzaAttributes: 20,
      maxBytesBeforeSignIn: 4_096,
      maxElementsBeforeSignIn: 10,
      signInTimeoutMs: 20_000,
      idleTimeoutMs: 1_000,
    },
  })
  await server.account('alice')
})
afterAll(() => server[Symbol.asyncDispose]())

const limits = (features: string) =>
  /<limits xmlns="urn:xmpp:stream-limits:0"><max-bytes>(\d+)<\/max-bytes><idle-seconds>(\d+)<\/idle-seconds><\/limits>/
    .exec(features)
    ?.slice(1)
    .map(Number)
const errorOf = async (line: Line) => /<stream:error[^>]*><([a-z-]+)/.exec(await line.closed())?.[1]
const message = (bytes: number) => {
  const frame = (body: string) => `<message xmlns='jabber:client' to='alice@im.test'><body>${body}</body></message>`
  return frame('x'.repeat(bytes - frame('').length))
}

describe('what a client is told', () => {
  test.each(['tcp', 'webSocket'] as const)(
    'over %s: the largest stanza and how long it may be silent, before and after it has signed in (XEP-0478 §3.1, §4)',
    async (carrier) => {
      const line = await server[carrier]()
      expect(limits(await open(line))).toEqual([4_096, 20])
      line.destroy()
      const next = await server[carrier]()
      expect(limits(await signIn(next, 'alice'))).toEqual([12_000, 1])
      next.destroy()
    },
  )

  test('that it may say when nobody looks at it (XEP-0352 §4.1)', async () => {
    const line = await server.tcp()
    expect(await signIn(line, 'alice')).toContain('<csi xmlns="urn:xmpp:csi:0"/>')
    line.destroy()
  })

  test('before TLS there are limits, too', async () => {
    await using strict = await runServer({ allowPlaintext: false })
    const line = await strict.tcp()
    expect(limits(await open(line))).toEqual([8_192, 30])
    line.destroy()
  })
})

describe('what is set is what counts', () => {
  test.each([
    ['DS-02 one byte more', message(12_001)],
    ['DS-04 one level more', `<message>${'<a>'.repeat(10)}${'</a>'.repeat(10)}</message>`],
    ['DS-05 one element more', `<message>${'<a/>'.repeat(100)}</message>`],
    ['DS-06 one attribute more', `<message ${Array.from({ length: 21 }, (_, n) => `a${n}=''`).join(' ')}/>`],
  ])('%s ends the stream', async (_what, stanza) => {
    const line = await bound(await server.tcp(), 'alice')
    line.send(message(12_000) + PING)
    await line.until(PONG)
    line.send(stanza)
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('DS-03 whoever has not signed in may send so many bytes (XEP-0205 §4.3)', async () => {
    const line = await server.tcp()
    await open(line)
    line.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${'A'.repeat(4_096)}</auth>`)
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test.each(['tcp', 'webSocket'] as const)('DS-03 and over %s so many elements', async (carrier) => {
    const line = await server[carrier]()
    await open(line)
    // An exchange that goes on and on: each try begins, and never ends.
    for (let n = 0; n < 10; n++) line.send(auth('SCRAM-SHA-256'))
    await line.until(OUTCOME)
    line.send(auth('SCRAM-SHA-256'))
    expect(await errorOf(line)).toBe('policy-violation')
  })
})

describe('silence (RFC 6120 §4.6, XEP-0478 §3.1)', () => {
  test('a client that is silent is asked whether it is there, and one that answers stays', async () => {
    const line = await bound(await server.tcp(), 'alice', 'quiet')
    for (let n = 0; n < 2; n++) {
      const asked = await line.until(/<iq [^>]*type="get"[^>]*><ping xmlns="urn:xmpp:ping"\/><\/iq>/)
      const id = / id="([^"]+)"/.exec(asked)?.[1]
      line.send(`<iq type='result' id='${id}' to='im.test'/>`)
    }
    line.send(PING)
    await line.until(PONG)
    line.destroy()
  })

  test('one that does not answer is gone; with white space now and then it stays', async () => {
    const gone = await bound(await server.tcp(), 'alice', 'gone')
    const stays = await bound(await server.tcp(), 'alice', 'stays')
    const keepAlive = setInterval(() => stays.send(' '), 300)
    expect(await errorOf(gone)).toBe('connection-timeout')
    stays.send(PING)
    await stays.until(PONG)
    clearInterval(keepAlive)
    stays.destroy()
  })

  test('one that can resume has lost its connection, and nothing else (XEP-0198 §5)', async () => {
    const line = await bound(await server.tcp(), 'alice', 'tunnel')
    line.send(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`)
    const id = / id="([^"]+)"/.exec(await line.until(/<enabled[^>]*\/>/))?.[1]
    expect(await line.closed()).not.toContain('stream:error')
    const next = await server.tcp()
    await signIn(next, 'alice')
    next.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`)
    await next.until(/<resumed /)
    next.destroy()
  })
})

describe('DS-10 behind a proxy', () => {
  let proxied: RunningServer
  beforeAll(async () => {
    proxied = await runServer({
      proxy: { trusted: '127.0.0.1', speaksProxyProtocol: true },
      stream: { maxConnectionsPerAddress: 2 },
    })
    await proxied.account('bob')
  })
  afterAll(() => proxied[Symbol.asyncDispose]())

  const addresses = async () => JSON.stringify((await proxied.admin('GET', '/api/v1/sessions')).body)
  const from = (address: string) => `PROXY TCP4 ${address} 127.0.0.1 50000 5222\r\n`

  test('the PROXY protocol says where a client comes from, and each address has its limit', async () => {
    const lines = []
    for (const name of ['one', 'two']) {
      const line = await proxied.tcp()
      line.send(from('198.51.100.7'))
      lines.push(await bound(line, 'bob', name))
    }
    expect(await addresses()).toContain('198.51.100.7')
    const third = await proxied.tcp()
    third.send(from('198.51.100.7') + header('tcp'))
    expect(await third.closed()).toBe('')
    const other = await proxied.tcp()
    other.send(from('198.51.100.8') + header('tcp'))
    await other.until(FEATURES)
    for (const line of [...lines, other]) line.destroy()
  })

  test('over TLS, too, in one packet with what follows', async () => {
    const line = await proxied.tcp()
    line.send(`${from('198.51.100.9')}${header('tcp')}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
    await line.until(/<proceed/)
    await line.secure()
    await bound(line, 'bob', 'tls')
    expect(await addresses()).toContain('198.51.100.9')
    line.destroy()
  })

  test('whoever comes without it through the proxy is closed', async () => {
    const line = await proxied.tcp()
    line.send(header('tcp'))
    expect(await line.closed()).toBe('')
  })

  test('X-Forwarded-For counts from the proxy, and not what the client wrote into it', async () => {
    const line = await bound(await proxied.webSocket({ 'x-forwarded-for': '127.0.0.1, 198.51.100.10' }), 'bob', 'web')
    expect(await addresses()).toContain('198.51.100.10')
    line.destroy()
    const metrics = await fetch(`http://127.0.0.1:${proxied.httpPort}/metrics`, {
      headers: { 'x-forwarded-for': '198.51.100.10' },
    })
    expect(metrics.status).toBe(403)
  })

  test('from anybody else neither counts', async () => {
    const line = await server.tcp()
    line.send(from('198.51.100.7'))
    expect(await errorOf(line)).toBe('not-well-formed')
    const web = await bound(await server.webSocket({ 'x-forwarded-for': '198.51.100.10' }), 'alice', 'web')
    expect(JSON.stringify((await server.admin('GET', '/api/v1/sessions')).body)).not.toContain('198.51.100.10')
    web.destroy()
  })
})

test('nothing of ours has failed', () => expect(server.complaints).toEqual([]))
