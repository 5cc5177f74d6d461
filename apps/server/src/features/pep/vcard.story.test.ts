import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'

const GET = '<vCard xmlns="vcard-temp"/>'

test('a user fills in a vCard, and a colleague reads it (XEP-0054 §3.1, §3.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const card = '<vCard xmlns="vcard-temp"><FN>Alice</FN><TITLE>Engineer</TITLE></vCard>'

  expect((await s.alice.ask('set', card)).attrs['type']).toBe('result')

  expect((await s.bob.ask('get', GET, 'alice@im.test')).toString()).toContain(card)
  expect((await s.alice.ask('get', GET)).toString()).toContain(card)
  expect((await s.bob.ask('set', card, 'alice@im.test')).toString()).toContain('<forbidden ')
})

test('SP-12 no vCard and no such account sound the same (XEP-0054 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const [none, absent] = [await s.alice.ask('get', GET, 'bob@im.test'), await s.alice.ask('get', GET, 'nobody@im.test')]
  expect(none.getChild('error')?.toString()).toContain('<service-unavailable ')
  expect(absent.getChild('error')?.toString()).toBe(none.getChild('error')?.toString())
})
