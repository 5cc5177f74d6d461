import { buildStreamError, C2S_LIMITS, NS_STREAM, NS_STREAMS, parseElement } from '@drawbridge/xmpp'
import type { StreamErrorCondition } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '@drawbridge/runtime'
import { C2sStream } from '../../src/stream/c2s.ts'
import { OutboundQueue } from '../../src/stream/resume.ts'
import { listenTcp } from '../../src/transport/tcp.ts'
import { story } from '../story.ts'
import { dialTcp } from './line.ts'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bindRequest, bound, header, open, signIn } from './sign-in.ts'

// Every stream error of RFC 6120 §4.9.3: how a client gets it, or why no client of this server can.

/** Returns what came from the server up to the end of the connection. */
type Provoke = () => Promise<string>

const CONDITIONS: Readonly<Record<StreamErrorCondition, Provoke | { readonly never: string }>> = {
  'bad-format': () => onBound('hello'),
  'bad-namespace-prefix': () => onBound('<x:message/>'),
  conflict: async () => {
    const first = await bound(await server.tcp(), 'alice', 'same')
    await bound(await server.tcp(), 'alice', 'same')
    return first.closed()
  },
  'connection-timeout': async () => (await hasty.tcp()).closed(),
  'host-gone': { never: 'one domain, for as long as the server runs' },
  'host-unknown': () => onOpening(header('tcp', 'elsewhere.test')),
  'improper-addressing': async () => {
    const line = await dialTcp(server.componentPort)
    line.send(header('tcp', 'bridge.im.test').replace('jabber:client', 'jabber:component:accept'))
    const id = /\bid="([^"]+)"/.exec(await line.until(/<stream:stream [^>]*>/))?.[1] ?? ''
    line.send(
      `<handshake>${createHash('sha1')
        .update(id + SECRET)
        .digest('hex')}</handshake>`,
    )
    await line.until(/<handshake\/>/)
    line.send(`<message from='joe@bridge.im.test'><body>to nobody</body></message>`)
    return line.closed()
  },
  'internal-server-error': async () => {
    await using broken = await story({})
    const listener = await listenTcp({
      bind: '127.0.0.1',
      port: 0,
      mode: 'starttls',
      tls: undefined as never,
      limit: { take: () => true } as never,
      accept: (connection) => {
        const stream = new C2sStream({ ...broken.server.streams, log: silentLog, shutdownText: undefined }, connection)
        stream.element = () => {
          throw new Error('a fault of ours')
        }
        return stream
      },
    })
    const line = await dialTcp(listener.port)
    line.send(`${header('tcp')}<auth/>`)
    const text = await line.closed()
    await listener.close()
    return text
  },
  'invalid-from': () => onBound(`<message from='bob@im.test' to='bob@im.test'/>`),
  'invalid-namespace': () => onOpening(header('tcp').replace('jabber:client', 'jabber:server')),
  'invalid-xml': { never: 'nothing is validated against a schema' },
  'not-authorized': () => onOpening(`${header('tcp')}<message to='bob@im.test'/>`),
  'not-well-formed': () => onBound('<message><body></message>'),
  'policy-violation': () => onOpening(`${header('tcp')}<auth a='${'x'.repeat(9_000)}'/>`),
  'remote-connection-failed': { never: 'signing in needs no other server; a stanza for one gets a stanza error' },
  reset: async () => {
    const lost = await bound(await server.tcp(), 'alice', 'lost')
    const other = await bound(await server.tcp(), 'alice', 'other')
    // XEP-0494 §3.2: a client is signed out by another of its account.
    other.send(`<iq type='set' id='out'><revoke xmlns='urn:xmpp:cam:0' id='session:lost'/></iq>`)
    return lost.closed()
  },
  'resource-constraint': async () => {
    await using s = await story({ alice: 1 })
    const { session } = s.alice
    session.enableManagement(new OutboundQueue('unread', false))
    const stanza = parseElement(
      `<message xmlns='jabber:client'><body>${'x'.repeat(50_000)}</body></message>`,
      C2S_LIMITS,
    )
    while (!session.isEnded) session.send(stanza)
    return s.alice.closed()
  },
  'restricted-xml': () => onBound('<message><!-- --></message>'),
  'see-other-host': { never: 'there is one host' },
  'system-shutdown': async () => {
    const stopping = await runServer()
    await stopping.account('alice')
    const line = await bound(await stopping.tcp(), 'alice')
    await stopping[Symbol.asyncDispose]()
    return line.closed()
  },
  'undefined-condition': () => onBound(`<enable xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='7'/>`),
  'unsupported-encoding': () => onBound(Buffer.from([0x3c, 0xc0, 0xaf])),
  'unsupported-feature': { never: 'it is for clients to say, about the features they are offered' },
  'unsupported-stanza-type': () => onBound(`<query xmlns='jabber:client'/>`),
  'unsupported-version': () => onOpening(withVersion('')),
}

const SECRET = 'a-secret-of-the-bridge'
let server: RunningServer
let hasty: RunningServer
let count = 0

beforeAll(async () => {
  ;[server, hasty] = await Promise.all([
    runServer({ components: { port: 0, secrets: `bridge:${SECRET}` } }),
    runServer({ stream: { signInTimeoutMs: 300 } }),
  ])
  await server.account('alice')
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await hasty[Symbol.asyncDispose]()
})

/** The header of a stream, not of the XML declaration before it. */
const withVersion = (version: string) => header('tcp').replace(`version='1.0' xmlns`, `${version} xmlns`)

async function onBound(bytes: string | Buffer): Promise<string> {
  return ended(await bound(await server.tcp(), 'alice', `r${++count}`), bytes)
}

async function onOpening(bytes: string): Promise<string> {
  return ended(await server.tcp(), bytes)
}

function ended(line: Line, bytes: string | Buffer): Promise<string> {
  line.send(bytes)
  return line.closed()
}

const reached = Object.entries(CONDITIONS).flatMap(([condition, how]) =>
  typeof how === 'function' ? [{ condition, provoke: how }] : [],
)
const never = Object.entries(CONDITIONS).flatMap(([condition, how]) =>
  typeof how === 'function' ? [] : [{ condition: condition as StreamErrorCondition, reason: how.never }],
)

describe('the 25 stream errors (RFC 6120 §4.9.3)', () => {
  test('are all here', () => {
    expect(reached.length + never.length).toBe(25)
  })

  test.each(reached)('$condition is what a client gets, and then the end of the stream (§4.9.1.1)', async (row) => {
    const text = await row.provoke()
    // §4.9.1.2: an error during the opening comes under a header of ours, too; §4.9.2: the condition comes first.
    expect(text).toMatch(
      new RegExp(`<stream:error[^>]*><${row.condition} xmlns="${NS_STREAMS}"/>.*</stream:error></stream:stream>$`, 's'),
    )
    expect(text.match(/<stream:error/g)).toHaveLength(1)
  })

  test.each(never)('$condition is no client’s here: $reason', async ({ condition }) => {
    const error = parseElement(buildStreamError(condition, 'why').toString(), C2S_LIMITS)
    expect(error.is('error', NS_STREAM)).toBe(true)
    expect(error.getChildElements().map((child) => [child.name, child.getNS()])).toEqual([
      [condition, NS_STREAMS],
      ['text', NS_STREAMS],
    ])
    const sources = await Array.fromAsync(
      glob('src/{stream,transport}/**/*.ts', { cwd: `${import.meta.dirname}/../..` }),
    )
    const users = sources.filter((path) => {
      const text = readFileSync(`${import.meta.dirname}/../../${path}`, 'utf8')
      return !path.includes('.test.') && text.includes(`'${condition}'`)
    })
    expect(users).toEqual([])
  })
})

describe('the stream itself (RFC 6120 §4, RFC 7590)', () => {
  test('the answer to a header has from, id, version and language, and says nothing else about the server (§4.7)', async () => {
    const line = await server.tcp()
    line.send(header('tcp').replace(`to='im.test'`, `to='im.test' from='alice@im.test' xml:lang='de'`))
    const text = await line.until(/<stream:stream[^>]*>/)
    expect(text).toMatch(/ from="im.test"/)
    // §4.7.2: "the 'to' attribute … set to the bare JID of the initiating entity" as it introduced itself.
    expect(text).toMatch(/ to="alice@im.test"/)
    expect(text).toMatch(/ version="1\.0"/)
    expect(text).toMatch(/ xml:lang="en"/)
    expect(/ id="([^"]*)"/.exec(text)?.[1]).toMatch(/^[\w-]{22}$/)
    line.destroy()
  })

  test('every header has an id of its own, after signing in as well (§4.7.3)', async () => {
    const line = await server.tcp()
    await open(line)
    const before = /id="([^"]*)"/.exec(line.text)?.[1]
    line.destroy()
    const again = await server.tcp()
    const features = await signIn(again, 'alice')
    expect(/id="([^"]*)"/.exec(features)?.[1]).not.toBe(before)
    again.destroy()
  })

  test('a version of ours that is lower is the one that counts: 2.0 and 1.9 get 1.0 (§4.7.5)', async () => {
    for (const version of ['1.9', '2.0']) {
      const line = await server.tcp()
      line.send(withVersion(`version='${version}'`))
      expect(await line.until(/<stream:stream[^>]*>/)).toContain('version="1.0"')
      line.destroy()
    }
  })

  test('the language of a stream is that of its stanzas, for those that name none (§4.7.4, §8.1.5)', async () => {
    const german = await server.tcp()
    const inGerman = {
      ...german,
      send: (bytes: string) => german.send(bytes.replace(`to='im.test'`, `to='im.test' xml:lang='de'`)),
    }
    await bound(inGerman as Line, 'alice', 'german')
    german.send(
      `<message to='alice@im.test/german' id='m1'/><message to='alice@im.test/german' id='m2' xml:lang='fr'/>`,
    )
    expect(await german.until(/<message [^>]*id="m1"[^>]*>/)).toContain('xml:lang="de"')
    expect(await german.until(/<message [^>]*id="m2"[^>]*>/)).toMatch(/xml:lang="fr"/)
    german.destroy()
    // Ours is English: nothing to be said.
    const english = await bound(await server.tcp(), 'alice', 'english')
    english.send(`<message to='alice@im.test/english' id='m1'/>`)
    expect(await english.until(/<message [^>]*>/)).not.toContain('xml:lang')
    english.destroy()
  })

  test('whoever closes the stream is answered in kind, and no second stream follows (§4.4)', async () => {
    const line = await bound(await server.tcp(), 'alice', 'closing')
    line.send('</stream:stream>')
    expect(await line.closed()).toBe('</stream:stream>')
  })

  test('a client that has found an error is answered by the end of the stream, not by an error (RFC 6120 §4.9.1.1)', async () => {
    const found = `<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`
    const line = await bound(await server.tcp(), 'alice', 'complaining')
    line.send(`${found}</stream:stream>`)
    expect(await line.closed()).toBe('</stream:stream>')
    const early = await server.tcp()
    await open(early)
    early.send(found)
    expect(await early.closed()).toBe('</stream:stream>')
  })

  test('without TLS a client is offered nothing but TLS, as required (RFC 7590 §3.1, RFC 6120 §5.3.1)', async () => {
    await using strict = await runServer({ allowPlaintext: false })
    const line = await strict.tcp()
    const features = await open(line)
    expect(features).toContain('<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required/></starttls>')
    expect(features).not.toContain('mechanism')
    line.send(bindRequest())
    expect(await line.closed()).toContain('<policy-violation')
  })

  test('inside TLS there is no more starttls, and no compression of either kind (RFC 7590 §3.1, §3.4)', async () => {
    const line = await server.tls()
    const features = await open(line)
    expect(features).not.toMatch(/starttls|compression/)
    line.destroy()
  })
})
