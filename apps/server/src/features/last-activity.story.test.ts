import { NS_LAST } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { addUnit } from '../../test/people.ts'
import { story } from '../../test/story.ts'

const GET = `<query xmlns="${NS_LAST}"/>`

/** A story whose clock is set by hand; alice and bob see each other. */
async function colleagues() {
  let at = Date.parse('2026-11-23T04:00:00Z')
  const s = await story({ alice: 1, bob: 1, carol: 1 }, { now: () => new Date(at) })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  return Object.assign(s, {
    pass(seconds: number) {
      at += seconds * 1_000
    },
  })
}

test('the server says how long it has been up (XEP-0012 §5)', async () => {
  await using s = await colleagues()
  s.pass(123)
  const answer = await s.alice.ask('get', GET, 'im.test')
  expect(answer.getChild('query')?.toString()).toBe(`<query xmlns="${NS_LAST}" seconds="123"/>`)
})

test('nothing has passed since a colleague was here who is here (XEP-0012 §3)', async () => {
  await using s = await colleagues()
  await s.bob.available()
  s.pass(60)
  expect((await s.alice.ask('get', GET, 'bob@im.test')).getChild('query')?.attrs['seconds']).toBe('0')
})

test('a colleague who left said something, and that was fifteen minutes ago (XEP-0012 §3)', async () => {
  await using s = await colleagues()
  await s.bob.available()
  await s.bob.send('<presence type="unavailable"><status>Heading Home</status></presence>')
  s.bob.disconnect()
  const query = async () => (await s.alice.ask('get', GET, 'bob@im.test')).getChild('query')?.toString()
  const said = (seconds: number) => `<query xmlns="${NS_LAST}" seconds="${seconds}">Heading Home</query>`
  await expect.poll(query).toBe(said(0))
  s.pass(903)
  expect(await query()).toBe(said(903))
})

test('SP-12 whoever may not see the presence is refused, as if there were nobody (XEP-0012 §3, §8)', async () => {
  await using s = await colleagues()
  await s.bob.available()
  const refusals = await Promise.all(
    ['bob@im.test', 'bob@im.test/1', 'bob@im.test/9', 'nobody@im.test', 'nobody@im.test/1'].map(async (to) => {
      const answer = await s.carol.ask('get', GET, to)
      return answer.getChild('error')?.getChildElements()[0]?.name
    }),
  )
  expect(refusals).toEqual(['forbidden', 'forbidden', 'forbidden', 'forbidden', 'forbidden'])
  expect(s.bob.received().join()).not.toContain(NS_LAST)
})

test('SP-13 whoever is blocked learns nothing either (XEP-0012 §8, XEP-0191)', async () => {
  await using s = await colleagues()
  await s.bob.available()
  await s.bob.ask('set', '<block xmlns="urn:xmpp:blocking"><item jid="alice@im.test"/></block>')
  expect((await s.alice.ask('get', GET, 'bob@im.test')).attrs['type']).toBe('error')
})

test('a question to a device of a colleague’s reaches the device (XEP-0012 §4)', async () => {
  await using s = await colleagues()
  await s.bob.available()
  await s.alice.send(`<iq type="get" id="l" to="bob@im.test/1">${GET}</iq>`)
  expect(s.bob.received().join()).toContain(`<query xmlns="${NS_LAST}"/>`)
})

test('the server says that it does this (XEP-0012 §6)', async () => {
  await using s = await colleagues()
  const info = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'im.test')
  expect(info.toString()).toContain(`<feature var="${NS_LAST}"/>`)
})
