import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import { describe, expect, test } from 'vitest'
import { Outgoing } from '../routing/outgoing.ts'
import { HELD_MAX, HeldStanzas, urgencyOf } from './client-state.ts'

const element = (text: string) => parseElement(text.replace(/^<(\w+)/, '<$1 xmlns="jabber:client"'), C2S_LIMITS)
const stanza = (text: string) => new Outgoing(element(text))
const forwarded = (message: string) =>
  `<forwarded xmlns="urn:xmpp:forward:0">${message.replace('<message', '<message xmlns="jabber:client"')}</forwarded>`
const carbon = (direction: string, message: string) =>
  `<message from="carol@im.test"><${direction} xmlns="urn:xmpp:carbons:2">${forwarded(message)}</${direction}></message>`
const state = (name: string, from = 'bob@im.test/1') =>
  `<message from="${from}" type="chat"><${name} xmlns="http://jabber.org/protocol/chatstates"/></message>`
const body = '<message from="bob@im.test/1" type="chat"><body>Lunch?</body></message>'
const event = (id: string, text: string) =>
  `<message from="bob@im.test" type="headline"><event xmlns="http://jabber.org/protocol/pubsub#event">` +
  `<items node="mood"><item id="${id}">${text}</item></items></event></message>`

describe('what an inactive client gets at once', () => {
  test.each([
    ['a text', body],
    ['a text in a room', '<message from="ops@rooms.im.test/bob" type="groupchat"><body>bob: ping</body></message>'],
    ['a text, though with a chat state', body.replace('</', '<x xmlns="http://jabber.org/protocol/chatstates"/></')],
    ['an encrypted payload', '<message from="b@im.test"><encrypted xmlns="urn:xmpp:omemo:2"/></message>'],
    ['a call', '<message from="b@im.test"><propose xmlns="urn:xmpp:jingle-message:0" id="c"/></message>'],
    ['an invitation', '<message from="b@im.test"><x xmlns="jabber:x:conference" jid="r@rooms.im.test"/></message>'],
    ['a result of the archive', '<message from="b@im.test"><result xmlns="urn:xmpp:mam:2" id="1"/></message>'],
    ['an error', '<message from="b@im.test" type="error"><received xmlns="urn:xmpp:receipts" id="1"/></message>'],
    ['a copy of a text to another device', carbon('received', body)],
    ['a request', '<iq from="im.test" type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>'],
    ['a request for a subscription', '<presence from="bob@im.test" type="subscribe"/>'],
    [
      'the end of entering a room (XEP-0045 §7.2.2)',
      '<presence from="r@rooms.im.test/me"><x xmlns="http://jabber.org/protocol/muc#user"><status code="110"/></x></presence>',
    ],
    ['what nobody knows', '<message from="b@im.test"><something xmlns="urn:example:unknown"/></message>'],
  ])('%s', (_what, text) => {
    expect(urgencyOf(element(text)).when).toBe('now')
  })
})

describe('what waits for it', () => {
  test.each([
    ['presence', '<presence from="bob@im.test/1"/>', 'latest'],
    ['the end of presence', '<presence from="bob@im.test/1" type="unavailable"/>', 'latest'],
    ['a chat state', state('composing'), 'latest'],
    ['a PEP event', event('1', 'happy'), 'latest'],
    ['a receipt', '<message from="b@im.test"><received xmlns="urn:xmpp:receipts" id="1"/></message>', 'later'],
    ['a marker', '<message from="b@im.test"><displayed xmlns="urn:xmpp:chat-markers:0" id="1"/></message>', 'later'],
    ['what another device of one’s own sent', carbon('sent', body), 'later'],
    ['a copy of a chat state', carbon('received', state('active')), 'latest'],
  ])('%s', (_what, text, when) => {
    expect(urgencyOf(element(text)).when).toBe(when)
  })
})

const texts = (held: HeldStanzas, now = 0) => held.take(now).map((outgoing) => outgoing.element.toString())

test('XEP-0352 §3.2 of each resource only the latest presence is kept, in the order in which it became true', () => {
  const held = new HeldStanzas()
  const presence = (from: string, show: string) =>
    held.keep(stanza(`<presence from="${from}"><show>${show}</show></presence>`), 0)
  expect(presence('bob@im.test/1', 'away')).toBe(true)
  presence('bob@im.test/2', 'chat')
  presence('bob@im.test/1', 'dnd')
  expect(texts(held).map((text) => /from="([^"]*)".*<show>(.*)<\/show>/.exec(text)?.slice(1))).toEqual([
    ['bob@im.test/2', 'chat'],
    ['bob@im.test/1', 'dnd'],
  ])
  expect(held.size).toBe(0)
})

test('XEP-0352 §3.2 of a chat state the latest is kept, and "is typing" is dropped when it is half a minute old', () => {
  const held = new HeldStanzas()
  held.keep(stanza(state('composing')), 0)
  held.keep(stanza(state('active')), 1_000)
  held.keep(stanza(state('composing', 'dave@im.test/1')), 1_000)
  expect(texts(held, 40_000)).toEqual([expect.stringContaining('<active')])
  held.keep(stanza(state('composing')), 50_000)
  expect(texts(held, 51_000)).toEqual([expect.stringContaining('<composing')])
})

test('XEP-0352 §3.2 of a PEP item the latest is kept; other items stay', () => {
  const held = new HeldStanzas()
  held.keep(stanza(event('1', 'sad')), 0)
  held.keep(stanza(event('2', 'proud')), 0)
  held.keep(stanza(event('1', 'happy')), 0)
  expect(texts(held).map((text) => /<item[^>]*>(\w+)/.exec(text)?.[1])).toEqual(['proud', 'happy'])
})

test('OV-01 more than so much does not wait', () => {
  const held = new HeldStanzas()
  const receipt = stanza('<message from="b@im.test"><received xmlns="urn:xmpp:receipts" id="1"/></message>')
  for (let n = 0; n < HELD_MAX; n++) expect(held.keep(receipt, 0)).toBe(true)
  expect(held.keep(receipt, 0)).toBe(false)
  expect(held.take(0)).toHaveLength(HELD_MAX)
  const large = stanza(`<presence from="bob@im.test/1"><status>${'x'.repeat(200_000)}</status></presence>`)
  expect(held.keep(large, 0)).toBe(true)
  // The same state again takes no more room.
  expect(held.keep(large, 0)).toBe(true)
  expect(held.keep(large, 0)).toBe(true)
  expect(held.size).toBe(1)
})
