import { expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import {
  buildLegacyBookmarks,
  findNotificationSetting,
  parseLegacyBookmarks,
  parseNotificationRules,
  withExtensions,
} from './bookmarks.ts'

const parse = (text: string) => parseElement(text, C2S_LIMITS)
const storage = (inside: string) => parse(`<storage xmlns="storage:bookmarks">${inside}</storage>`)
const conference = (inside: string) => parse(`<conference xmlns="urn:xmpp:bookmarks:1">${inside}</conference>`)

test('a bookmark says the same in both formats (XEP-0402 §3, XEP-0048 §2.1)', () => {
  const old = storage(
    '<conference jid="Room@Rooms.test" name="Room" autojoin="1"><nick>Ali</nick><password>x</password></conference>',
  )
  const [bookmark, ...more] = parseLegacyBookmarks(old)
  expect(more).toEqual([])
  expect(bookmark?.jid).toBe('room@rooms.test')
  expect(bookmark?.conference.toString()).toBe(
    '<conference xmlns="urn:xmpp:bookmarks:1" name="Room" autojoin="1"><nick>Ali</nick><password>x</password></conference>',
  )
  expect(buildLegacyBookmarks([bookmark!]).toString()).toBe(
    '<storage xmlns="storage:bookmarks"><conference jid="room@rooms.test" name="Room" autojoin="1">' +
      '<nick>Ali</nick><password>x</password></conference></storage>',
  )
})

test('of two bookmarks of one room the last counts, and one without a room is none', () => {
  const rooms = '<conference jid="a@r.test" name="1"/><conference jid="A@r.test" name="2"/><conference name="3"/>'
  expect(parseLegacyBookmarks(storage(`${rooms}<conference jid="@"/><url url="x"/>`))).toMatchObject([
    { jid: 'a@r.test', conference: { attrs: { name: '2' } } },
  ])
})

test('extensions go from the bookmark before to the one after', () => {
  const before = conference('<nick>old</nick><extensions><x xmlns="urn:x"/></extensions>')
  const after = withExtensions({ jid: 'a@r.test', conference: conference('<nick>new</nick>') }, before)
  expect(after.conference.toString()).toContain('<nick>new</nick><extensions><x xmlns="urn:x"/></extensions>')
})

test.each([
  ['nothing is said', '', undefined],
  ['only one thing is said', '<never/>', 'never'],
  ['this kind of client is named', '<always/><on-mention identity-category="client"/>', 'on-mention'],
  [
    'exactly this client is named, wherever it stands',
    '<never identity-category="client" identity-type="phone"/><on-mention identity-category="client"/><always/>',
    'never',
  ],
  ['others are named', '<never identity-category="client" identity-type="pc"/><always/>', 'always'],
  ['only others are named', '<never identity-category="gateway"/>', undefined],
  ['a type stands alone, which is not allowed', '<never identity-type="phone"/>', undefined],
  ['something else is said', '<sometimes/>', undefined],
] as const)('a phone knows what to do where %s (XEP-0492 §3)', (_what, inside, setting) => {
  const notify = `<extensions><notify xmlns="urn:xmpp:notification-settings:1">${inside}</notify></extensions>`
  const rules = parseNotificationRules(conference(notify))
  expect(findNotificationSetting(rules, { category: 'client', type: 'phone' })).toBe(setting)
})
