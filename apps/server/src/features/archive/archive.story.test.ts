import { parseElement, C2S_LIMITS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const MAM = 'urn:xmpp:mam:2'
const query = (inside = '') => `<query xmlns="${MAM}" queryid="q">${inside}</query>`
const page = (inside: string) => `<set xmlns="http://jabber.org/protocol/rsm">${inside}</set>`
const form = (fields: Record<string, string>) =>
  `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden"><value>${MAM}</value></field>` +
  Object.entries(fields)
    .map(([name, value]) => `<field var="${name}"><value>${value}</value></field>`)
    .join('') +
  '</x>'

/** Asks for a page; returns its messages and the end. */
async function read(device: Device, payload: string) {
  device.received()
  const answer = await device.ask('set', payload)
  const results = device
    .received()
    .map((text) => parseElement(text.replace('<message', '<message xmlns="jabber:client"'), C2S_LIMITS))
    .map((message) => message.getChild('result', MAM)!)
  return { answer, results, fin: answer.getChild('fin', MAM), bodies: results.map(bodyOf), ids: results.map(idOf) }
}
const bodyOf = (result: Element) => result.getChild('forwarded')?.getChild('message')?.getChildText('body')
const idOf = (result: Element) => result.attrs['id'] ?? ''
const conditionOf = (answer: Element) => answer.getChild('error')?.getChildElements()[0]?.name

async function chat(from: Device, to: string, ...bodies: string[]) {
  for (const body of bodies) await from.send(`<message type="chat" to="${to}"><body>${body}</body></message>`)
}

test('a conversation is in the archive of both, in order and under the id that was delivered (XEP-0313 §5, DU G1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  s.bob.received()

  await chat(s.alice, 'bob@im.test', 'one', 'two')
  const live = s.bob.received()
  const mine = await read(s.alice, query())
  const his = await read(s.bob, query())

  expect(mine.bodies).toEqual(['one', 'two'])
  expect(his.bodies).toEqual(['one', 'two'])
  expect(his.fin?.attrs['complete']).toBe('true')
  expect(his.results[0]?.attrs['queryid']).toBe('q')
  expect(live[0]).toContain(`<stanza-id xmlns="urn:xmpp:sid:0" by="bob@im.test" id="${his.ids[0]}"/>`)
  expect(his.fin?.getChild('set')?.getChildText('first')).toBe(his.ids[0])
  expect(his.fin?.getChild('set')?.getChildText('last')).toBe(his.ids[1])
})

test('what the archive hands out is as it was written, in its own namespace, and says when it came (XEP-0297 §3.2)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  const mood = '<mood xmlns="http://jabber.org/protocol/mood"><amorous/></mood>'
  await s.alice.send(`<message type="chat" to="bob@im.test" id="m1"><body>one</body>${mood}</message>`)

  const [result] = (await read(s.alice, query())).results
  const [delay, message, ...more] = result?.getChild('forwarded', 'urn:xmpp:forward:0')?.getChildElements() ?? []
  expect(delay?.getNS()).toBe('urn:xmpp:delay')
  expect(delay?.attrs['stamp']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(message?.getNS()).toBe('jabber:client')
  expect(message?.attrs).toMatchObject({ from: 'alice@im.test/1', to: 'bob@im.test', id: 'm1' })
  expect(message?.getChild('mood', 'http://jabber.org/protocol/mood')?.getChild('amorous')).toBeDefined()
  expect(more).toEqual([])
})

test('a long archive is read page by page, either way, and flipped pages hold the same messages (XEP-0313 §4.3)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  await chat(s.alice, 'bob@im.test', 'one', 'two', 'three', 'four', 'five')

  const first = await read(s.alice, query(page('<max>2</max>')))
  expect(first.bodies).toEqual(['one', 'two'])
  expect(first.fin?.attrs['complete']).toBeUndefined()
  const second = await read(s.alice, query(page(`<max>2</max><after>${first.ids[1]}</after>`)))
  expect(second.bodies).toEqual(['three', 'four'])
  const last = await read(s.alice, query(page('<max>2</max><before/>')))
  expect(last.bodies).toEqual(['four', 'five'])
  const flipped = await read(s.alice, query(`${page('<max>2</max><before/>')}<flip-page/>`))
  expect(flipped.bodies).toEqual(['five', 'four'])
  expect(flipped.fin?.toString()).toBe(last.fin?.toString())
  const none = await read(s.alice, query(page('<max>0</max>')))
  expect(none.fin?.getChild('set')?.getChildText('count')).toBe('5')
})

test('a query is narrowed by person, by id and to single messages (XEP-0313 §4.1)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  await s.addAccount('carol')
  await chat(s.alice, 'bob@im.test', 'one')
  await chat(s.alice, 'carol@im.test', 'two')
  await chat(s.alice, 'bob@im.test/phone', 'three')
  await chat(s.alice, 'alice@im.test', 'note')
  const { ids } = await read(s.alice, query())

  expect((await read(s.alice, query(form({ with: 'bob@im.test' })))).bodies).toEqual(['one', 'three'])
  expect((await read(s.alice, query(form({ with: 'bob@im.test/phone' })))).bodies).toEqual(['three'])
  expect((await read(s.alice, query(form({ with: 'alice@im.test' })))).bodies).toEqual(['note'])
  expect((await read(s.alice, query(form({ 'after-id': ids[0]!, 'before-id': ids[2]! })))).bodies).toEqual(['two'])
  expect((await read(s.alice, query(form({ ids: ids[2]! })))).bodies).toEqual(['three'])
})

test('an id that is not in the archive is not found, and an unknown field is not implemented (XEP-0313 §4.1)', async () => {
  await using s = await story({ alice: 1 })
  const absent = '018f0000-0000-7000-8000-000000000000'
  for (const payload of [
    query(page(`<max>5</max><after>${absent}</after>`)),
    query(page('<max>5</max><before>nothing</before>')),
    query(form({ 'after-id': absent })),
    query(form({ ids: absent })),
  ]) {
    expect(conditionOf((await read(s.alice, payload)).answer)).toBe('item-not-found')
  }
  expect(conditionOf((await read(s.alice, query(form({ colour: 'red' })))).answer)).toBe('feature-not-implemented')
})

test('the archive names its fields and its ends (XEP-0313 §4.1.5, §5.1)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  expect((await s.alice.ask('get', `<metadata xmlns="${MAM}"/>`)).getChild('metadata')?.children).toEqual([])
  await chat(s.alice, 'bob@im.test', 'one', 'two')
  const { ids } = await read(s.alice, query())

  const metadata = (await s.alice.ask('get', `<metadata xmlns="${MAM}"/>`)).getChild('metadata')
  expect(metadata?.getChild('start')?.attrs['id']).toBe(ids[0])
  expect(metadata?.getChild('end')?.attrs['id']).toBe(ids[1])
  const fields = (await s.alice.ask('get', `<query xmlns="${MAM}"/>`))
    .getChild('query')
    ?.getChild('x')
    ?.getChildren('field')
  expect(fields?.map(({ attrs }) => attrs['var'])).toEqual([
    'FORM_TYPE',
    'with',
    'start',
    'end',
    'before-id',
    'after-id',
    'ids',
    '{urn:xmpp:fulltext:0}fulltext',
  ])
})

test("SP-11 another person's archive is forbidden, whether that person exists or not", async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await chat(s.bob, 'alice@im.test', 'secret')

  const there = await s.alice.ask('set', query(), 'bob@im.test')
  const nowhere = await s.alice.ask('set', query(), 'nobody@im.test')

  expect(conditionOf(there)).toBe('forbidden')
  expect(
    there
      .toString()
      .replaceAll('bob', 'nobody')
      .replace(/ask\d+/, ''),
  ).toBe(nowhere.toString().replace(/ask\d+/, ''))
  expect(s.alice.received()).toEqual([])
})

test('what only tells a state, or asks not to be stored, is in no archive (DU §1)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  const send = (payload: string) => s.alice.send(`<message type="chat" to="bob@im.test">${payload}</message>`)
  await send('<composing xmlns="http://jabber.org/protocol/chatstates"/>')
  await send('<body>whisper</body><no-store xmlns="urn:xmpp:hints"/>')
  await send('<body>marker</body>')

  expect((await read(s.alice, query())).bodies).toEqual(['marker'])
})
