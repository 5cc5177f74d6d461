import type { Element } from '@drawbridge/xmpp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BoshClient, NS_BOSH as NS } from './bosh-client.ts'
import { bound, plain } from './sign-in.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'

const message = (to: string, body: string) =>
  `<message xmlns='jabber:client' to='${to}' type='chat'><body>${body}</body></message>`
const bodies = (answer: Element) => answer.getChildren('message').map((stanza) => stanza.getChildText('body'))

describe('BOSH (XEP-0124, XEP-0206)', () => {
  let server: RunningServer
  beforeAll(async () => {
    server = await runServer({ web: { hasBosh: true } })
    await server.account('alice')
    await server.account('bob')
  })
  afterAll(() => server[Symbol.asyncDispose]())
  const client = () => new BoshClient(server.httpPort)

  test('a session is created with the features of a stream (XEP-0124 §7, XEP-0206 §3)', async () => {
    const answer = await client().create({ wait: 30, hold: 7 })
    const { attrs } = answer
    expect({ wait: attrs['wait'], hold: attrs['hold'], requests: attrs['requests'], ver: attrs['ver'] }).toEqual({
      wait: '30',
      hold: '1',
      requests: '2',
      ver: '1.11',
    })
    expect(attrs['sid']).toMatch(/^[\w-]{24}$/)
    expect(attrs['xmpp:version']).toBe('1.0')
    const features = answer.getChild('features', 'http://etherx.jabber.org/streams')
    expect(features?.getChild('mechanisms', SASL)?.toString()).toContain('SCRAM-SHA-256')
  })

  test.each([
    ['1.6', '1.6'],
    ['1.12', '1.11'],
    ['2.0', '1.11'],
    ['newest', '1.11'],
  ])(
    'my client speaks version %s of the protocol and hears %s, whichever is lower (XEP-0124 §7.2)',
    async (ver, heard) => {
      expect((await client().create({ ver })).attrs['ver']).toBe(heard)
    },
  )

  test('my client may call the namespace of a restart what it likes (XEP-0206 §5)', async () => {
    const alice = client()
    await alice.create()
    await alice.post({}, plain('alice', 'alice-password'))
    const restart = (attrs: string) =>
      alice.raw(`<body xmlns='${NS}' rid='${++alice.rid}' sid='${alice.sid}' to='im.test' ${attrs}/>`)
    expect((await restart(`xmlns:xmpp='urn:example:other' xmpp:restart='true' pause='60'`)).toString()).not.toContain(
      'xmpp-bind',
    )
    expect((await restart(`xmlns:b='urn:xmpp:xbosh' b:restart='true'`)).toString()).toContain(
      'urn:ietf:params:xml:ns:xmpp-bind',
    )
  })

  test('alice signs in over HTTP and chats with bob on a socket, both ways (XEP-0206 §5, §6)', async () => {
    const alice = client()
    await alice.signIn('alice')
    const bob = await bound(await server.tcp(), 'bob', 'phone')
    bob.send('<presence/>')
    await alice.post({}, `<presence xmlns='jabber:client'/>${message('bob@im.test/phone', 'Hello from HTTP')}`)
    await bob.until(/Hello from HTTP.*?<\/message>/s)
    const waiting = alice.post()
    bob.send(`<message to='alice@im.test/web' type='chat'><body>Hello from TCP</body></message>`)
    expect(bodies(await waiting)).toEqual(['Hello from TCP'])
    bob.destroy()
  })

  test('requests that overtake each other are taken in their order (XEP-0124 §14.1)', async () => {
    const alice = client()
    await alice.signIn('alice')
    const to = 'alice@im.test/web'
    const [second, first] = [alice.post({}, message(to, 'two'), alice.rid + 2), alice.post({}, message(to, 'one'))]
    alice.rid++
    const answers = [await first, await second, await alice.post({ type: 'terminate' })]
    expect(answers.flatMap(bodies)).toEqual(['one', 'two'])
  })

  test('an answer that was lost on its way is given again, and nothing is done twice (XEP-0124 §14.2)', async () => {
    const alice = client()
    await alice.signIn('alice')
    const sent = await alice.post({}, message('alice@im.test/web', 'once'))
    const again = await alice.post({}, message('alice@im.test/web', 'once'), alice.rid)
    expect(again.toString()).toBe(sent.toString())
    const rest = await alice.post({ type: 'terminate' })
    expect([sent, rest].flatMap(bodies)).toEqual(['once'])
  })

  test('a number outside the window ends the session (XEP-0124 §14.1)', async () => {
    const alice = client()
    await alice.create()
    const answer = await alice.post({}, '', alice.rid + 50)
    expect([answer.attrs['type'], answer.attrs['condition']]).toEqual(['terminate', 'item-not-found'])
    expect((await alice.post()).attrs['condition']).toBe('item-not-found')
  })

  test('nobody gets in with a session id that he made up (XEP-0124 §17.2)', async () => {
    const mallory = client()
    mallory.sid = 'A'.repeat(24)
    const answer = await mallory.post({}, message('bob@im.test', 'hi'))
    expect([answer.attrs['type'], answer.attrs['condition']]).toEqual(['terminate', 'item-not-found'])
  })

  test('what is not XML, or breaks its rules, ends the session like a stream (XEP-0124 §17.2; XS-01, XS-03)', async () => {
    for (const hostile of ['<body', '<!DOCTYPE body><body/>', '<body xmlns="wrong" rid="1"/>']) {
      expect((await client().raw(hostile)).attrs['condition']).toBe('bad-request')
    }
    const alice = client()
    await alice.create()
    const answer = await alice.post({}, '<!-- x -->')
    expect(answer.attrs['condition']).toBe('bad-request')
  })

  test('a stream error reaches the client with the end of the session (XEP-0206 §8)', async () => {
    const alice = client()
    await alice.create()
    const answer = await alice.post({}, message('bob@im.test', 'too early'))
    expect([answer.attrs['type'], answer.attrs['condition']]).toEqual(['terminate', 'remote-stream-error'])
    expect(answer.getChild('error')?.getChild('not-authorized')).toBeDefined()
  })

  test('DS-03 preauth-limits: before signing in, a body may not be larger than on a stream', async () => {
    const alice = client()
    await alice.create()
    const answer = await alice.post({}, `<auth xmlns='${SASL}' mechanism='PLAIN'>${'A'.repeat(12_000)}</auth>`)
    expect(answer.attrs['condition']).toBe('bad-request')
  })

  test('a session that ends takes its stream with it (XEP-0124 §13)', async () => {
    const alice = client()
    await alice.signIn('alice')
    const answer = await alice.post({ type: 'terminate' }, `<presence xmlns='jabber:client' type='unavailable'/>`)
    expect(answer.attrs['type']).toBe('terminate')
    expect((await alice.post()).attrs['condition']).toBe('item-not-found')
  })

  test('pages of other origins may not open a session, and the discovery names the address (XEP-0156 §3)', async () => {
    const url = `http://127.0.0.1:${server.httpPort}`
    const foreign = await fetch(`${url}/http-bind`, {
      method: 'POST',
      headers: { origin: 'https://evil.test' },
      body: '',
    })
    expect(foreign.status).toBe(403)
    const { links } = (await (await fetch(`${url}/.well-known/host-meta.json`)).json()) as { links: { rel: string }[] }
    expect(links.map(({ rel }) => rel)).toEqual([
      'urn:xmpp:alt-connections:websocket',
      'urn:xmpp:alt-connections:xbosh',
    ])
  })
})

test('BOSH is off unless somebody turns it on', async () => {
  await using server = await runServer()
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/http-bind`, { method: 'POST', body: '<body/>' })
  expect(response.status).toBe(404)
})
