import { NS_CLIENT, xml } from '@drawbridge/xmpp'
import { renderMetrics } from '@drawbridge/runtime'
import { expect, test } from 'vitest'
import { accept, enter, roomOf } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { Broadcast } from '../../routing/outgoing.ts'
import { HELD_MAX, ROUNDS_MAX } from './fan-out.ts'
import type { Room, Seat } from './room.ts'
import { roomsOf } from './rooms.ts'

// OV-01: what a room has not yet handed out is bounded, and so is what waits for somebody who enters.

const ROOM = 'busy@rooms.im.test'
const say = (body: string) => `<message to="${ROOM}" type="groupchat"><body>${body}</body></message>`
const word = (body: string) =>
  new Broadcast(xml('message', { xmlns: NS_CLIENT, type: 'groupchat', from: ROOM }, xml('body', {}, body)))
const bodies = (device: Device) => device.received().flatMap((text) => /<body>(.*?)<\/body>/.exec(text)?.[1] ?? [])

/** The room is busy with people who are gone already, until the returned function is called. */
function keepBusy(room: Room): () => void {
  const seats: Seat[] = []
  seats.length = 2 ** 31
  room.fanOut.send(seats, word('for nobody'))
  return () => (seats.length = 0)
}

test('OV-01 when a room cannot keep up, I wait until it can, and what I say comes in its order', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await enter(s.alice, ROOM, 'alice')
  await accept(s.alice, ROOM)
  await enter(s.bob, ROOM, 'bob')
  const room = roomsOf(s.server.ctx).find('busy')!
  expect(room.fanOut.whenReady()).toBeUndefined()
  const release = keepBusy(room)
  for (let n = 1; n < ROUNDS_MAX; n++) room.fanOut.send(room.seats, word(`before ${n}`))
  s.bob.received()
  const mine = s.alice.send(say('mine'))
  // Bob is not held up by alice's room, and hears nothing of what she says there so far.
  await s.bob.send('<message to="bob@im.test/1" type="chat"><body>aside</body></message>')
  expect(bodies(s.bob)).toEqual(['aside'])
  expect(s.alice.session.waiting.inbound).toBe(1)
  expect(room.fanOut.length).toBe(ROUNDS_MAX)
  await s.server.measure()
  expect(await renderMetrics()).toContain(`drawbridge_room_rounds{of="longest"} ${ROUNDS_MAX}`)
  release()
  await mine
  const heard = bodies(s.bob)
  expect(heard).toHaveLength(ROUNDS_MAX)
  expect(heard.at(-1)).toBe('mine')
})

test('OV-01 so much is said while I enter that it is not kept for me: I hear that I lost my place (XEP-0045 §7.14, status 333), and enter again', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await enter(s.alice, ROOM, 'alice')
  await accept(s.alice, ROOM)
  const room = roomsOf(s.server.ctx).find('busy')!
  const entering = s.bob.send(`<presence to="${ROOM}/bob"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  const seat = () => room.seats.find(({ waiting }) => waiting)
  while (!seat()) await new Promise((resolve) => setImmediate(resolve))
  for (let n = 0; n <= HELD_MAX; n++) room.fanOut.send(room.seats, word(`${n}`), undefined, true)
  expect(seat()?.waiting).toHaveLength(0)
  await entering
  const isLost = ({ name, attrs }: { name: string; attrs: Readonly<Record<string, string | undefined>> }) =>
    name === 'presence' && attrs['from'] === `${ROOM}/bob` && attrs['type'] === 'unavailable'
  expect(roomOf(await s.bob.next(isLost)).codes).toEqual(['110', '333'])
  expect(roomOf(await s.alice.next(isLost)).codes).toEqual(['333'])
  expect(room.seats).toHaveLength(1)
  await enter(s.bob, ROOM, 'bob')
  await s.alice.send(say('hello again'))
  expect(bodies(s.bob)).toContain('hello again')
})
