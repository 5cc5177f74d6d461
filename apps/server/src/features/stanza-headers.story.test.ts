// XEP-0131: what can be said about a stanza beside its content, and what cannot.
import { expect, test } from 'vitest'
import { befriend, create, events, isEvent, pubsub, publish, submit, subscribe } from '../../test/pubsub.ts'
import { conditionOf } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

const SHIM = 'http://jabber.org/protocol/shim'
const headers = (...pairs: [string, string][]) =>
  `<headers xmlns="${SHIM}">${pairs.map(([name, value]) => `<header name="${name}">${value}</header>`).join('')}</headers>`
const note = (text: string) => `<note xmlns="urn:example:note">${text}</note>`
const subidsIn = (text: string) => [...text.matchAll(/<header name="SubID">([^<]*)/g)].map(([, subid]) => subid)
const subidOf = async (device: Device, jid: string) =>
  / subid="([^"]*)"/.exec((await device.ask('set', subscribe('news', jid), 'alice@im.test')).toString())?.[1]

test('an account says that it sends headers, and which, to those who may know what it can do (XEP-0131 §3.1, §3.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await befriend(s.bob, s.alice)
  const info = (device: Device, node = '') =>
    device.ask('get', `<query xmlns="http://jabber.org/protocol/disco#info"${node}/>`, 'alice@im.test')
  for (const device of [s.alice, s.bob]) {
    expect((await info(device)).toString()).toContain(`<feature var="${SHIM}"/>`)
    const known = (await info(device, ` node="${SHIM}"`)).getChild('query')
    expect(known?.attrs['node']).toBe(SHIM)
    expect(known?.getChildren('feature').map(({ attrs }) => attrs['var'])).toEqual([`${SHIM}#SubID`])
  }
  // Neither who is no contact, nor whether there is such an account (XEP-0030 §8).
  expect(conditionOf(await info(s.carol, ` node="${SHIM}"`))).toBe('service-unavailable')
  const nobody = `<query xmlns="http://jabber.org/protocol/disco#info" node="${SHIM}"/>`
  expect(conditionOf(await s.carol.ask('get', nobody, 'nobody@im.test'))).toBe('service-unavailable')
})

test('headers of a message reach its reader and the archive; those that mislead reach neither (XEP-0131 §4, §8)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  const sent = headers(
    ['Urgency', 'high'],
    ['SubID', 'forged'],
    ['Authorization', 'Basic x'],
    ['Subject', 'a&#10;Bcc: b'],
  )
  await s.alice.send(`<message to="bob@im.test" type="chat" id="m1"><body>hi</body>${sent}</message>`)
  const kept = headers(['Urgency', 'high'])
  const got = (await s.bob.next(({ attrs }) => attrs['id'] === 'm1')).getChild('headers', SHIM)
  expect(got?.toString()).toBe(kept)
  s.bob.received()
  await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  const archived = s.bob.received().find((text) => text.includes('<result'))
  expect(archived).toContain(kept)
  expect(archived).not.toMatch(/forged|Basic|Bcc/)
})

test('headers of a presence and inside a request are looked at as well (XEP-0131 §4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await befriend(s.bob, s.alice)
  await s.bob.available()
  await s.alice.available(`<presence>${headers(['TTL', '3600'], ['Route', 'evil'])}</presence>`)
  const isAlices = ({ name, attrs }: { name: string; attrs: Record<string, string | undefined> }) =>
    name === 'presence' && attrs['from'] === s.alice.jid
  expect((await s.bob.next(isAlices)).getChild('headers', SHIM)?.toString()).toBe(headers(['TTL', '3600']))
  const asked = `<query xmlns="urn:example:ask">${headers(['Created', '2026-11-23T00:00:00Z'], ['Location', 'evil'])}</query>`
  await s.bob.send(`<iq type="get" id="q1" to="${s.alice.jid}">${asked}</iq>`)
  const request = await s.alice.next(({ name, attrs }) => name === 'iq' && attrs['from'] === s.bob.jid)
  expect(request.getChild('query')?.toString()).not.toContain('Location')
  expect(request.getChild('query')?.toString()).toContain('Created')
})

test('that a sender wants nothing stored does not keep a message out of the record, and nobody is told so (XEP-0131 §5.4, §8)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const store = headers(['Store', 'false'])
  await s.alice.send(`<message to="bob@im.test" type="chat" id="m1"><body>kept</body>${store}</message>`)
  s.alice.received()
  await s.alice.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.alice.received().join('')).toContain('kept')
})

test('who has several subscriptions to a node hears which of them a notification comes from (XEP-0060 §7.1.2.4, XEP-0131 §4)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await s.alice.ask('set', create('news', { access_model: 'open' }))
  const phone = s.device('bob', 2)
  await s.bob.available()
  await phone.available()
  const [whole, one] = [await subidOf(s.bob, 'bob@im.test'), await subidOf(s.bob, s.bob.jid)]
  s.bob.received()
  phone.received()
  await s.alice.ask('set', publish('news', note('new')))
  const event = await s.bob.next(isEvent)
  expect(subidsIn(event.toString())).toEqual([whole, one])
  expect(event.getChildElements().at(-1)?.is('headers', SHIM)).toBe(true)
  // The other device is reached by one of the two, if notifications to the bare address go there.
  const atPhone = events(phone)
  for (const text of atPhone) expect(subidsIn(text)).toEqual([whole])

  // §6.3: one that is turned off does not count as a source.
  const off = `<options node="news" jid="${s.bob.jid}">${submit('subscribe_options', { deliver: '0' })}</options>`
  await s.bob.ask('set', pubsub(off), 'alice@im.test')
  s.bob.received()
  await s.alice.ask('set', publish('news', note('newer')))
  expect(subidsIn((await s.bob.next(isEvent)).toString())).toEqual([whole])
})

test('who has one subscription, or only wants to know, is told of none (XEP-0060 §7.1.2.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', create('news', { access_model: 'open' }))
  await s.bob.available()
  await subidOf(s.bob, 'bob@im.test')
  await s.alice.ask('set', publish('news', note('new')))
  expect((await s.bob.next(isEvent)).toString()).not.toContain(SHIM)
})
