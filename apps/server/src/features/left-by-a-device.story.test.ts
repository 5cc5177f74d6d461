import { NS_CARBONS } from '@drawbridge/xmpp'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { accept, enter } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device, Story } from '../../test/story.ts'
import { OutboundQueue } from '../stream/resume.ts'

// What a device was sent and never acknowledged, once it is known that it will not come back (XEP-0198 §5): "treat
// unacknowledged stanzas in the same way that it would treat a stanza sent to an unavailable resource". bob has a phone
// that goes, and a desk that stays and has had later messages.

let streamCount = 0

/** The device speaks XEP-0198, and acknowledges when it is told to. */
function manage(at: Story<never>, { session }: Device): void {
  const id = `sm${++streamCount}`
  session.enableManagement(new OutboundQueue(id, true))
  at.server.ctx.sessions.canResume(id, session)
}

const acknowledge = ({ session }: Device) => session.acknowledged(session.outbound!.sent)
const bodyOf = (text: string) => /<body>(.*?)<\/body>/.exec(text)?.[1]
const bodies = (device: Device) => device.received().flatMap((text) => bodyOf(text) ?? [])
const isMessage = (body: string) => (element: { getChildText(name: string): string | undefined }) =>
  element.getChildText('body') === body
const chat = (to: string, body: string, type = 'chat') =>
  `<message type="${type}" to="${to}"><body>${body}</body></message>`

/** bob's phone, which can resume, and his desk; both available. alice writes. */
async function scene(options: Parameters<typeof story>[1] = {}) {
  const s = (await story({ alice: 1 }, options)) as Story<'alice'>
  const phone = await s.connect('bob', 'phone')
  const desk = await s.connect('bob', 'desk')
  manage(s, phone)
  for (const device of [phone, desk]) await device.available()
  acknowledge(phone)
  desk.received()
  return { ...s, s, phone, desk, [Symbol.asyncDispose]: () => s[Symbol.asyncDispose]() }
}

/** Whatever is on its way to the device has come when this has. */
async function marker(alice: Device, device: Device): Promise<string[]> {
  await alice.send(chat(device.jid, 'marker', 'headline'))
  await device.next(isMessage('marker'))
  return bodies(device).filter((body) => body !== 'marker')
}

test('XEP-0198 §5 what only a device was sent that does not come back goes to the others, in order, with its id', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  phone.disconnect()
  for (const body of ['one', 'two']) await alice.send(chat(phone.jid, body))
  await alice.send(chat('bob@im.test', 'later'))
  await alice.send(chat(phone.jid, 'three', 'normal'))
  expect(await marker(alice, desk)).toEqual(['later'])

  phone.session.end()

  await desk.next(isMessage('three'))
  const given = desk.received().filter((text) => bodyOf(text) !== undefined)
  expect(given.map(bodyOf)).toEqual(['one', 'two', 'three'])
  for (const text of given) {
    expect(text).toMatch(/^<message [^>]*to="bob@im\.test\/phone"/)
    expect(text).toMatch(/<stanza-id [^>]*by="bob@im\.test" id="[0-9a-f-]{36}"\/><delay /)
  }
  // It is the desk's now: nobody is given it again.
  const tablet = await at.connect('bob', 'tablet')
  await tablet.available()
  expect(await marker(alice, tablet)).toEqual([])
})

test('XEP-0198 §5 nobody else is there: it waits for the next one, and what another device had does not', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  manage(at.s, desk)
  phone.disconnect()
  await alice.send(chat(phone.jid, 'lost?'))
  await alice.send(chat('bob@im.test', 'later'))
  acknowledge(desk)
  desk.session.end()
  phone.session.end()

  const tablet = await at.connect('bob', 'tablet')
  await tablet.available()
  expect(await marker(alice, tablet)).toEqual(['lost?'])
})

test('XEP-0198 §5 a live device that never acknowledges leaves what it was sent, read by nobody', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  manage(at.s, desk)
  await alice.send(chat(phone.jid, 'lost?'))
  await alice.send(chat('bob@im.test', 'later'))
  acknowledge(desk)
  await at.server.ctx.cursors.settle('bob@im.test')

  phone.session.lostClient()
  phone.session.end()

  await desk.next(isMessage('lost?'))
  expect(await marker(alice, desk)).toEqual(['later', 'lost?'])
})

test('XEP-0198 §5 who has a copy already is not given it again, on the wire or in its queue (XEP-0280)', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  manage(at.s, desk)
  await desk.send(`<iq type="set" id="c"><enable xmlns="${NS_CARBONS}"/></iq>`)
  phone.disconnect()
  await alice.send(chat(phone.jid, 'copied'))
  await desk.send(`<iq type="set" id="d"><disable xmlns="${NS_CARBONS}"/></iq>`)
  await alice.send(chat(phone.jid, 'not copied'))
  expect(bodies(desk)).toEqual(['copied'])

  // Nobody has acknowledged either: both are undelivered as far as anybody knows, and yet the desk has one.
  phone.session.end()
  await desk.next(isMessage('not copied'))
  expect(await marker(alice, desk)).toEqual(['not copied'])
  acknowledge(desk)
  const tablet = await at.connect('bob', 'tablet')
  await tablet.available()
  expect(await marker(alice, tablet)).toEqual([])
})

test('XEP-0198 §5 the same resource, bound anew at once, is given all that it had not acknowledged; each once', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  manage(at.s, desk)
  phone.disconnect()
  await alice.send(chat(phone.jid, 'mine'))
  await alice.send(chat('bob@im.test', 'ours'))
  acknowledge(desk)
  expect(bodies(desk)).toEqual(['ours'])

  const first = await at.connect('bob', 'phone')
  // It is gone before it says that it is available, and leaves what was left to it.
  const again = await at.connect('bob', 'phone')
  expect(first.session.isEnded).toBe(true)
  await desk.next(isMessage('mine'))
  acknowledge(desk)
  await again.available()

  expect(await marker(alice, again)).toEqual(['mine', 'ours'])
  expect(await marker(alice, desk)).toEqual(['mine'])
  // Its menu says "offline" and "online" again.
  await again.send('<presence type="unavailable"/>')
  await again.available()
  expect(await marker(alice, again)).toEqual([])
})

test('XEP-0198 §5 a device of negative priority takes its own place, and nothing that was for others (XEP-0160 §3)', async () => {
  await using s = await story({ alice: 1 })
  const bot = await s.connect('bob', 'bot')
  manage(s, bot)
  await bot.available('<presence><priority>-1</priority></presence>')
  await s.alice.send(chat('bob@im.test', 'for a person'))
  await s.alice.send(chat(bot.jid, 'for the bot'))
  expect(bodies(bot)).toEqual(['for the bot'])

  const again = await s.connect('bob', 'bot')
  manage(s, again)
  await again.available('<presence><priority>-1</priority></presence>')
  await again.next(isMessage('for the bot'))
  expect(await marker(s.alice, again)).toEqual(['for the bot'])
  acknowledge(again)

  // What it acknowledged lies behind what waits for a person, who is given that, and only that.
  const desk = await s.connect('bob', 'desk')
  await desk.available()
  expect(await marker(s.alice, desk)).toEqual(['for a person'])
})

test('XEP-0198 §5 private messages of a room, and receipts that waited for an inactive client, are left as well', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  await enter(alice, 'hall@rooms.im.test', 'Al')
  await accept(alice, 'hall@rooms.im.test')
  await enter(phone, 'hall@rooms.im.test', 'Bo')
  acknowledge(phone)
  phone.disconnect()
  await alice.send(chat('hall@rooms.im.test/Bo', 'aside'))
  await alice.send(
    `<message to="${phone.jid}" type="chat" id="r"><displayed xmlns="urn:xmpp:chat-markers:0" id="m"/></message>`,
  )
  await alice.send(
    `<message to="${phone.jid}" type="chat"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`,
  )
  await alice.send(chat('bob@im.test', 'later'))
  await desk.next(isMessage('later'))
  desk.received()

  phone.session.end()

  await desk.next((element) => element.getChild('displayed', 'urn:xmpp:chat-markers:0') !== undefined)
  const given = desk.received().filter((text) => text.startsWith('<message'))
  expect(given.map((text) => /<(body|displayed|composing)\b/.exec(text)?.[1])).toEqual(['body', 'displayed'])
  expect(given[0]).toContain('from="hall@rooms.im.test/Al"')
})

test('XEP-0198 §5 it is given page by page, in order, however much there is', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  phone.disconnect()
  const numbers = Array.from({ length: 230 }, (_, n) => String(n))
  await Promise.all(numbers.map((n) => alice.send(chat(phone.jid, n))))
  await alice.send(chat('bob@im.test', 'later'))

  phone.session.end()

  await desk.next(isMessage('229'))
  expect(await marker(alice, desk)).toEqual(['later', ...numbers])
})

test('XEP-0191 §3.2 what somebody had written who is blocked meanwhile is nobody’s any more', async () => {
  await using at = await scene()
  const { alice, phone, desk } = at
  phone.disconnect()
  const mallory = await at.connect('mallory')
  await alice.send(chat(phone.jid, 'unwanted'))
  await mallory.send(chat(phone.jid, 'wanted'))
  await alice.send(chat('bob@im.test', 'later'))
  await desk.ask('set', '<block xmlns="urn:xmpp:blocking"><item jid="alice@im.test"/></block>')
  desk.received()
  phone.session.end()
  await desk.next(isMessage('wanted'))
  expect(await marker(mallory, desk)).toEqual(['wanted'])

  await desk.ask('set', '<unblock xmlns="urn:xmpp:blocking"/>')
  const tablet = await at.connect('bob', 'tablet')
  await tablet.available()
  expect(await marker(mallory, tablet)).toEqual([])
})

test('DU-01 a server that starts again gives what a device had left to the next one, and not what others had', async () => {
  await using database = await testDatabase()
  {
    await using at = await scene({ database })
    at.phone.disconnect()
    await at.alice.send(chat(at.phone.jid, 'lost?'))
    await at.alice.send(chat('bob@im.test', 'later'))
    expect(await marker(at.alice, at.desk)).toEqual(['later'])
  }
  await using again = await story({}, { database })
  const tablet = await again.connect('bob', 'tablet')
  await tablet.available()
  await tablet.next(isMessage('lost?'))
  expect(bodies(tablet)).toEqual(['lost?'])
})

test('DU-01 each node notes what its own devices had: what one node’s device left is found by the next, on any node', async () => {
  await using database = await testDatabase()
  await using at = await scene({ database })
  await using elsewhere = await story({}, { database })
  const other = await elsewhere.connect('bob', 'elsewhere')
  await other.available()
  at.phone.disconnect()
  at.desk.disconnect()
  await at.alice.send(chat(at.phone.jid, 'lost?'))
  const alice = await elsewhere.connect('alice', 'elsewhere')
  await alice.send(chat('bob@im.test', 'later'))
  expect(await marker(alice, other)).toEqual(['later'])
  await elsewhere.server.ctx.cursors.settle('bob@im.test')
  at.phone.session.end()

  const tablet = await elsewhere.connect('bob', 'tablet')
  await tablet.available()
  expect(await marker(alice, tablet)).toEqual(['lost?'])
})
