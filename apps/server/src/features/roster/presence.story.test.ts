import { findLastActivity } from '@drawbridge/db'
import { parseElement, C2S_LIMITS } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { RECIPIENTS_PER_TURN } from '../../routing/fanout.ts'
import { story } from '../../../test/story.ts'
import type { Device, StoryOptions } from '../../../test/story.ts'

/** Takes stanzas as they come in one chunk: all are here before the first is done. */
async function sendTogether({ session }: Device, ...stanzas: string[]): Promise<void> {
  for (const text of stanzas) {
    session.receive(parseElement(text.replace(/^<(\w+)/, '<$1 xmlns="jabber:client"'), C2S_LIMITS))
  }
  await session.idle()
}

/** alice and somebody who sees her. */
async function seen(options: StoryOptions = {}) {
  const s = await story({ alice: 2, bob: 1 }, options)
  await s.bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.alice.send('<presence type="subscribed" to="bob@im.test"/>')
  for (const device of [s.alice, s.device('alice', 2), s.bob]) await device.available()
  for (const device of [s.alice, s.device('alice', 2), s.bob]) device.received()
  return s
}

const status = (text: string) => `<presence><status>${text}</status></presence>`
const statuses = (device: Device) =>
  device
    .received()
    .flatMap((text) =>
      text.startsWith('<presence') ? [/<status>(.*?)</.exec(text)?.[1] ?? /type="(\w+)"/.exec(text)?.[1]] : [],
    )

test('of several updates that came together everybody gets the last (RFC 6121 §4.4)', async () => {
  await using s = await seen()
  await sendTogether(s.alice, status('one'), status('two'), status('three'))
  expect(statuses(s.bob)).toEqual(['three'])
  expect(statuses(s.device('alice', 2))).toEqual(['three'])
})

test('an update is not held back for what is no update: messages and presence keep their order (RFC 6120 §10.1)', async () => {
  await using s = await seen()
  await sendTogether(
    s.alice,
    status('one'),
    '<message to="bob@im.test/1" type="chat"><active xmlns="http://jabber.org/protocol/chatstates"/></message>',
    status('two'),
    '<presence to="bob@im.test/1"><status>for bob</status></presence>',
    '<presence type="unavailable"/>',
  )
  const got = s.bob
    .received()
    .map((text) => /<status>(.*?)</.exec(text)?.[1] ?? /<(active)/.exec(text)?.[1] ?? /type="(\w+)"/.exec(text)?.[1])
  expect(got.filter((text) => text !== undefined)).toEqual(['one', 'active', 'two', 'for bob', 'unavailable'])
})

test('an update that is refused takes nothing away from the one before it (RFC 6121 §4.7.2.3)', async () => {
  await using s = await seen()
  await sendTogether(s.alice, status('one'), '<presence><priority>high</priority></presence>')
  expect(statuses(s.bob)).toEqual(['one'])
  expect(s.alice.received().join()).toContain('<bad-request ')
})

test('an update just before leaving is no news (RFC 6121 §4.5)', async () => {
  await using s = await seen()
  await sendTogether(s.alice, status('one'), '<presence type="unavailable"><status>bye</status></presence>')
  expect(statuses(s.bob)).toEqual(['bye'])
})

test('directed presence ends with the session, for each addressee once, and not for whom it was taken back (RFC 6121 §4.6.3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  for (const device of [s.bob, s.carol]) await device.available()
  await s.alice.send(`<presence to="${s.bob.jid}"/>`)
  await s.alice.send('<presence to="carol@im.test"/>')
  await s.alice.send('<presence to="carol@im.test" type="unavailable"/>')
  expect(statuses(s.carol)).toEqual([undefined, undefined, 'unavailable'])
  s.bob.received()

  s.alice.disconnect()
  await s.bob.next(({ attrs }) => attrs['type'] === 'unavailable')

  expect(statuses(s.bob)).toEqual(['unavailable'])
  expect(s.carol.received()).toEqual([])
})

test.each([
  ['before any presence', 'bob@im.test/1', []],
  ['before any presence, to all devices of the contact', 'bob@im.test', []],
  ['after having left', 'bob@im.test/1', ['<presence/>', '<presence type="unavailable"/>']],
])(
  'who shows himself to a subscriber alone %s can be asked by him, and is seen to go (RFC 6121 §4.6.3, case 3; §8.5.3.1)',
  async (_when, to, before) => {
    await using s = await seen()
    const hidden = await s.connect('alice', 'hidden')
    for (const stanza of before) await hidden.send(stanza)
    s.bob.received()
    await hidden.send(`<presence to="${to}"/>`)
    await s.bob.send(`<iq type="get" id="asked" to="${hidden.jid}"><ping xmlns="urn:xmpp:ping"/></iq>`)
    expect(hidden.received().at(-1)).toContain('id="asked"')
    expect(s.bob.received()).toEqual([`<presence to="${to}" from="alice@im.test/hidden"/>`])

    hidden.disconnect()

    // It had not answered yet, and bob hears that, too.
    expect((await s.bob.next(({ name }) => name === 'presence')).toString()).toBe(
      `<presence xmlns="jabber:client" to="${to}" type="unavailable" from="alice@im.test/hidden"/>`,
    )
  },
)

test('who shows himself to a subscriber and then to all leaves him once (RFC 6121 §4.6.3, case 1)', async () => {
  await using s = await seen()
  const hidden = await s.connect('alice', 'hidden')
  await hidden.send('<presence to="bob@im.test/1"/>')
  await hidden.available()
  await hidden.send('<presence type="unavailable"/>')
  expect(statuses(s.bob)).toEqual([undefined, undefined, 'unavailable'])
})

test('whoever is blocked sees those leave that had shown themselves to him alone (XEP-0191 §3.3)', async () => {
  await using s = await seen()
  const carol = await s.connect('carol')
  const hidden = await s.connect('alice', 'hidden')
  await hidden.send('<presence to="bob@im.test"/>')
  await hidden.send(`<presence to="${carol.jid}"/>`)
  for (const device of [s.bob, carol]) device.received()

  await hidden.ask(
    'set',
    '<block xmlns="urn:xmpp:blocking"><item jid="bob@im.test"/><item jid="carol@im.test"/></block>',
  )

  const gone = (to: string, from: string) => `<presence to="${to}" type="unavailable" from="alice@im.test/${from}"/>`
  expect(s.bob.received().toSorted()).toEqual(['1', '2', 'hidden'].map((from) => gone('bob@im.test', from)))
  expect(carol.received()).toEqual([gone(carol.jid, 'hidden')])
})

test('a probe gets the last presence of each device; of who is away, that there is none (RFC 6121 §4.3.2)', async () => {
  await using s = await seen()
  await s.alice.send(status('busy'))
  s.bob.received()
  await s.bob.send('<presence type="probe" to="alice@im.test"/>')
  expect(s.bob.received()).toEqual([
    '<presence to="bob@im.test/1" from="alice@im.test/1"><status>busy</status></presence>',
    '<presence to="bob@im.test/1" from="alice@im.test/2"/>',
  ])

  for (const n of [1, 2]) await s.device('alice', n).send('<presence type="unavailable"/>')
  s.bob.received()
  await s.bob.send('<presence type="probe" to="alice@im.test"/>')
  expect(s.bob.received()).toEqual(['<presence type="unavailable" from="alice@im.test" to="bob@im.test/1"/>'])
})

test('of who is gone, a probe hears since when, and what was said on leaving (RFC 6121 §4.3.2, XEP-0203 §3)', async () => {
  const at = new Date('2026-11-23T18:00:00Z')
  await using s = await seen({ now: () => at })
  await s.device('alice', 2).send('<presence type="unavailable"/>')
  s.device('alice', 2).session.end()
  await s.alice.send('<presence type="unavailable"><status>gone home</status></presence>')
  s.alice.session.end()
  await expect
    .poll(() => findLastActivity(s.server.ctx.db, s.alice.session.account.id))
    .toMatchObject({ status: 'gone home' })
  s.bob.received()
  await s.bob.send('<presence type="probe" to="alice@im.test"/>')
  expect(s.bob.received()).toEqual([
    '<presence type="unavailable" from="alice@im.test" to="bob@im.test/1"><status>gone home</status>' +
      '<delay xmlns="urn:xmpp:delay" from="im.test" stamp="2026-11-23T18:00:00.000Z"/></presence>',
  ])
})

test('somebody with thousands of contacts holds nobody up, and is no ghost to those told last', async () => {
  await using s = await story({ alice: 1 })
  const count = 2 * RECIPIENTS_PER_TURN + 10
  const { ctx } = s.server
  const owner = s.alice.session.account
  await s.alice.ask('get', '<query xmlns="jabber:iq:roster"/>')
  await ctx.rosters.change([owner], async (change) => {
    for (let n = 0; n < count; n++) {
      await change.put(owner, `c${n}@im.test`, {
        name: null,
        groups: [],
        subscription: 'from',
        isAsk: false,
        isApproved: false,
      })
    }
  })
  const contacts: Device[] = []
  const [common] = [parseElement('<presence xmlns="jabber:client"/>', C2S_LIMITS)]
  for (let n = 0; n < count; n++) {
    ctx.accounts.put({ ...owner, id: owner.id.replace(/.{6}$/, String(n).padStart(6, '0')), localpart: `c${n}` })
    const device = await s.connect(`c${n}`)
    device.session.presence = common
    contacts.push(device)
  }
  s.alice.session.receive(parseElement('<presence xmlns="jabber:client"/>', C2S_LIMITS))
  while (contacts[0]!.received().length === 0) await new Promise((resolve) => setImmediate(resolve))
  // Others have had their turn by now. The session ends in the middle of its own announcement.
  s.alice.session.end('conflict')
  await contacts.at(-1)!.next(({ attrs }) => attrs['type'] === 'unavailable')

  const got = contacts.map((device) => statuses(device).join())
  // Nobody is left with somebody who is not there.
  expect(got.filter((text) => !text.endsWith('unavailable'))).toEqual([])
  expect(got[0]).toBe('unavailable')
  expect(got[1]).toBe(',unavailable')
  expect(got.at(-1)).toBe('unavailable')
})
