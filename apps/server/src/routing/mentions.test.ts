import { fastestMs } from '@drawbridge/testkit'
import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { mentionsIn } from './mentions.ts'

const ROOM = 'hall@rooms.im.test'
const mentions = (inside: string) =>
  mentionsIn(parseElement(`<message xmlns="jabber:client">${inside}</message>`, C2S_LIMITS)).has(
    ['al@im.test', `${ROOM}/Al`],
    ['Al', 'C++ [al]'],
  )
const reference = (uri: string, type = 'mention') =>
  `<reference xmlns="urn:xmpp:reference:0" type="${type}" uri="${uri}"/>`

test.each([
  ['the name in the text', '<body>are you there, al?</body>', true],
  ['the name at the end', '<body>that is for AL</body>', true],
  ['the name after part of a word', '<body>all for Al</body>', true],
  ['part of a word only', '<body>all of the portal</body>', false],
  ['a name with signs', '<body>ask c++ [al]!</body>', true],
  ['a mention of the account (XEP-0372 §3.1)', reference('xmpp:al@im.test'), true],
  ['a mention of the occupant', reference(`xmpp:${ROOM}/Al`), true],
  ['a mention with escapes and a query', reference('xmpp:%61l@im.test?message'), true],
  ['a mention of somebody else', reference('xmpp:bob@im.test'), false],
  ['a reference that is no mention', reference('xmpp:al@im.test', 'data'), false],
  ['an escape that is none', reference('xmpp:%zz'), false],
  ['a reply (XEP-0461 §3)', `<reply xmlns="urn:xmpp:reply:0" to="${ROOM}/Al" id="x"/>`, true],
  ['a reply to somebody else', `<reply xmlns="urn:xmpp:reply:0" to="${ROOM}/Bob" id="x"/>`, false],
  ['nothing', '', false],
])('XEP-0492 §3 %s', (_what, inside, isMeant) => {
  expect(mentions(inside)).toBe(isMeant)
})

test('DS-17 a long text is looked through once, as far as it counts', () => {
  const text = `<body>${'xal'.repeat(30_000)}</body>`
  expect(mentions(text)).toBe(false)
  expect(fastestMs(() => mentions(text))).toBeLessThan(50)
})
