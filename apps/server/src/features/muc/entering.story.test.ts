// XEP-0045 §7: what happens to people who enter, talk and leave.
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import { accept, enter, roomOf } from '../../../test/rooms.ts'

const ROOM = 'hall@rooms.im.test'

test('a new room says that it is new, and waits for its owner (XEP-0045 §10.1.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const self = await enter(s.alice, ROOM, 'Alice')
  expect(roomOf(self)).toMatchObject({ affiliation: 'owner', role: 'moderator', codes: ['110', '170', '201'] })
  // §10.1.3: until it is configured, nobody else gets in.
  await s.bob.send(`<presence to="${ROOM}/Bob"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  expect((await s.bob.next()).getChild('error')?.getChild('item-not-found')).toBeDefined()
})

test('people who enter see who is there, themselves last, then what was said, then the subject (XEP-0045 §7.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await enter(s.alice, ROOM, 'Alice')
  await accept(s.alice, ROOM)
  await s.alice.send(`<message type="groupchat" to="${ROOM}" id="m1"><body>hello</body></message>`)
  s.alice.received()
  await enter(s.bob, ROOM, 'Bob')
  const received = s.bob.received()
  expect(received.map((text) => /from="([^"]*)"/.exec(text)?.[1])).toEqual([
    `${ROOM}/Alice`,
    `${ROOM}/Bob`,
    `${ROOM}/Alice`,
    ROOM,
  ])
  expect(received[2]).toContain('<body>hello</body>')
  expect(received[2]).toContain(`<delay xmlns="urn:xmpp:delay" from="${ROOM}"`)
  expect(received[3]).toContain('<subject/>')
  expect(s.alice.received().join('')).toContain(`from="${ROOM}/Bob"`)
})

test('what somebody says reaches everybody, its author too, with one id, and is in the archive of the room (XEP-0045 §7.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await enter(s.alice, ROOM, 'Alice')
  await accept(s.alice, ROOM)
  await enter(s.bob, ROOM, 'Bob')
  await s.bob.send(`<message type="groupchat" to="${ROOM}" id="b1"><body>hi all</body></message>`)
  const [atAlice, atBob] = [
    await s.alice.next((e) => e.attrs['id'] === 'b1'),
    await s.bob.next((e) => e.attrs['id'] === 'b1'),
  ]
  const idOf = (element: typeof atAlice) => element.getChild('stanza-id')?.attrs
  expect(idOf(atAlice)).toMatchObject({ by: ROOM })
  expect(idOf(atAlice)).toEqual(idOf(atBob))
  expect(atAlice.attrs['from']).toBe(`${ROOM}/Bob`)
})

test('whoever leaves is told so, and so is everybody else (XEP-0045 §7.14)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await enter(s.alice, ROOM, 'Alice')
  await accept(s.alice, ROOM)
  await enter(s.bob, ROOM, 'Bob')
  await s.bob.send(`<presence to="${ROOM}/Bob" type="unavailable"><status>lunch</status></presence>`)
  const own = await s.bob.next((e) => e.attrs['type'] === 'unavailable')
  expect(roomOf(own)).toMatchObject({ role: 'none', codes: ['110'] })
  const seen = await s.alice.next((e) => e.attrs['type'] === 'unavailable')
  expect(seen.getChildText('status')).toBe('lunch')
  expect(roomOf(seen).codes).toEqual([])
})
