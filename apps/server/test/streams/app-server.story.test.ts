import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectComponent, end, SECRET } from './component-line.ts'
import type { TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound } from './sign-in.ts'

// XEP-0357: mobile clients bring push services of their own, the app servers of their makers. A component speaks for them.

const APP = 'apps.im.test'
/** The app server of a maker, somewhere else. */
const MAKER = 'push.maker.test'
const OPTIONS =
  `<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>` +
  `<field var='secret'><value>eruio234vzxc2kla-91</value></field></x>`
const enable = (node: string, jid = APP, inside = '') =>
  `<enable xmlns='urn:xmpp:push:0' jid='${jid}' node='${node}'>${inside}</enable>`
const PUBLISH = /<iq [^>]*type="set"[^>]*>.*?<\/iq>/s

describe('a phone whose app has a push service of its own', () => {
  let server: RunningServer
  let bob: TcpLine
  let asked = 0
  beforeAll(async () => {
    server = await runServer({
      components: { port: 0, secrets: `apps:${SECRET}`, domains: `${MAKER}=apps` },
      push: { intervalMs: 0, content: 'message' },
    })
    await server.account('bob')
    bob = await bound(await server.tcp(), 'bob', 'b')
  })
  afterAll(async () => {
    await end(bob)
    await server[Symbol.asyncDispose]()
  })

  const client = async (name: string) => {
    await server.account(name)
    return bound(await server.tcp(), name, 'phone')
  }
  /** Asks alone on its line, and returns the answer. */
  const ask = (line: TcpLine, payload: string, attrs = "type='set'") => {
    const id = `ask${++asked}`
    line.send(`<iq ${attrs} id='${id}'>${payload}</iq>`)
    return line.until(new RegExp(`<iq [^>]*id="${id}"[^>]*?(/>|>.*?</iq>)`, 's'))
  }
  const write = (to: string, body: string) =>
    bob.send(`<message to='${to}@im.test' type='chat' id='m${++asked}'><body>${body}</body></message>`)
  const idOf = (iq: string) => /\bid="([^"]+)"/.exec(iq)?.[1] ?? ''
  const answer = (app: TcpLine, iq: string, from = APP, error = '') => {
    const to = /\bfrom="([^"]+)"/.exec(iq)?.[1] ?? ''
    app.send(`<iq type='${error === '' ? 'result' : 'error'}' from='${from}' to='${to}' id='${idOf(iq)}'>${error}</iq>`)
  }
  const fault = (type: string, condition: string) =>
    `<error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`

  test('my phone rings by the app server of its app, which gets my secret, a number, and nothing of what was said (XEP-0357 §5, §7, §9)', async () => {
    const app = await connectComponent(server, APP)
    const alice = await client('alice')
    expect(await ask(alice, enable('yxs32uqsflafdk3iuqo', APP, OPTIONS))).toContain('type="result"')
    await end(alice)
    write('alice', 'the offer is accepted')
    const publish = await app.until(PUBLISH)
    expect(publish).toMatch(/<iq [^>]*from="alice@im.test"/)
    expect(publish).toMatch(/<iq [^>]*to="apps.im.test"/)
    expect(publish).toContain(
      '<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="yxs32uqsflafdk3iuqo"><item>' +
        '<notification xmlns="urn:xmpp:push:0"><x xmlns="jabber:x:data" type="submit">' +
        '<field var="FORM_TYPE" type="hidden"><value>urn:xmpp:push:summary</value></field>' +
        '<field var="message-count"><value>1</value></field>' +
        '<field var="last-message-body"><value>New message</value></field></x></notification></item></publish>' +
        '<publish-options><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden">' +
        '<value>http://jabber.org/protocol/pubsub#publish-options</value></field>' +
        '<field var="secret"><value>eruio234vzxc2kla-91</value></field></x></publish-options></pubsub>',
    )
    expect(publish).not.toMatch(/offer|bob/)
    answer(app, publish)
    write('alice', 'and signed')
    const second = await app.until(PUBLISH)
    expect(second).toContain('<value>2</value>')
    answer(app, second)
    await end(app)
  })

  test('an app server that does not know my phone any more is not asked again (XEP-0357 §7.1)', async () => {
    const app = await connectComponent(server, APP)
    const carol = await client('carol')
    await ask(carol, enable('forgotten'))
    await ask(carol, enable('known'))
    await end(carol)
    write('carol', 'one')
    for (let left = 2; left > 0; left--) {
      const publish = await app.until(PUBLISH)
      answer(app, publish, APP, publish.includes('"forgotten"') ? fault('cancel', 'item-not-found') : '')
    }
    write('carol', 'two')
    const next = await app.until(PUBLISH)
    expect(next).toContain('node="known"')
    answer(app, next)
    write('carol', 'three')
    const last = await app.until(PUBLISH)
    expect(last).toContain('node="known"')
    answer(app, last)
    await end(app)
  })

  test('an app server that is busy is tried again, and my phone stays enabled (XEP-0357 §7.1)', async () => {
    const app = await connectComponent(server, APP)
    const dave = await client('dave')
    await ask(dave, enable('d'))
    await end(dave)
    write('dave', 'one')
    answer(app, await app.until(PUBLISH), APP, fault('wait', 'resource-constraint'))
    write('dave', 'two')
    const again = await app.until(PUBLISH)
    expect(again).toContain('node="d"')
    answer(app, again)
    await end(app)
  })

  test('what I have disabled is not told of, by node or the whole service (XEP-0357 §6)', async () => {
    const app = await connectComponent(server, APP)
    const erin = await client('erin')
    for (const node of ['one', 'two']) await ask(erin, enable(node))
    await ask(erin, enable('other', MAKER))
    await ask(erin, `<disable xmlns='urn:xmpp:push:0' jid='${APP}'/>`)
    await end(erin)
    write('erin', 'hello')
    const publish = await app.until(PUBLISH)
    expect(publish).toContain('node="other"')
    answer(app, publish, MAKER)
    await end(app)
  })

  test('an app server can say that it wants to hear no more of a phone (XEP-0357 §8)', async () => {
    const app = await connectComponent(server, APP)
    const frank = await client('frank')
    frank.send('<presence/>')
    await ask(frank, enable('gone'))
    await ask(frank, enable('stays'))
    app.send(
      `<message from='${APP}' to='frank@im.test'><pubsub xmlns='http://jabber.org/protocol/pubsub' node='gone'>` +
        `<affiliation jid='frank@im.test' affiliation='none'/></pubsub></message>`,
    )
    await frank.until(/<message .*?<\/message>/s)
    await end(frank)
    write('frank', 'hello')
    const publish = await app.until(PUBLISH)
    expect(publish).toContain('node="stays"')
    answer(app, publish)
    await end(app)
  })

  test('the app server of its maker is reached through the component that the operator named for it: the phone registers there, and is told by it (XEP-0357 §5, XEP-0114 §3)', async () => {
    const app = await connectComponent(server, APP)
    const grace = await client('grace')
    const command = `<command xmlns='http://jabber.org/protocol/commands' node='register-push' action='execute'/>`
    grace.send(`<iq type='set' id='reg' to='${MAKER}'>${command}</iq>`)
    const registration = await app.until(PUBLISH)
    expect(registration).toMatch(/from="grace@im.test\/phone"/)
    answer(app, registration, MAKER)
    expect(await grace.until(/<iq [^>]*id="reg"[^>]*>/)).toContain(`from="${MAKER}"`)
    expect(await ask(grace, enable('g', MAKER))).toContain('type="result"')
    await end(grace)
    write('grace', 'hello')
    const publish = await app.until(PUBLISH)
    expect(publish).toMatch(new RegExp(`<iq [^>]*to="${MAKER}"`))
    answer(app, publish, MAKER)
    await end(app)
  })

  test('an app server that this server cannot reach is refused, with what the operator can do (XEP-0357 §5)', async () => {
    const heidi = await client('heidi')
    const refused = await ask(heidi, enable('n', 'push.elsewhere.test'))
    expect(refused).toContain('<feature-not-implemented')
    expect(refused).toContain('push.elsewhere.test')
    await end(heidi)
  })

  test('SP-01 from-spoof: nobody but the component that was named for it speaks as an app server (XEP-0114 §3)', async () => {
    const app = await connectComponent(server, APP)
    app.send(`<message from='push.elsewhere.test' to='bob@im.test'><body>forged</body></message>`)
    expect(await app.closed()).toContain('<invalid-from')
  })
})
