import { expect, test } from 'vitest'
import { bareJid, domainpart, localpart, resourcepart, typedJid } from './jid.ts'

test.each([
  ['alice', 'alice@im.test'],
  [' Alice ', 'alice@im.test'],
  ['bob@remote.test', 'bob@remote.test'],
  ['xmpp:bob@remote.test', 'bob@remote.test'],
  ['jürgen', 'jürgen@im.test'],
])('typing %j means %s', (typed, jid) => {
  expect(typedJid(typed, 'im.test')).toBe(jid)
})

test.each(['', '@', 'a@@b', 'alice@', '@im.test', 'a b', 'a<b', 'alice@im.test/phone', 'a\u202eb', 'a@b c', 'a@b@c'])(
  '%j is no address',
  (typed) => {
    expect(typedJid(typed, 'im.test')).toBeUndefined()
  },
)

test('an address is cut at its separators', () => {
  const jid = 'alice@im.test/a@b/c'
  expect([localpart(jid), domainpart(jid), resourcepart(jid), bareJid(jid)]).toEqual([
    'alice',
    'im.test',
    'a@b/c',
    'alice@im.test',
  ])
  expect(localpart('im.test')).toBe('')
})
