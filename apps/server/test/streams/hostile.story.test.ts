import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Socket } from 'node:net'
import { dialTcp } from './line.ts'
import type { Line, TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound, header, open, PING, signIn, bindRequest, PONG } from './sign-in.ts'

// Hostile streams on real sockets: each gets the stream error that the RFC names, nothing behind it takes effect, and the
// process and its next client do not notice.

let server: RunningServer
let bob: TcpLine
let pings = 0

beforeAll(async () => {
  server = await runServer()
  await Promise.all(['alice', 'bob'].map((name) => server.account(name)))
  bob = await bound(await server.tcp(), 'bob')
  bob.send('<presence/>')
  await bob.until(/<presence[^>]*>/)
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const SMUGGLED = `<message xmlns='jabber:client' to='bob@im.test' type='chat'><body>smuggled</body></message>`
const STREAMS = 'http://etherx.jabber.org/streams'

type Bytes = string | Buffer
interface Case {
  readonly name: string
  readonly bytes: Bytes
  readonly error: string
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const body = (inside: string) => `<message xmlns='jabber:client' to='bob@im.test'><body>${inside}</body></message>`
const nested = (depth: number) =>
  `<message xmlns='jabber:client'>${'<a>'.repeat(depth - 1)}${'</a>'.repeat(depth - 1)}</message>`
const attributes = (count: number) => Array.from({ length: count }, (_, n) => `a${n}='x'`).join(' ')
const message = (bytes: number) => {
  const [before = '', after = ''] = body('|').split('|')
  return before + 'x'.repeat(bytes - before.length - after.length) + after
}

/** What one element may not be, whatever carries it (threats A and B, XS-32). */
const BAD_ELEMENTS: readonly Case[] = [
  { name: 'XS-01 a comment inside a body', bytes: body('a<!-- b -->'), error: 'restricted-xml' },
  { name: 'XS-02 a processing instruction', bytes: body('<?php x ?>'), error: 'restricted-xml' },
  { name: 'XS-03 a DOCTYPE', bytes: '<!DOCTYPE message>', error: 'restricted-xml' },
  {
    name: 'XS-04 nested entities',
    bytes: '<!DOCTYPE m [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>',
    error: 'restricted-xml',
  },
  {
    name: 'XS-05 an external entity',
    bytes: '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    error: 'restricted-xml',
  },
  { name: 'XS-06 an undefined entity', bytes: body('&nbsp;'), error: 'restricted-xml' },
  { name: 'XS-07 a bare ampersand', bytes: body('a & b'), error: 'not-well-formed' },
  { name: 'XS-08 a reference to NUL', bytes: body('&#0;'), error: 'not-well-formed' },
  { name: 'XS-09 a raw control character', bytes: body('\u0001'), error: 'not-well-formed' },
  { name: 'XS-10 an overlong form', bytes: latin1(body('\xc0\xaf')), error: 'unsupported-encoding' },
  { name: 'XS-11 an encoded surrogate', bytes: latin1(body('\xed\xa0\x80')), error: 'unsupported-encoding' },
  { name: 'XS-12 ill-formed bytes in a name', bytes: latin1(`<mess\xffage/>`), error: 'unsupported-encoding' },
  {
    name: 'XS-18 tags that do not match',
    bytes: `<message xmlns='jabber:client'><body></message>`,
    error: 'not-well-formed',
  },
  {
    name: 'XS-19 an attribute twice',
    bytes: `<message xmlns='jabber:client' to='a' to='b'/>`,
    error: 'not-well-formed',
  },
  { name: 'XS-20 a value without quotes', bytes: `<message xmlns='jabber:client' to=bob/>`, error: 'not-well-formed' },
  { name: 'XS-21 an unbound prefix', bytes: `<x:message/>`, error: 'bad-namespace-prefix' },
  {
    name: 'XS-22 a prefix named like an object member',
    bytes: `<constructor:message/>`,
    error: 'bad-namespace-prefix',
  },
  { name: 'XS-23 the end of a CDATA section in text', bytes: body(']]>'), error: 'not-well-formed' },
  { name: 'XS-25 an unknown element', bytes: `<query xmlns='jabber:client'/>`, error: 'unsupported-stanza-type' },
  {
    name: 'XS-26 a stanza name in a foreign namespace',
    bytes: `<message xmlns='urn:example' to='bob@im.test'><body>smuggled</body></message>`,
    error: 'unsupported-stanza-type',
  },
  {
    name: 'DS-02 one byte more than a stanza may have (XEP-0205 §4.5)',
    bytes: message(262_145),
    error: 'policy-violation',
  },
  { name: 'DS-04 33 levels', bytes: nested(33), error: 'policy-violation' },
  { name: 'DS-04 10,000 levels', bytes: nested(10_000), error: 'policy-violation' },
  {
    name: 'DS-05 2,049 elements',
    bytes: `<message xmlns='jabber:client'>${'<a/>'.repeat(2_048)}</message>`,
    error: 'policy-violation',
  },
  { name: 'DS-06 65 attributes', bytes: `<message ${attributes(65)}/>`, error: 'policy-violation' },
  {
    name: 'DS-07 too many namespace declarations',
    bytes: `<message xmlns='jabber:client'>${Array.from({ length: 30 }, (_, n) => `<a xmlns:p${n}='u' xmlns:q${n}='v'>`).join('')}</message>`,
    error: 'policy-violation',
  },
  {
    name: 'SP-01 a stanza from somebody else',
    bytes: `<message xmlns='jabber:client' from='bob@im.test' to='bob@im.test'><body>smuggled</body></message>`,
    error: 'invalid-from',
  },
  {
    name: 'SP-01 a stanza from the server',
    bytes: `<message xmlns='jabber:client' from='im.test' to='bob@im.test'><body>smuggled</body></message>`,
    error: 'invalid-from',
  },
  {
    name: 'SP-01 a stanza from nobody',
    bytes: `<message xmlns='jabber:client' from='' to='bob@im.test'><body>smuggled</body></message>`,
    error: 'invalid-from',
  },
]

const CHUNKINGS = {
  'in one piece': (bytes: Buffer) => [bytes],
  'in two pieces': (bytes: Buffer) => [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)],
  'in small pieces': (bytes: Buffer) =>
    bytes.length > 2_000
      ? [bytes]
      : Array.from({ length: Math.ceil(bytes.length / 5) }, (_, n) => bytes.subarray(n * 5, n * 5 + 5)),
}

async function sendIn(line: Line, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    line.send(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The stream error a line ended with; `nothing` when it ended without one. */
async function errorOf(line: Line): Promise<string> {
  const rest = await line.closed()
  return /<stream:error[^>]*><([\w-]+)/.exec(rest)?.[1] ?? 'nothing'
}

/** The server answers on a line. */
async function isAlive(line: Line): Promise<void> {
  line.send(PING.replace('ping', `ping${++pings}`))
  await line.until(new RegExp(`id="ping${pings}"`))
}

describe('on a bound stream over TCP', () => {
  for (const [how, split] of Object.entries(CHUNKINGS)) {
    test.each(BAD_ELEMENTS)(`$name, ${how}, ends the stream with $error`, async ({ bytes, error }) => {
      const line = await bound(await server.tcp(), 'alice', `tcp${++pings}`)
      await sendIn(line, split(Buffer.concat([Buffer.from(bytes), Buffer.from(SMUGGLED)])))
      expect(await errorOf(line)).toBe(error)
    })
  }

  test('XS-16 a stanza hidden in a comment, over two writes, is never dispatched', async () => {
    const line = await bound(await server.tcp(), 'alice', 'smuggler')
    await sendIn(line, [Buffer.from('<message><body><!-'), Buffer.from(`- --></body></message>${SMUGGLED}<!-- -->`)])
    expect(await errorOf(line)).toBe('restricted-xml')
  })

  test('XS-24 nothing counts after the end of the stream, and the end is answered', async () => {
    const line = await bound(await server.tcp(), 'alice', 'leaver')
    line.send(`</stream:stream>${SMUGGLED}`)
    expect(await line.closed()).toMatch(/<\/stream:stream>$/)
  })

  test('XS-24 text between stanzas ends the stream', async () => {
    const line = await bound(await server.tcp(), 'alice', 'talker')
    line.send(`hello ${SMUGGLED}`)
    expect(await errorOf(line)).toBe('bad-format')
  })

  test('a stanza sent just before the end of the stream is still delivered, behind presence too', async () => {
    const line = await bound(await server.tcp(), 'alice', 'quick')
    line.send(`<presence/><message to='bob@im.test' type='chat'><body>goodbye</body></message></stream:stream>`)
    await bob.until(/goodbye/)
    expect(await line.closed()).toMatch(/<\/stream:stream>$/)
  })

  test('XS-17 an emoji split over segments stays what it is', async () => {
    const line = await bound(await server.tcp(), 'alice', 'emoji')
    const bytes = Buffer.from(body('a🦊b').replace('to=', `type='chat' to=`))
    await sendIn(
      line,
      Array.from(bytes, (byte) => Buffer.of(byte)),
    )
    expect(await bob.until(/a.*b<\/body>/u)).toContain('a🦊b')
  })

  test('XS-14 U+FEFF is text, and white space between stanzas is a keep-alive', async () => {
    const line = await bound(await server.tcp(), 'alice', 'bom')
    line.send(` \n ${body('a\ufeffb').replace('to=', `type='chat' to=`)}`)
    expect(await bob.until(/b<\/body>/)).toContain('a\ufeffb')
  })

  test('DS-01 10,000 bytes and 262,144 bytes are stanzas like others', async () => {
    const line = await bound(await server.tcp(), 'alice', 'large')
    line.send(message(10_000).replace(`<message `, `<message `))
    line.send(message(262_144))
    await isAlive(line)
  })

  test('XS-26 a stanza named by a prefix of our namespace is a real one; XS-28 what is forwarded is our own text', async () => {
    const line = await bound(await server.tcp(), 'alice', 'prefix')
    line.send(
      `<c:message  xmlns:c='jabber:client'\n to='bob@im.test' xmlns:unused='urn:x' type='chat' id='p1'><c:body>a&#62;<![CDATA[<b>]]></c:body></c:message>`,
    )
    const got = await bob.until(/<message[^>]*id="p1".*?<\/message>/)
    expect(got.slice(got.lastIndexOf('<message'))).toMatch(
      /^<message to="bob@im.test" type="chat" id="p1" from="alice@im.test\/prefix"><body>a&gt;&lt;b&gt;<\/body><stanza-id [^>]*\/><\/message>$/,
    )
  })

  test.each([
    ['id', `<message xmlns='jabber:client' id='${'x'.repeat(1_024)}' to='bob@im.test'><body>smuggled</body></message>`],
    [
      'xml:lang',
      `<message xmlns='jabber:client' id='x' xml:lang='${'x'.repeat(1_024)}' to='bob@im.test'><body>smuggled</body></message>`,
    ],
    [
      'origin-id',
      `<message xmlns='jabber:client' id='x' to='bob@im.test'><body>smuggled</body><origin-id xmlns='urn:xmpp:sid:0' id='${'x'.repeat(1_024)}'/></message>`,
    ],
  ])('DS-21 an endless %s is refused, and the stream goes on', async (_what, stanza) => {
    const line = await bound(await server.tcp(), 'alice', `id${++pings}`)
    line.send(stanza)
    await line.until(/<message[^>]*type="error".*?<policy-violation/)
    await isAlive(line)
  })

  test('an error is never answered with an error, and a full JID of one’s own is no forgery', async () => {
    const line = await bound(await server.tcp(), 'alice', 'own')
    line.send(
      `<message from='alice@im.test/own' to='not a jid' type='error'/><message from='alice@im.test' to='bob@im.test' type='chat'><body>own name</body></message>`,
    )
    expect(await bob.until(/own name/)).toContain('from="alice@im.test/own"')
    await isAlive(line)
    expect(line.text).not.toContain('type="error"')
  })
})

describe('the header of a stream', () => {
  test.each(['<iq/>', 'GET / HTTP/1.1\r\n\r\n', '<!DOCTYPE x>', '<stream:stream', "<a xmlns='b'>"])(
    'what is no stream header, like %j, is answered under a stream id of its own',
    async (bytes) => {
      const line = await server.tcp()
      line.send(`${bytes}<`)
      line.send('\u0000')
      expect(await line.closed()).toMatch(
        /^<\?xml version="1\.0"\?><stream:stream [^>]*\bid="[\w-]{22}"[^>]*><stream:error/,
      )
    },
  )

  const of = (attrs: string) => `<?xml version='1.0'?><stream:stream ${attrs}>`
  const good = `to='im.test' version='1.0' xmlns='jabber:client' xmlns:stream='${STREAMS}'`
  const HEADERS: readonly Case[] = [
    {
      name: 'XS-25 the wrong stream namespace',
      bytes: of(good.replace(STREAMS, 'http://example.org/streams')),
      error: 'invalid-namespace',
    },
    {
      name: 'XS-25 the namespace of servers',
      bytes: of(good.replace('jabber:client', 'jabber:server')),
      error: 'invalid-namespace',
    },
    {
      name: 'XS-25 an unknown content namespace',
      bytes: of(good.replace('jabber:client', 'urn:example')),
      error: 'invalid-namespace',
    },
    { name: 'another root element', bytes: of(good).replace('stream:stream', 'stream:flow'), error: 'bad-format' },
    { name: 'an unknown host', bytes: of(good.replace('im.test', 'elsewhere.test')), error: 'host-unknown' },
    { name: 'a host that cannot be one', bytes: of(good.replace('im.test', '@@')), error: 'host-unknown' },
    { name: 'no version', bytes: of(good.replace(`version='1.0'`, '')), error: 'unsupported-version' },
    { name: 'version 0.9', bytes: of(good.replace('1.0', '0.9')), error: 'unsupported-version' },
    { name: 'a version that is no number', bytes: of(good.replace('1.0', 'one')), error: 'unsupported-version' },
    {
      name: 'XS-13 another encoding declared',
      bytes: of(good).replace(`?>`, ` encoding='ISO-8859-1'?>`),
      error: 'unsupported-encoding',
    },
    { name: 'XS-13 UTF-16', bytes: Buffer.from(of(good), 'utf16le'), error: 'unsupported-encoding' },
    {
      name: 'XS-21 a prefix that is bound to nothing',
      bytes: `<stream:stream to='im.test' version='1.0' xmlns='jabber:client'>`,
      error: 'bad-namespace-prefix',
    },
    { name: 'XS-24 text before it', bytes: `hello${of(good)}`, error: 'not-well-formed' },
    {
      name: 'a request of another protocol',
      bytes: 'GET / HTTP/1.1\r\nHost: im.test\r\n\r\n',
      error: 'not-well-formed',
    },
    { name: 'a TLS handshake', bytes: Buffer.from('16030100c8010000c40303', 'hex'), error: 'not-well-formed' },
    { name: 'DS-03 9 KB of it', bytes: of(`${good} from='${'x'.repeat(9_000)}'`), error: 'policy-violation' },
  ]
  test.each(HEADERS)('$name is refused with $error, under a header of ours', async ({ bytes, error }) => {
    const line = await server.tcp()
    line.send(bytes)
    const rest = await line.closed()
    expect(rest).toMatch(/^<\?xml version="1.0"\?><stream:stream xmlns="jabber:client"/)
    expect(rest).toContain(`<${error} xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>`)
    expect(rest).toMatch(/<\/stream:stream>$/)
    expect(rest).not.toContain('features')
  })

  test.each([
    ['no default namespace', `<stream:stream to='im.test' version='1.0' xmlns:stream='${STREAMS}'>`],
    ['its own namespace as the default one', `<stream to='im.test' version='1.0' xmlns='${STREAMS}'>`],
    ['version 01.00', `<stream:stream to='im.test' version='01.00' xmlns='jabber:client' xmlns:stream='${STREAMS}'>`],
    ['another prefix', `<s:stream to='im.test' version='1.0' xmlns='jabber:client' xmlns:s='${STREAMS}'>`],
  ])('with %s is legal', async (_what, text) => {
    const line = await server.tcp()
    line.send(text)
    await line.until(/<mechanisms/)
    line.destroy()
  })
})

describe('before signing in', () => {
  const EARLY: readonly Case[] = [
    { name: 'AU-07 a message', bytes: SMUGGLED, error: 'not-authorized' },
    { name: 'AU-07 an iq', bytes: PING, error: 'not-authorized' },
    {
      name: 'AU-07 binding',
      bytes: `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
      error: 'not-authorized',
    },
    { name: 'AU-07 resuming', bytes: `<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>`, error: 'not-authorized' },
    {
      name: 'DS-20 compression',
      bytes: `<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>`,
      error: 'not-authorized',
    },
    { name: 'a second header', bytes: `<stream:stream/>`, error: 'not-authorized' },
    { name: 'DS-03 9 KB', bytes: message(9_000), error: 'policy-violation' },
    { name: 'DS-03 33 elements', bytes: `<message>${'<a/>'.repeat(32)}</message>`, error: 'policy-violation' },
    { name: 'DS-08 an endless attribute', bytes: `<auth a='${'x'.repeat(100_000)}`, error: 'policy-violation' },
    { name: 'DS-08 an endless reference', bytes: `<auth>&${'x'.repeat(100_000)}`, error: 'policy-violation' },
  ]
  test.each(EARLY)('$name ends the stream with $error', async ({ bytes, error }) => {
    const line = await server.tcp()
    await open(line)
    line.send(Buffer.concat([Buffer.from(bytes), Buffer.from(SMUGGLED)]))
    expect(await errorOf(line)).toBe(error)
  })

  test('AU-07 a message in the same packet as the header is not dispatched', async () => {
    const line = await server.tcp()
    line.send(header('tcp') + SMUGGLED)
    expect(await errorOf(line)).toBe('not-authorized')
  })

  test('AU-07 signed in but not bound, a message is refused', async () => {
    const line = await server.tcp()
    await signIn(line, 'alice')
    line.send(SMUGGLED)
    expect(await errorOf(line)).toBe('not-authorized')
  })

  test('DS-20 whoever asks for compression after signing in hears that there is none, and goes on (XEP-0138 §2)', async () => {
    const compress = `<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>`
    const refusal = /<failure xmlns="http:\/\/jabber.org\/protocol\/compress"><unsupported-method\/><\/failure>/
    const line = await server.tcp()
    await signIn(line, 'alice')
    line.send(compress)
    await line.until(refusal)
    line.send(bindRequest('uncompressed'))
    await line.until(/<iq[^>]*type="result".*?<\/iq>/s)
    line.send(compress)
    await line.until(refusal)
    line.send(PING)
    await line.until(PONG)
  })

  test('DS-20, DS-02 compression is not offered, and the largest stanza is named', async () => {
    const line = await server.tcp()
    expect(await open(line)).not.toContain('compress')
    const later = await server.tcp()
    const features = await signIn(later, 'alice')
    expect(features).not.toContain('compress')
    expect(features).toContain('<limits xmlns="urn:xmpp:stream-limits:0"><max-bytes>262144</max-bytes>')
  })
})

describe('over WebSocket', () => {
  test.each(BAD_ELEMENTS)('XS-32 $name ends the stream with $error', async ({ bytes, error }) => {
    const line = await bound(await server.webSocket(), 'alice', `ws${++pings}`)
    const text = Buffer.from(bytes)
    if (isUtf8(text)) line.send(text.toString())
    // RFC 6455 §8.1 checks the text before XMPP sees it.
    else return
    line.send(SMUGGLED)
    expect(await errorOf(line)).toBe(error)
    expect(await line.closed()).toMatch(/<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"\/>$/)
  })

  const opened = header('ws')
  const FRAMING: readonly { readonly name: string; readonly messages: readonly Bytes[]; readonly error: string }[] = [
    { name: 'a stanza without <open/>', messages: [SMUGGLED], error: 'not-authorized' },
    {
      name: 'two elements in one message',
      messages: [opened, `<a xmlns='urn:x'/><b xmlns='urn:x'/>`],
      error: 'not-well-formed',
    },
    { name: 'the beginning of a second element', messages: [opened, `<a xmlns='urn:x'/><`], error: 'not-well-formed' },
    {
      name: 'an element over two messages',
      messages: [opened, `<auth xmlns='urn:x'>`, '</auth>'],
      error: 'not-well-formed',
    },
    { name: 'a binary message', messages: [opened, Buffer.from(SMUGGLED)], error: 'bad-format' },
    { name: '<stream:stream>', messages: [header('tcp').replace(/^<\?.*?\?>/, '')], error: 'not-well-formed' },
    { name: 'an XML declaration', messages: [`<?xml version='1.0'?>${opened}`], error: 'restricted-xml' },
    { name: 'white space only', messages: [opened, '  \n '], error: 'not-well-formed' },
    { name: 'an empty message', messages: [opened, ''], error: 'not-well-formed' },
    { name: '<open/> twice', messages: [opened, opened], error: 'bad-format' },
    {
      name: 'another framing element',
      messages: [`<start xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`],
      error: 'unsupported-stanza-type',
    },
    { name: 'a message before signing in', messages: [opened, SMUGGLED], error: 'not-authorized' },
    {
      name: 'starttls',
      messages: [opened, `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`],
      error: 'policy-violation',
    },
    { name: '9 KB before signing in', messages: [opened, message(9_000)], error: 'policy-violation' },
    { name: 'an unknown host', messages: [header('ws', 'elsewhere.test')], error: 'host-unknown' },
    { name: 'no version', messages: [opened.replace(/version='1.0'/, '')], error: 'unsupported-version' },
  ]
  test.each(FRAMING)('XS-31 $name ends the stream with $error', async ({ messages, error }) => {
    const line = await server.webSocket()
    for (const one of messages) line.send(one)
    line.send(SMUGGLED)
    const rest = await line.closed()
    expect(rest).toMatch(/^<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" from="im.test"/)
    expect(/<stream:error[^>]*><([\w-]+)/.exec(rest)?.[1]).toBe(error)
    expect(rest).toMatch(/<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"\/>$/)
  })

  test('XS-11, DS-13 ill-formed UTF-8 and oversize messages are closed by their code, whoever sends them', async () => {
    const [first, second, third] = await Promise.all([webSocket(), webSocket(), webSocket()])
    first.ws.send(Buffer.from([0xc0, 0xaf]), { binary: false })
    expect(await first.closeCode()).toBe(1007)
    second.ws.send('x'.repeat(1_000_000))
    expect(await second.closeCode()).toBe(1009)
    for (let n = 0; n < 20_000; n++) third.ws.send('', { fin: false })
    expect(await third.closeCode()).toBe(1008)
  })

  test('DS-13 a message of 101 MB is refused by what announces it, before any of it is there', async () => {
    const line = await webSocket()
    const announced = Buffer.alloc(14)
    announced.writeUInt8(0x81, 0)
    announced.writeUInt8(0xff, 1)
    announced.writeBigUInt64BE(101n * 1024n * 1024n, 2)
    const socket = (line.ws as unknown as { readonly _socket: Socket })._socket
    socket.write(announced)
    expect(await line.closeCode()).toBe(1009)
  })

  test('DS-13 an upgrade with 3,000 headers is refused, and the next one is not', async () => {
    const line = await dialTcp(server.httpPort)
    const many = Array.from({ length: 3_000 }, (_, n) => `X-${n}: 1\r\n`).join('')
    line.send(`GET /xmpp-websocket HTTP/1.1\r\nHost: im.test\r\nUpgrade: websocket\r\n${many}\r\n`)
    expect(await line.closed()).toMatch(/^HTTP\/1.1 431 /)
    const next = await webSocket()
    next.destroy()
  })

  test('DS-13 compression is not agreed to', async () => {
    const line = await webSocket()
    expect(line.ws.extensions).toBe('')
    expect(line.ws.protocol).toBe('xmpp')
    line.destroy()
  })

  test('XS-17 a stanza in fragments that split a character is one stanza', async () => {
    const line = await bound(await server.webSocket(), 'alice', 'fragments')
    const bytes = Buffer.from(body('c🦊d').replace('to=', `type='chat' to=`))
    const { ws } = line as Awaited<ReturnType<typeof webSocket>>
    const at = bytes.indexOf(Buffer.from('🦊')) + 2
    ws.send(bytes.subarray(0, at), { binary: false, fin: false })
    ws.send(bytes.subarray(at), { binary: false })
    expect(await bob.until(/c.*d<\/body>/u)).toContain('c🦊d')
  })

  test('<close/> is answered, and nothing counts after it', async () => {
    const line = await bound(await server.webSocket(), 'alice', 'closer')
    line.send(`<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`)
    line.send(SMUGGLED)
    expect(await line.closed()).toBe('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>')
  })
})

const webSocket = async () =>
  (await server.webSocket()) as Awaited<ReturnType<typeof import('./line.ts').dialWebSocket>>

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString()).equals(bytes)
}

describe('many at once', () => {
  test('DS-16 connections that are cut anywhere leave nothing behind and hurt nobody', async () => {
    const stages: ((line: Line) => Promise<unknown>)[] = [
      async () => undefined,
      (line) => open(line),
      (line) => signIn(line, 'alice'),
      (line) => bound(line, 'alice', `cut${++pings}`),
    ]
    for (const stage of stages) {
      const lines = await Promise.all([server.tcp(), server.tls(), server.webSocket()])
      await Promise.all(lines.map(stage))
      for (const line of lines) {
        line.send(line.framing === 'ws' ? PING : `${PING}<mess`)
        line.destroy()
      }
    }
    await isAlive(await bound(await server.tcp(), 'alice', 'after'))
  })

  test('DS-16 error-handler-audit: whichever socket is reset, while it is read and while it is written, nothing is thrown', async () => {
    await using every = await runServer({
      web: { hasBosh: true },
      components: { port: 0, secrets: 'bridge:a-long-secret-of-it' },
    })
    await every.account('alice')
    const thrown: unknown[] = []
    const note = (error: unknown) => void thrown.push(error)
    process.on('uncaughtExceptionMonitor', note)
    const { c2sPort, c2sTlsPort, httpPort, componentPort } = every
    const component = `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='bridge.im.test'>`
    const body = `<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='im.test' ver='1.11' hold='1' wait='5'/>`
    const post = `POST /http-bind HTTP/1.1\r\nHost: im.test\r\nContent-Length: ${body.length}\r\n\r\n`
    const upgrade =
      'GET /xmpp-websocket HTTP/1.1\r\nHost: im.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n'
    const put = 'PUT /upload/0/a HTTP/1.1\r\nHost: im.test\r\nContent-Length: 1000000\r\n\r\n'
    /** What makes the server write, so that it writes to a socket that is gone. */
    const sockets: readonly (readonly [port: number, bytes: string])[] = [
      [c2sPort, header('tcp')],
      [c2sPort, header('tcp').slice(0, 40)],
      [c2sTlsPort, '\u0016\u0003\u0001'],
      [httpPort, 'GET /healthz HTTP/1.1\r\nHost: im.test\r\n\r\n'.repeat(50)],
      [httpPort, 'GET /healthz HTTP/1.1\r\nHost'],
      [httpPort, upgrade],
      [httpPort, upgrade.replace('xmpp\r\n\r\n', 'chat\r\n\r\n')],
      [httpPort, post + body],
      [httpPort, post],
      [httpPort, put],
      [componentPort, component],
      [componentPort, `${component}<handshake>wrong</handshake>`],
    ]
    for (const [port, bytes] of sockets) {
      for (const isAnswered of [false, true]) {
        const line = await dialTcp(port)
        line.send(bytes)
        // Half of them go at once, the others as soon as there is an answer, or none for a moment.
        if (isAnswered)
          await Promise.race([line.until(/./s).catch(() => ''), line.closed().catch(() => ''), afterPing(every)])
        line.socket.resetAndDestroy()
      }
    }
    // Bound, with answers on their way.
    for (const isSecured of [false, true]) {
      const line = await every.tcp()
      const { socket } = line
      if (isSecured) {
        await open(line)
        line.send(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
        await line.until(/<proceed[^>]*>/)
        await line.secure()
      }
      await bound(line, 'alice', `reset${++pings}`)
      for (let n = 0; n < 200; n++) line.send(PING)
      socket.resetAndDestroy()
    }
    await isAlive(await bound(await every.tcp(), 'alice', 'after'))
    process.off('uncaughtExceptionMonitor', note)
    expect(thrown).toEqual([])
    expect(every.complaints).toEqual([])
  })
})

/** The server has gone around its loop. */
async function afterPing({ httpPort }: RunningServer): Promise<void> {
  await (await fetch(`http://127.0.0.1:${httpPort}/healthz`)).text()
}

test('after all that, nothing that was hidden behind a fault has been dispatched, and nothing of ours has failed', async () => {
  const alice = await bound(await server.tcp(), 'alice', 'last')
  alice.send(`<message to='bob@im.test' type='chat'><body>the last</body></message>`)
  expect(await bob.until(/the last/)).not.toContain('smuggled')
  expect(server.complaints).toEqual([])
})
