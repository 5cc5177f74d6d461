// XEP-0045 §10.1, §10.2: what an owner decides that shows in who hears of whom, and what becomes of a room half made.
import { cleanImage } from '@drawbridge/testkit/images'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { change, conditionOf, configure, enter, HALL, hall, presences } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { loadRooms } from './rooms.ts'

const INFO = '<query xmlns="http://jabber.org/protocol/disco#info"/>'
const seen = (device: Device) => presences(device).map(({ from, type }) => [from.slice(HALL.length + 1), type])

test('in a hall of many, visitors are not announced; who gets voice is, and who loses it is gone (XEP-0045 §10.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob], { moderatedroom: '1', presencebroadcast: ['moderator', 'participant'] })
  await enter(s.carol, HALL, 'Carol')
  expect(seen(s.alice)).toEqual([])
  expect(seen(s.bob)).toEqual([])
  // Carol has learned who may speak, and that she is inside.
  s.carol.received()
  await s.carol.send(`<presence to="${HALL}/Carol"><show>away</show></presence>`)
  await s.carol.send(`<presence to="${HALL}/Caroline"/>`)
  expect(seen(s.carol)).toEqual([
    ['Carol', undefined],
    ['Carol', 'unavailable'],
    ['Caroline', undefined],
  ])
  expect(seen(s.alice)).toEqual([])
  await change(s.alice, '<item nick="Caroline" role="participant"/>')
  for (const device of [s.alice, s.bob]) expect(seen(device)).toEqual([['Caroline', undefined]])
  await change(s.alice, '<item nick="Caroline" role="visitor"/>')
  for (const device of [s.alice, s.bob]) expect(seen(device)).toEqual([['Caroline', 'unavailable']])
  await s.carol.send(`<presence to="${HALL}/Caroline" type="unavailable"/>`)
  expect(seen(s.alice)).toEqual([])
})

test('when visitors are announced again, everybody hears of those who are there already (XEP-0045 §10.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob], { moderatedroom: '1', presencebroadcast: 'moderator' })
  await configure(s.alice, HALL, { presencebroadcast: ['moderator', 'visitor'] })
  expect(seen(s.alice)).toEqual([['Bob', undefined]])
  await configure(s.alice, HALL, { presencebroadcast: ['moderator'] })
  expect(seen(s.alice)).toEqual([['Bob', 'unavailable']])
  expect(conditionOf(await configure(s.alice, HALL, { presencebroadcast: 'everybody' }))).toBe('not-acceptable')
})

test('a room names the PubSub node that belongs to it, if it is one (XEP-0045 §10.2, §15.5.4)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice])
  expect(conditionOf(await configure(s.alice, HALL, { pubsub: 'https://evil.test/' }))).toBe('not-acceptable')
  const uri = 'xmpp:pubsub.im.test?;node=hall'
  expect((await configure(s.alice, HALL, { pubsub: uri })).attrs['type']).toBe('result')
  expect((await s.alice.ask('get', INFO, HALL)).toString()).toContain(
    `muc#roominfo_pubsub" type="text-single"><value>${uri}<`,
  )
})

test('a room that was never configured does not come back open after a restart (XEP-0045 §10.1.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice])
  await enter(s.alice, 'yard@rooms.im.test', 'Alice')
  await loadRooms(s.server.ctx)
  expect((await s.bob.ask('get', INFO, HALL)).attrs['type']).toBe('result')
  expect(conditionOf(await s.bob.ask('get', INFO, 'yard@rooms.im.test'))).toBe('item-not-found')
  await loadRooms(s.server.ctx)
  expect(conditionOf(await s.bob.ask('get', INFO, 'yard@rooms.im.test'))).toBe('item-not-found')
})

test('a room with a picture in two formats has a hash for each (XEP-0486 §5.1)', async () => {
  const formats = [Buffer.from('clean, large'), Buffer.from('clean, small')]
  let count = 0
  await using s = await story(
    { alice: 1 },
    { sanitize: () => cleanImage({ widthPx: 8, heightPx: 8, bytes: formats[count++ % 2] ?? Buffer.of() }) },
  )
  await hall([s.alice])
  const photo = (text: string) =>
    `<PHOTO><TYPE>image/png</TYPE><BINVAL>${Buffer.from(text).toString('base64')}</BINVAL></PHOTO>`
  const vcard = `<vCard xmlns="vcard-temp">${photo('first')}${photo('second')}</vCard>`
  expect((await s.alice.ask('set', vcard, HALL)).attrs['type']).toBe('result')
  const info = await s.alice.ask('get', INFO, HALL)
  const form = info.getChild('query')?.getChild('x')?.getChildren('field')
  const field = form?.find(({ attrs }) => attrs['var'] === 'muc#roominfo_avatarhash')
  const hashes = formats.map((bytes) => createHash('sha1').update(bytes).digest('hex'))
  expect(field?.getChildren('value').map((value) => value.getText())).toEqual(hashes)
})
