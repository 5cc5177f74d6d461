import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { ADVERTISED } from '../advertised.ts'
import { runServer } from './running-server.ts'
import { bindRequest, open, signIn } from './sign-in.ts'

const INFO = 'http://jabber.org/protocol/disco#info'
const STREAM = 'http://etherx.jabber.org/streams'
const parse = (text: string) =>
  parseElement(`<x xmlns="jabber:client" xmlns:stream="${STREAM}">${text}</x>`, C2S_LIMITS).getChildElements()[0]!

/** Namespaces of what a stream offers, at every depth: SASL2 and Bind2 have theirs inside. */
function* offered(features: Element): Generator<string> {
  for (const child of features.getChildElements()) {
    yield child.getNS() ?? ''
    // XEP-0386 §2.1: features of a bind are named, not nested.
    if (child.name === 'feature' && child.attrs['var']) yield child.attrs['var']
    yield* offered(child)
  }
}

test('everything the server says that it can do is known to belong to an extension or an RFC (XEP-0030 §3.1, RFC 6120 §4.3.2)', async () => {
  await using server = await runServer({
    web: { hasBosh: true },
    registration: { isInBand: true },
    components: { port: 0, secrets: 'bridge:a-secret-of-the-bridge' },
  })
  await server.account('alice')
  const found = new Set<string>()
  const add = (names: Iterable<string>) => {
    for (const name of names) found.add(name)
  }
  // Before TLS, with it, and signed in.
  const plain = await server.tcp()
  add(offered(parse((await open(plain)).replace(/^.*(?=<stream:features)/s, ''))))
  plain.destroy()
  const tls = await server.tls()
  add(offered(parse((await open(tls)).replace(/^.*(?=<stream:features)/s, ''))))
  tls.destroy()
  const line = await server.tcp()
  const signedIn = await signIn(line, 'alice')
  add(offered(parse(String(signedIn).replace(/^.*(?=<stream:features)/s, ''))))
  line.send(bindRequest())
  await line.until(/<iq[^>]*type="result".*?<\/iq>/s)
  let asked = 0
  const ask = async (payload: string, to: string) => {
    const id = `ask${++asked}`
    line.send(`<iq type='get' to='${to}' id='${id}'>${payload}</iq>`)
    const text = await line.until(new RegExp(`<iq [^>]*id="${id}".*?</iq>`, 's'))
    return parse(text.slice(text.lastIndexOf('<iq ')))
  }
  const services = (await ask(`<query xmlns='http://jabber.org/protocol/disco#items'/>`, 'im.test'))
    .getChild('query')!
    .getChildren('item')
    .map(({ attrs }) => attrs['jid'] ?? '')
    .filter((jid) => jid !== 'bridge.im.test')
  expect(services).toEqual(expect.arrayContaining(['rooms.im.test', 'push.im.test', 'upload.im.test']))
  const room = 'tea@rooms.im.test'
  line.send(`<presence to='${room}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>`)
  await line.until(/<status code="110"/)
  line.send(
    `<iq type='set' to='${room}' id='open'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  )
  await line.until(/<iq [^>]*id="open"/)
  line.send(
    `<iq type='set' id='publish'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:example:tea'><item id='1'><tea xmlns='urn:example:tea'/></item></publish></pubsub></iq>`,
  )
  await line.until(/<iq [^>]*id="publish"/)
  for (const to of ['im.test', 'alice@im.test', ...services, room]) {
    const query = (await ask(`<query xmlns='${INFO}'/>`, to)).getChild('query', INFO)!
    const names = query.getChildren('feature').map(({ attrs }) => attrs['var'] ?? '')
    expect(names.length, to).toBeGreaterThan(0)
    add(names)
  }
  const node = await ask(`<query xmlns='${INFO}' node='urn:example:tea'/>`, 'alice@im.test')
  add(
    node
      .getChild('query', INFO)!
      .getChildren('feature')
      .map(({ attrs }) => attrs['var'] ?? ''),
  )
  line.destroy()
  const known = (name: string) => ADVERTISED[name] ?? ADVERTISED[name.replace(/#[^#]*$/, '#*')]
  expect([...found].filter((name) => known(name) === undefined).toSorted()).toEqual([])
  // Nothing in the list is a memory of what once was.
  const isFound = (name: string) =>
    name.endsWith('#*') ? [...found].some((one) => one.startsWith(name.slice(0, -1))) : found.has(name)
  expect(Object.keys(ADVERTISED).filter((name) => !isFound(name))).toEqual([])
})
