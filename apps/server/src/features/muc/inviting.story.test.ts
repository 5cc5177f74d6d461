// XEP-0045 §7.8.2, §7.9: what an invitation says, and who may decline it.
import { expect, test } from 'vitest'
import { enter, HALL, hall, refusalOf } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const NS_USER = 'http://jabber.org/protocol/muc#user'
const words = (content: string) => `<message to="${HALL}"><x xmlns="${NS_USER}">${content}</x></message>`
const invite = (to: string, content = '') => `<invite to="${to}">${content}</invite>`
const decline = (to: string) => words(`<decline to="${to}"><reason>Busy</reason></decline>`)
const declines = (device: Device) => device.received().filter((text) => text.includes('<decline'))

/** Alice and Carol inside a room that nobody else knows of; all of them are at home. */
async function hidden(s: { alice: Device; bob: Device; carol: Device }) {
  await hall([s.alice], { publicroom: '0', membersonly: '1' })
  for (const device of [s.alice, s.bob, s.carol]) await device.available()
  await s.alice.send(words(invite('carol@im.test')))
  await enter(s.carol, HALL, 'Carol')
  for (const device of [s.alice, s.bob, s.carol]) device.received()
}

test('MU-11: only who was invited declines, to whoever invited, and once (XEP-0045 §7.8.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hidden(s)
  for (const to of ['alice@im.test', `${HALL}/Alice`, 'carol@im.test']) {
    expect(await refusalOf(s.bob, decline(to))).toBe('item-not-found')
  }
  expect([s.alice, s.carol].flatMap(declines)).toEqual([])
  await s.alice.send(words(invite('bob@im.test')))
  await s.bob.send(decline('alice@im.test'))
  // That bob is a member now is told as well, a moment after he was invited.
  const got = await s.alice.next((element) => element.getChild('x')?.getChild('decline') !== undefined)
  expect(got.attrs['from']).toBe(HALL)
  expect(got.getChild('x')?.getChild('decline')?.attrs['from']).toBe('bob@im.test')
  expect(got.getChild('x')?.getChild('decline')?.getChildText('reason')).toBe('Busy')
  s.alice.received()
  expect(await refusalOf(s.bob, decline('alice@im.test'))).toBe('item-not-found')
  expect([s.alice, s.carol].flatMap(declines)).toEqual([])
})

test('whoever declines need not know by which nick the other goes by now (XEP-0045 §7.8.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hidden(s)
  await s.alice.send(words(invite('bob@im.test')))
  await s.carol.send(words(invite('bob@im.test')))
  await s.alice.send(`<presence to="${HALL}/Queen"/>`)
  await s.bob.send(decline(`${HALL}/Carol`))
  expect(declines(s.carol)).toHaveLength(1)
  await s.bob.send(decline(`${HALL}/Alice`))
  expect(declines(s.alice)).toHaveLength(1)
})

test('an invitation is forgotten with the account that was invited: whoever gets the name was not', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hidden(s)
  await s.alice.send(words(invite('bob@im.test')))
  await s.server.ctx.removeAccount(s.bob.session.account)
  const another = await s.connect('bob', 'new')
  expect(await refusalOf(another, decline('alice@im.test'))).toBe('item-not-found')
})

test('an invitation says that a conversation goes on, and in which thread (XEP-0045 §7.9)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice])
  for (const device of [s.bob, s.carol]) await device.available()
  const content = '<reason>This needs us all.</reason><continue thread="e0ffe42b28561960c6b12b944a092794b9683a38"/>'
  await s.alice.send(words(invite('bob@im.test/1', content) + invite('carol@im.test', content)))
  for (const device of [s.bob, s.carol]) {
    const got = await device.next(({ name }) => name === 'message')
    const invitation = got.getChild('x', NS_USER)?.getChild('invite')
    expect(invitation?.getChildText('reason')).toBe('This needs us all.')
    expect(invitation?.getChild('continue')?.attrs['thread']).toBe('e0ffe42b28561960c6b12b944a092794b9683a38')
  }
})

test('nobody is invited with what was said to another: one message, one reason (XEP-0045 §7.8.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice])
  const two = words(
    invite('bob@im.test', '<reason>You are late.</reason>') + invite('carol@im.test', '<reason>Welcome!</reason>'),
  )
  expect(await refusalOf(s.alice, two)).toBe('not-acceptable')
})
