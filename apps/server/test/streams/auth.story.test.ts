import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialTcp, dialTls, endPointOf, exporterOf, TRUSTING } from './line.ts'
import type { Line, TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  auth,
  bindRequest,
  bound,
  errorOf,
  FEATURES,
  header,
  open,
  openTls,
  OUTCOME,
  PING,
  plain,
  response,
  scram,
  signIn,
  textOf,
} from './sign-in.ts'
import type { ScramTwist } from './sign-in.ts'

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false })
  await Promise.all(['alice', 'bob', 'gone'].map((name) => server.account(name)))
  await server.admin('POST', '/api/v1/accounts/gone/disable')
})

afterAll(() => server[Symbol.asyncDispose]())

const STARTTLS = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`

const overTls = (options: ConnectionOptions = {}) => openTls(server.c2sTlsPort, options)

async function upgraded(): Promise<TcpLine> {
  const line = await server.tcp()
  await open(line)
  line.send(STARTTLS)
  await line.until(/<proceed[^>]*>/)
  await line.secure()
  return line
}

/** What a SASL failure says, in one word. */
async function failureOf(line: Line): Promise<string | undefined> {
  return /<failure[^>]*><([\w-]+)/.exec(await line.until(OUTCOME))?.[1]
}

describe('TLS', () => {
  test('AU-05, TL-04 in the clear there is nothing but limits and STARTTLS', async () => {
    const line = await server.tcp()
    expect(await open(line)).toMatch(
      /<stream:features[^>]*><limits .*<\/limits><starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required\/><\/starttls><\/stream:features>$/,
    )
    line.send(plain('alice', 'alice-password'))
    expect(await failureOf(line)).toBe('encryption-required')
    line.send(auth('SCRAM-SHA-256', 'n,,n=alice,r=0123456789'))
    expect(await failureOf(line)).toBe('encryption-required')
    line.send(PING)
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('a client signs in after STARTTLS, under a new stream id', async () => {
    const line = await server.tcp()
    const idOf = (text: string) => /<stream:stream[^>]* id="([^"]+)"/.exec(text)?.[1]
    const before = idOf(await open(line))
    line.send(STARTTLS)
    await line.until(/<proceed[^>]*>/)
    await line.secure()
    const features = await open(line)
    expect(idOf(features)).not.toBe(before)
    expect(features).not.toContain('starttls')
    expect(await scram(line, 'alice')).toContain('<success')
    await open(line)
    line.send(bindRequest())
    await line.until(/alice@im.test\/r/)
  })

  test('TL-03 what comes behind <starttls/> in the same packet is discarded', async () => {
    const line = await server.tcp()
    await open(line)
    line.send(`${STARTTLS}${header('tcp')}${plain('alice', 'alice-password')}`)
    await line.until(/<proceed[^>]*>/)
    await line.secure()
    expect(line.text).toBe('')
    await open(line)
    expect(line.text).toBe('')
    line.send(PING)
    expect(await errorOf(line)).toBe('not-authorized')
  })

  test('STARTTLS within TLS, or while signing in, ends the stream', async () => {
    const line = await overTls()
    line.send(STARTTLS)
    await line.until(/<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"\/>/)
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('what is no handshake after <proceed/> closes the connection', async () => {
    const line = await server.tcp()
    await open(line)
    line.send(STARTTLS)
    await line.until(/<proceed[^>]*>/)
    line.send(header('tcp'))
    await line.closed()
  })

  test('TL-06 direct TLS takes its own protocol name or none, and no other (XEP-0368 §3)', async () => {
    const named = await overTls()
    expect((named.socket as TLSSocket).alpnProtocol).toBe('xmpp-client')
    await dialTls(server.c2sTlsPort, { ALPNProtocols: [] }).then((line) => open(line))
    await expect(dialTls(server.c2sTlsPort, { ALPNProtocols: ['h2', 'http/1.1'] })).rejects.toThrow(
      /no application protocol/i,
    )
  })

  test.each<[string, ConnectionOptions]>([
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['a cipher without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }],
    ['a cipher without authentication of its data', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }],
    ['signatures by SHA-1', { maxVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=0', sigalgs: 'ECDSA+SHA1' }],
  ])('TL-01 %s is refused', async (_what, options) => {
    await expect(dialTls(server.c2sTlsPort, options)).rejects.toThrow(/alert|handshake|reset|protocol/i)
  })

  test('TL-05 a client cannot renegotiate', async () => {
    const socket = connectTls({ port: server.c2sTlsPort, host: '127.0.0.1', ...TRUSTING, maxVersion: 'TLSv1.2' })
    await once(socket, 'secureConnect')
    let isRenegotiated = false
    const ended = new Promise<void>((resolve) => socket.on('error', () => resolve()).on('close', () => resolve()))
    socket.renegotiate({ rejectUnauthorized: false }, (error) => (isRenegotiated = error === null))
    // The handshake is refused with the connection, or without: then the stream goes on as it was.
    socket.write(header('tcp'))
    await Promise.race([ended, once(socket, 'data')])
    expect(isRenegotiated).toBe(false)
    socket.destroy()
  })
})

describe('channel binding', () => {
  test('AU-12 both types are named, and -PLUS comes first (XEP-0440 §2)', async () => {
    const line = await dialTls(server.c2sTlsPort)
    const features = await open(line)
    expect(features).toContain(
      '<mechanism>SCRAM-SHA-256-PLUS</mechanism><mechanism>SCRAM-SHA-256</mechanism><mechanism>PLAIN</mechanism>',
    )
    expect(features).toContain(
      '<sasl-channel-binding xmlns="urn:xmpp:sasl-cb:0"><channel-binding type="tls-exporter"/><channel-binding type="tls-server-end-point"/></sasl-channel-binding>',
    )
    const older = await dialTls(server.c2sTlsPort, { maxVersion: 'TLSv1.2' })
    expect(await open(older)).not.toContain('tls-exporter')
  })

  test('without TLS of our own there is no -PLUS', async () => {
    const line = await server.webSocket()
    const features = await open(line)
    expect(features).toContain(
      '<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>SCRAM-SHA-256</mechanism></mechanisms>',
    )
    line.send(auth('SCRAM-SHA-256-PLUS', 'p=tls-exporter,,n=alice,r=0123456789'))
    expect(await failureOf(line)).toBe('invalid-mechanism')
    line.destroy()
  })

  test.each([
    ['tls-exporter', 'direct', exporterOf, {}],
    ['tls-server-end-point', 'direct', endPointOf, {}],
    ['tls-server-end-point', 'direct', endPointOf, { maxVersion: 'TLSv1.2' }],
    ['tls-exporter', 'starttls', exporterOf, {}],
    ['tls-server-end-point', 'starttls', endPointOf, {}],
  ] as const)('AU-12 %s over %s TLS works', async (type, mode, bindingOf, options) => {
    const line = mode === 'direct' ? await dialTls(server.c2sTlsPort, options) : await upgraded()
    await open(line)
    const twist: ScramTwist = { mechanism: 'SCRAM-SHA-256-PLUS', gs2: `p=${type},,`, binding: bindingOf(line) }
    expect(await scram(line, 'alice', undefined, twist)).toContain('<success')
  })

  test('AU-11 the binding of another connection, or another type, is refused', async () => {
    const other = await overTls()
    const plus = { mechanism: 'SCRAM-SHA-256-PLUS' } as const
    const cases: ScramTwist[] = [
      { ...plus, gs2: 'p=tls-exporter,,', binding: exporterOf(other) },
      { ...plus, gs2: 'p=tls-exporter,,' },
      { ...plus, gs2: 'p=tls-unique,,', binding: randomBytes(12) },
      { ...plus, gs2: 'p=tls-server-end-point,,', binding: exporterOf(other) },
      { ...plus, gs2: 'n,,' },
      { gs2: 'p=tls-exporter,,', binding: exporterOf(other) },
      { gs2: 'n,,', binding: randomBytes(32) },
    ]
    for (const twist of cases) {
      const line = await overTls()
      expect(await scram(line, 'alice', undefined, twist)).toContain('<not-authorized/>')
      line.destroy()
    }
    const older = await overTls({ maxVersion: 'TLSv1.2' })
    const twist: ScramTwist = { ...plus, gs2: 'p=tls-exporter,,', binding: exporterOf(older) }
    expect(await scram(older, 'alice', undefined, twist)).toContain('<not-authorized/>')
  })

  test('AU-10 a client that thinks we cannot bind, though we said so, has been lied to', async () => {
    const line = await overTls()
    expect(await scram(line, 'alice', undefined, { gs2: 'y,,' })).toContain('<not-authorized/>')
    const ws = await server.webSocket()
    await open(ws)
    expect(await scram(ws, 'alice', undefined, { gs2: 'y,,' })).toContain('<success')
    ws.destroy()
  })
})

describe('signing in', () => {
  test.each([
    ['AU-01 PLAIN for somebody else', plain('alice', 'alice-password', 'bob@im.test'), 'invalid-authzid'],
    ['AU-01 PLAIN for the server', plain('alice', 'alice-password', 'im.test'), 'invalid-authzid'],
    ['AU-01 PLAIN for a full JID of one’s own', plain('alice', 'alice-password', 'alice@im.test/r'), 'invalid-authzid'],
    ['AU-01 PLAIN with a bare name for an authzid', plain('alice', 'alice-password', 'alice'), 'invalid-authzid'],
    ['AU-02 SCRAM for somebody else', auth('SCRAM-SHA-256', 'n,a=bob@im.test,n=alice,r=0123456789'), 'invalid-authzid'],
    ['a wrong password', plain('alice', 'wrong-password'), 'not-authorized'],
    ['AU-14 an unknown name', plain('nobody', 'some-password'), 'not-authorized'],
    ['AU-14 a disabled account', plain('gone', 'gone-password'), 'not-authorized'],
    ['a name at another domain', plain('alice@elsewhere.test', 'alice-password'), 'not-authorized'],
    ['AU-17 a password of 1 KB and more', plain('alice', 'x'.repeat(1_025)), 'not-authorized'],
    [
      'AU-17 a password of ill-formed UTF-8',
      auth('PLAIN', Buffer.from('\0alice\0alice-passwor\xff', 'latin1')),
      'malformed-request',
    ],
    ['PLAIN without password', plain('alice', ''), 'malformed-request'],
    ['PLAIN with a fourth part', plain('alice', 'alice-password\0x'), 'malformed-request'],
    ['text that is not base64', auth('PLAIN').replace('></', '>a*b</'), 'incorrect-encoding'],
    ['base64 without its end', auth('PLAIN').replace('></', '>YWJ</'), 'incorrect-encoding'],
    ['a mechanism that is not offered', auth('CRAM-MD5', 'x'), 'invalid-mechanism'],
    ['no mechanism', `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`, 'invalid-mechanism'],
    ['an unknown element', `<authenticate xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`, 'malformed-request'],
    ['an answer to no question', response('x'), 'malformed-request'],
    ['giving up', `<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`, 'aborted'],
    [
      'AU-08 SCRAM with an extension that must be understood',
      auth('SCRAM-SHA-256', 'n,,m=x,n=alice,r=0123456789'),
      'malformed-request',
    ],
    [
      'AU-08 SCRAM with its parts in another order',
      auth('SCRAM-SHA-256', 'n,,r=0123456789,n=alice'),
      'malformed-request',
    ],
    ['AU-08 SCRAM without nonce', auth('SCRAM-SHA-256', 'n,,n=alice,r='), 'malformed-request'],
  ])('%s fails, and the next try is as good as the first', async (_what, request, condition) => {
    const line = await overTls()
    line.send(request)
    expect(await failureOf(line)).toBe(condition)
    expect(await scram(line, 'alice')).toContain('<success')
    line.destroy()
  })

  const twists: [string, ScramTwist, string][] = [
    [
      'AU-08 a truncated nonce',
      { withoutProof: (channel, nonce) => `c=${channel},r=${nonce.slice(0, -1)}` },
      'not-authorized',
    ],
    ['AU-08 a foreign nonce', { withoutProof: (channel) => `c=${channel},r=0123456789` }, 'not-authorized'],
    [
      'AU-08 parts in another order',
      { withoutProof: (channel, nonce) => `r=${nonce},c=${channel}` },
      'malformed-request',
    ],
    [
      'AU-08 an extension that must be understood',
      { withoutProof: (channel, nonce) => `c=${channel},r=${nonce},m=x` },
      'malformed-request',
    ],
    [
      'AU-08 a part twice',
      { withoutProof: (channel, nonce) => `c=${channel},r=${nonce},r=${nonce}` },
      'malformed-request',
    ],
    [
      'AU-09 the first bit of the proof flipped',
      { final: (rest, proof) => `${rest},p=${flip(proof, 0)}` },
      'not-authorized',
    ],
    [
      'AU-09 the last bit of the proof flipped',
      { final: (rest, proof) => `${rest},p=${flip(proof, 255)}` },
      'not-authorized',
    ],
    [
      'a proof that is too short',
      { final: (rest, proof) => `${rest},p=${proof.subarray(1).toString('base64')}` },
      'not-authorized',
    ],
    [
      'a proof that is too long',
      { final: (rest, proof) => `${rest},p=${Buffer.concat([proof, proof]).toString('base64')}` },
      'not-authorized',
    ],
    ['no proof', { final: (rest) => rest }, 'malformed-request'],
  ]
  test.each(twists)('SCRAM with %s fails', async (_what, twist, condition) => {
    const line = await overTls()
    expect(await scram(line, 'alice', undefined, twist)).toContain(`<${condition}/>`)
    line.destroy()
  })

  test('one’s own bare JID is the one authzid there is, and a name may carry its domain', async () => {
    for (const request of [
      plain('alice', 'alice-password', 'alice@im.test'),
      plain('alice@im.test', 'alice-password'),
    ]) {
      const line = await overTls()
      line.send(request)
      expect(await line.until(OUTCOME)).toContain('<success')
      line.destroy()
    }
  })

  test('without initial response the server asks for it (RFC 6120 §6.4.2)', async () => {
    const line = await overTls()
    line.send(auth('PLAIN'))
    expect(await line.until(OUTCOME)).toBe('<challenge xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>')
    line.send(response('\0alice\0alice-password'))
    expect(await line.until(OUTCOME)).toContain('<success')
  })

  test('AU-15 the fifth failure ends the stream', async () => {
    const line = await overTls()
    for (let n = 0; n < 5; n++) {
      line.send(auth('CRAM-MD5', 'x'))
      await line.until(OUTCOME)
    }
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('who does not wait for the answer is not signing in', async () => {
    const line = await overTls()
    line.send(plain('alice', 'alice-password') + plain('alice', 'alice-password'))
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('AU-06 the stream after signing in is for the same host', async () => {
    const line = await overTls()
    await scram(line, 'alice')
    line.send(header('tcp', 'elsewhere.test'))
    expect(await errorOf(line)).toBe('host-unknown')
  })

  test('AU-14 an unknown name and a disabled account have a salt that stays, and the rounds of everybody', async () => {
    const firstOf = async (name: string) => {
      const line = await overTls()
      line.send(auth('SCRAM-SHA-256', `n,,n=${name},r=0123456789`))
      const { s, i } = Object.fromEntries(
        textOf(await line.until(OUTCOME))
          .split(',')
          .map((part) => [part[0], part.slice(2)]),
      )
      line.destroy()
      return { s, i }
    }
    const [real, unknown, again, disabled] = [
      await firstOf('alice'),
      await firstOf('nobody'),
      await firstOf('nobody'),
      await firstOf('gone'),
    ]
    expect(again).toEqual(unknown)
    expect(unknown.s).toHaveLength(real.s?.length ?? 0)
    expect([unknown.i, disabled.i]).toEqual([real.i, real.i])
    expect(new Set([real.s, unknown.s, disabled.s]).size).toBe(3)
  })
})

function flip(proof: Buffer, bit: number): string {
  const changed = Buffer.from(proof)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed.toString('base64')
}

describe('binding', () => {
  const bindWith = async (inside: string, attrs = `type='set' id='b'`) => {
    const line = await dialTls(server.c2sTlsPort)
    await signIn(line, 'alice')
    line.send(`<iq ${attrs}><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>${inside}</bind></iq>`)
    return line
  }

  test('without a resource the server makes one', async () => {
    const line = await bindWith('')
    expect(await line.until(/<jid>[^<]*<\/jid>/)).toMatch(/alice@im.test\/[\w-]{12}</)
    line.destroy()
  })

  test('a resource that cannot be one is refused, and another one can be tried', async () => {
    const line = await bindWith(`<resource>${'x'.repeat(1_024)}</resource>`)
    await line.until(/type="error".*?<bad-request/)
    line.send(bindRequest('fits'))
    await line.until(/alice@im.test\/fits/)
    line.destroy()
  })

  test.each([`type='get' id='b'`, `type='set'`])('an iq with %s binds nothing', async (attrs) => {
    expect(await errorOf(await bindWith('', attrs))).toBe('not-authorized')
  })

  test('binding, presence and a message in one packet take effect in their order', async () => {
    const bob = await bound(await dialTls(server.c2sTlsPort), 'bob')
    bob.send('<presence/>')
    await bob.until(/<presence[^>]*>/)
    const line = await dialTls(server.c2sTlsPort)
    await signIn(line, 'alice')
    line.send(
      `${bindRequest('pipelined')}<enable xmlns='urn:xmpp:sm:3' resume='true'/><presence/>` +
        `<message to='bob@im.test' type='chat'><body>first</body></message><message to='bob@im.test' type='chat'><body>second</body></message><r xmlns='urn:xmpp:sm:3'/>`,
    )
    expect(await bob.until(/second/)).toMatch(/pipelined.*first/s)
    await line.until(/<a xmlns="urn:xmpp:sm:3" h="3"\/>/)
    line.destroy()
    bob.destroy()
  })

  test('AU-21 the newcomer gets the resource, the other one a conflict', async () => {
    const before = await bound(await dialTls(server.c2sTlsPort), 'alice', 'same')
    const after = await bound(await dialTls(server.c2sTlsPort), 'alice', 'same')
    expect(await errorOf(before)).toBe('conflict')
    after.send(PING)
    await after.until(/id="ping"/)
    const sessions = await server.admin('GET', '/api/v1/sessions')
    expect(JSON.stringify(sessions.body).match(/alice@im.test\/same/g)).toHaveLength(2)
    after.destroy()
  })
})

describe('limits', () => {
  let small: RunningServer
  beforeAll(async () => {
    small = await runServer({
      allowPlaintext: false,
      stream: { maxConnectionsPerAddress: 4, freeSignInFailures: 2, maxSessionsPerAccount: 2 },
    })
    await Promise.all(['bob', 'carol'].map((name) => small.account(name)))
  })
  afterAll(() => small[Symbol.asyncDispose]())

  test('DS-09 whoever is silent, slow or stuck in a handshake is closed in time', async () => {
    await using hasty = await runServer({ allowPlaintext: false, stream: { signInTimeoutMs: 500 } })
    await hasty.account('alice')
    const [silent, opened, half, starting] = [
      await hasty.tcp(),
      await hasty.tcp(),
      await dialTcp(hasty.c2sTlsPort),
      await dialTcp(hasty.httpPort),
    ]
    await open(opened)
    half.send(Buffer.from('16030100c8', 'hex'))
    starting.send('GET /xmpp-websocket HTTP/1.1\r\nHost: im.test\r\nUpgrade: websocket\r\n')
    expect(await errorOf(silent)).toBe('connection-timeout')
    expect(await errorOf(opened)).toBe('connection-timeout')
    await half.closed()
    expect(await starting.closed()).toMatch(/^HTTP\/1.1 408 /)
    const signedIn = await hasty.tls()
    await signIn(signedIn, 'alice')
    expect(await errorOf(signedIn)).toBe('connection-timeout')
  })

  test('DS-09 a byte now and then is as slow as none, and those who wait keep nobody out', async () => {
    const [timeoutMs, stalled] = [2_000, 200]
    await using hasty = await runServer({
      allowPlaintext: false,
      stream: { signInTimeoutMs: timeoutMs, maxConnectionsPerAddress: 3 * stalled },
    })
    await hasty.account('alice')
    const lines = await Promise.all(Array.from({ length: stalled }, () => hasty.tcp()))
    const hellos = await Promise.all(Array.from({ length: stalled }, () => dialTcp(hasty.c2sTlsPort)))
    for (const line of hellos) line.send(Buffer.from('16030100c8', 'hex'))
    const upgraded = await hasty.webSocket()
    const bytes = Buffer.from(header('tcp'))
    let sent = 0
    const drip = () => {
      const next = bytes.subarray(sent, ++sent)
      for (const line of lines) line.send(next)
    }
    const dripping = setInterval(drip, timeoutMs / 20)
    try {
      // All of them are under way, and somebody signs in beside them.
      await bound(await hasty.tls(), 'alice', 'beside')
      expect(lines.every(({ text }) => text === '')).toBe(true)
      const ends = await Promise.all(lines.map((line) => errorOf(line)))
      expect(new Set(ends)).toEqual(new Set(['connection-timeout']))
      await Promise.all(hellos.map((line) => line.closed()))
      expect(await upgraded.closed()).toContain('connection-timeout')
    } finally {
      clearInterval(dripping)
    }
  })

  test('DS-10 an address with too many connections gets no more, on both ports together (XEP-0205 §4.1)', async () => {
    const lines = await Promise.all([small.tcp(), small.tcp(), dialTcp(small.c2sTlsPort), dialTcp(small.c2sTlsPort)])
    const surplus = await small.tcp()
    surplus.send(header('tcp'))
    expect(await surplus.closed()).toBe('')
    for (const line of lines) line.destroy()
    await Promise.all(lines.map((line) => line.closed()))
    // The server hears of that a moment later.
    for (let isIn = false; !isIn;) {
      const next = await small.tcp()
      next.send(header('tcp'))
      isIn = await Promise.race([
        next.until(FEATURES).then(
          () => true,
          () => false,
        ),
        next.closed().then(() => false),
      ])
      next.destroy()
    }
  })

  test('DS-10 an address that connects again and again is not let in any more, on either port (XEP-0205 §4.2)', async () => {
    await using calm = await runServer({ allowPlaintext: false, stream: { maxConnectsPerMinute: 3 } })
    for (const dial of [() => calm.tcp(), () => dialTcp(calm.c2sTlsPort), () => calm.tcp()]) {
      const line = await dial()
      line.destroy()
      await line.closed()
    }
    const surplus = await calm.tcp()
    surplus.send(header('tcp'))
    expect(await surplus.closed()).toBe('')
    expect(calm.complaints).toEqual([])
  })

  test('AU-15 after some wrong passwords even the right one has to wait, and nobody else', async () => {
    const line = await small.tls()
    await open(line)
    for (const password of ['wrong-password-1', 'wrong-password-2']) {
      line.send(plain('bob', password))
      expect(await failureOf(line)).toBe('not-authorized')
    }
    for (const password of ['wrong-password-3', 'bob-password']) {
      line.send(plain('bob', password))
      expect(await failureOf(line)).toBe('temporary-auth-failure')
    }
    expect(await scram(line, 'carol')).toContain('<success')
    line.destroy()
    const noted = async () => JSON.stringify((await small.admin('GET', '/api/v1/audit')).body)
    // Nobody who signs in waits for it.
    await expect
      .poll(async () => (await noted()).split('"action":"slow-down-sign-in","target":"bob@im.test"').length - 1)
      .toBe(1)
  })

  test('an account has so many sessions; one that only waits for its client makes room (XEP-0205 §4.4)', async () => {
    const first = await bound(await small.tls(), 'carol', 'one')
    first.send(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`)
    await first.until(/<enabled[^>]*>/)
    await bound(await small.tls(), 'carol', 'two')
    const third = await small.tls()
    await signIn(third, 'carol')
    third.send(bindRequest('three'))
    expect(await third.until(/<\/iq>/)).toContain('<resource-constraint')
    first.destroy()
    await first.closed()
    // The server hears of the cut a moment later.
    do third.send(bindRequest('three'))
    while (!(await third.until(/<\/iq>/)).includes('carol@im.test/three'))
  })

  test('AU-15 whoever guesses at an address keeps nobody out who is known there, by password either', async () => {
    await using office = await runServer({ allowPlaintext: false, stream: { freeSignInFailures: 1 } })
    await Promise.all(['alice', 'bob'].map((name) => office.account(name)))
    const known = await office.tls()
    await signIn(known, 'alice')
    known.destroy()
    const lines = await Promise.all(Array.from({ length: 5 }, () => office.tls()))
    for (const line of lines) await open(line)
    const [one, two, three, byPlain, byScram] = lines as [TcpLine, TcpLine, TcpLine, TcpLine, TcpLine]
    // A stream has five tries; after ten the address waits for a second.
    const guesses = Array.from({ length: 10 }, (_, n) => ({ line: [one, two, three][n % 3]!, name: `nobody-${n}` }))
    for (const { line, name } of guesses) {
      line.send(plain(name, 'wrong-password'))
      expect(await failureOf(line)).toBe('not-authorized')
    }
    two.send(plain('bob', 'bob-password'))
    byPlain.send(plain('alice', 'alice-password'))
    const byChallenge = scram(byScram, 'alice')
    expect(await failureOf(two)).toBe('temporary-auth-failure')
    expect(await byPlain.until(OUTCOME)).toContain('<success')
    expect(await byChallenge).toContain('<success')
    for (const line of lines) line.destroy()
  })
})

test('nothing of ours has failed', () => {
  expect(server.complaints).toEqual([])
})
