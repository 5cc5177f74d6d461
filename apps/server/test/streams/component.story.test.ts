import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectComponent, dialComponent, end, handshake, SECRET } from './component-line.ts'
import type { TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound } from './sign-in.ts'

const OMEMO = `<encrypted xmlns='eu.siacs.conversations.axolotl'/>`

describe('an external component (XEP-0114)', () => {
  let server: RunningServer
  beforeAll(async () => {
    server = await runServer({ components: { port: 0, secrets: `bridge:${SECRET},other:${SECRET}` } })
    await server.account('alice')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const dial = (to?: string, xmlns?: string) => dialComponent(server, to, xmlns)
  const connect = (to?: string) => connectComponent(server, to)
  async function alice(resource: string): Promise<TcpLine> {
    const line = await bound(await server.tcp(), 'alice', resource)
    line.send('<presence/>')
    await line.until(/<presence [^>]*\/>/)
    return line
  }

  test('proves its secret and then talks with alice, from any address at its domain (XEP-0114 §2, §3)', async () => {
    const [bridge, client] = [await connect(), await alice('a')]
    bridge.send(`<message from='joe@bridge.im.test/x' to='alice@im.test' type='chat'><body>from afar</body></message>`)
    expect(await client.until(/<message .*?<\/message>/s)).toContain('from="joe@bridge.im.test/x"')
    client.send(`<message to='joe@bridge.im.test' type='chat' id='m1'><body>back</body></message>`)
    const arrived = await bridge.until(/<message .*?<\/message>/s)
    expect(arrived).toContain('from="alice@im.test/a"')
    expect(arrived).not.toContain('jabber:client')
    client.send(
      `<iq to='bridge.im.test' type='get' id='i1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    )
    await bridge.until(/<iq [^>]*id="i1".*?<\/iq>/s)
    bridge.send(`<iq from='bridge.im.test' to='alice@im.test/a' type='result' id='i1'/>`)
    expect(await client.until(/<iq [^>]*id="i1"[^>]*>/)).toContain('type="result"')
    client.send(`<presence to='joe@bridge.im.test'/>`)
    await bridge.until(/<presence [^>]*to="joe@bridge.im.test"/)
    await end(bridge, client)
  })

  test('is listed where clients look for services (XEP-0030 §4.1)', async () => {
    const client = await alice('d')
    client.send(`<iq to='im.test' type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`)
    expect(await client.until(/<iq [^>]*id="d".*?<\/iq>/s)).toContain('jid="bridge.im.test"')
    await end(client)
  })

  test('a wrong secret, an unknown name and another namespace do not get in (XEP-0114 §2)', async () => {
    const [line, id] = await dial()
    line.send(handshake(id, 'wrong'))
    expect(await line.closed()).toContain('<not-authorized')
    const [unknown] = await dial('rooms.im.test')
    expect(await unknown.closed()).toContain('<host-unknown')
    const [client] = await dial('bridge.im.test', 'jabber:client')
    expect(await client.closed()).toContain('<invalid-namespace')
    const [early] = await dial()
    early.send(`<message from='x@bridge.im.test' to='alice@im.test'><body>too early</body></message>`)
    expect(await early.closed()).toContain('<not-authorized')
  })

  test('the one that is connected stays: a second gets a conflict', async () => {
    const bridge = await connect('other.im.test')
    const [second, id] = await dial('other.im.test')
    second.send(handshake(id))
    expect(await second.closed()).toContain('<conflict')
    await end(bridge)
    await end(await connect('other.im.test'))
  })

  test.each(['alice@im.test', 'im.test', 'x@other.im.test', 'evil.test', ''])(
    'SP-01 from-spoof: a component that speaks as %j loses its stream (XEP-0114 §3)',
    async (from) => {
      const bridge = await connect()
      bridge.send(`<message from='${from}' to='alice@im.test'><body>forged</body></message>`)
      expect(await bridge.closed()).toContain('<invalid-from')
    },
  )

  test('a stanza for nobody in particular ends the stream (RFC 6120 §8.1.1.2)', async () => {
    const bridge = await connect()
    bridge.send(`<message from='x@bridge.im.test'><body>to whom?</body></message>`)
    expect(await bridge.closed()).toContain('<improper-addressing')
  })

  test('what it sends passes the same filters as what clients send', async () => {
    const [bridge, client] = [await connect(), await alice('f')]
    const send = (id: string, content: string) =>
      bridge.send(`<message from='x@bridge.im.test' to='alice@im.test/f' id='${id}'>${content}</message>`)
    send('e', OMEMO)
    expect(await bridge.until(/<message [^>]*id="e".*?<\/message>/s)).toContain('policy-violation')
    // SP-03 and SP-04: nor may it speak as the archive.
    send('s', `<body>marker</body><stanza-id xmlns='urn:xmpp:sid:0' by='alice@im.test' id='forged'/>`)
    const arrived = await client.until(/<body>marker<\/body>.*?<\/message>/s)
    expect(arrived).not.toContain('forged')
    await end(bridge, client)
  })

  test('looks around at the server, and hears that it is there (XEP-0030 §3.1, §4.1, XEP-0199 §4.4)', async () => {
    const bridge = await connect()
    const ask = async (id: string, payload: string, to = 'im.test') => {
      bridge.send(`<iq from='bridge.im.test' to='${to}' type='get' id='${id}'>${payload}</iq>`)
      return bridge.until(new RegExp(`<iq [^>]*id="${id}"[^>]*?(/>|>.*?</iq>)`, 's'))
    }
    const info = await ask('i', `<query xmlns='http://jabber.org/protocol/disco#info'/>`)
    expect(info).toContain('from="im.test"')
    expect(info).toContain('to="bridge.im.test"')
    expect(info).toContain('<identity category="server" type="im"')
    expect(await ask('t', `<query xmlns='http://jabber.org/protocol/disco#items'/>`)).toContain('jid="rooms.im.test"')
    expect(await ask('p', `<ping xmlns='urn:xmpp:ping'/>`)).toMatch(/type="result"[^>]*\/>/)
    // Commands are for accounts; an account tells strangers nothing.
    const commands = `node='http://jabber.org/protocol/commands'`
    expect(await ask('c', `<query xmlns='http://jabber.org/protocol/disco#items' ${commands}/>`)).toContain(
      'item-not-found',
    )
    const about = `<query xmlns='http://jabber.org/protocol/disco#info'/>`
    expect(await ask('a', about, 'alice@im.test')).toContain('service-unavailable')
    await end(bridge)
  })

  test('while it is away, people hear so, and it cannot ask the server what only clients may', async () => {
    const client = await alice('g')
    client.send(`<message to='joe@bridge.im.test' type='chat' id='m2'><body>anybody?</body></message>`)
    await client.until(/<message [^>]*id="m2".*?<remote-server-timeout/s)
    const bridge = await connect()
    bridge.send(`<iq from='bridge.im.test' to='alice@im.test' type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`)
    expect(await bridge.until(/<iq [^>]*id="r".*?<\/iq>/s)).toContain('<service-unavailable')
    await end(bridge, client)
  })
})
