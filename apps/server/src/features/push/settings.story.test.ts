import { findPushDevice } from '@drawbridge/db'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPushReceiver } from '../../../test/push-receiver.ts'
import { configure, enter } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device, Story } from '../../../test/story.ts'

// XEP-0492: which conversations wake somebody up (XEP-0357), and who is woken up by what is said in a room.

const SERVICE = 'push.im.test'
const BOOKMARKS = 'urn:xmpp:bookmarks:1'
let s: Story<never>
let count = 0
const receivers = new AsyncDisposableStack()
type Receiver = Awaited<ReturnType<typeof startPushReceiver>>

beforeAll(async () => {
  s = await story(
    {},
    { doesJobs: true, settings: { push: { allowLoopback: true, intervalMs: 0, content: 'message' } } },
  )
})
afterAll(async () => {
  await receivers.disposeAsync()
  await s[Symbol.asyncDispose]()
})

interface Person {
  readonly name: string
  readonly jid: string
  readonly device: Device
  readonly receiver: Receiver
}

async function person(): Promise<Person> {
  const name = `p${++count}`
  const receiver = receivers.use(await startPushReceiver())
  return { name, jid: `${name}@im.test`, device: await s.connect(name), receiver }
}

async function enable(device: Device, { register }: Receiver): Promise<string> {
  const node = (await device.ask('set', register, SERVICE)).getChild('registered')?.attrs['node'] ?? ''
  const answer = await device.ask('set', `<enable xmlns="urn:xmpp:push:0" jid="${SERVICE}" node="${node}"/>`)
  expect(answer.attrs['type']).toBe('result')
  return node
}

/** What the push service was told: texts of messages, in their order. */
const texts = ({ received }: Receiver) =>
  received.map(({ text }) => (JSON.parse(text) as Record<string, string>)['last-message-body'])

const settings = (inside: string) =>
  `<extensions><notify xmlns="urn:xmpp:notification-settings:1">${inside}</notify></extensions>`

async function bookmark(device: Device, chat: string, inside: string, isJoined = true): Promise<void> {
  const conference = `<conference xmlns="${BOOKMARKS}" autojoin="${isJoined}">${inside}</conference>`
  const item = `<item id="${chat}">${conference}</item>`
  const answer = await device.ask(
    'set',
    `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="${BOOKMARKS}">${item}</publish></pubsub>`,
  )
  expect(answer.attrs['type']).toBe('result')
}

const say = (device: Device, to: string, body: string, type = 'chat', inside = '') =>
  device.send(
    `<message to="${to}" type="${type}" id="${body.length}-${++count}"><body>${body}</body>${inside}</message>`,
  )

describe.concurrent('among two', () => {
  test('a muted conversation wakes up nobody, and one that is not muted any more does (XEP-0492 §2.1)', async () => {
    const [alice, bob, carol] = [await person(), await person(), await person()]
    await enable(alice.device, alice.receiver)
    await bookmark(alice.device, bob.jid, settings('<never/>'), false)
    const other = await s.connect(alice.name, 'other')
    alice.device.disconnect()
    await say(bob.device, alice.jid, 'muted')
    await say(carol.device, alice.jid, 'from somebody else')
    await alice.receiver.nth(1)
    await bookmark(other, bob.jid, settings('<always/>'), false)
    await say(bob.device, alice.jid, 'not muted')
    await alice.receiver.nth(2)
    await other.ask(
      'set',
      `<pubsub xmlns="http://jabber.org/protocol/pubsub#owner"><delete node="${BOOKMARKS}"/></pubsub>`,
    )
    await say(bob.device, alice.jid, 'nothing is said')
    await alice.receiver.nth(3)
    expect(texts(alice.receiver)).toEqual(['from somebody else', 'not muted', 'nothing is said'])
  })

  test('each kind of client has a setting of its own (XEP-0492 §2.2)', async () => {
    const [alice, bob] = [await person(), await person()]
    const desk = receivers.use(await startPushReceiver())
    const pc = await s.connect(alice.name, 'pc')
    await enable(alice.device, alice.receiver)
    await enable(pc, desk)
    const rules =
      '<never identity-category="client" identity-type="pc"/><on-mention identity-category="client"/><always/>'
    await bookmark(alice.device, bob.jid, settings(rules), false)
    await answersAs(alice.device, 'phone')
    await answersAs(pc, 'pc')
    alice.device.disconnect()
    pc.disconnect()
    await say(bob.device, alice.jid, 'to nobody in particular')
    await say(bob.device, alice.jid, `to ${alice.name}`)
    await alice.receiver.nth(1)
    expect(texts(alice.receiver)).toEqual([`to ${alice.name}`])
    expect(desk.received).toHaveLength(0)
  })

  /** Announces capabilities as a client of this kind, and answers what the server asks about them. */
  async function answersAs(device: Device, type: string): Promise<void> {
    await device.send(
      `<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:x" ver="${type}"/></presence>`,
    )
    const question = await device.next(
      ({ name, attrs, children }) =>
        name === 'iq' && attrs['type'] === 'get' && children.toString().includes(`#${type}`),
    )
    const { id, from } = question.attrs
    await device.send(
      `<iq type="result" id="${id}" to="${from}"><query xmlns="http://jabber.org/protocol/disco#info" node="urn:x#${type}">` +
        `<identity category="client" type="${type}"/></query></iq>`,
    )
    await expect.poll(() => targetOf(device)?.identity).toEqual({ category: 'client', type })
  }
  const targetOf = ({ session }: Device) =>
    s.server.ctx.pushTargets.of(session.account.bareJid).find(({ resource }) => resource === session.jid.resourcepart)
})

describe.concurrent('in a room', () => {
  /** A room of its own for each test, whose owner is inside. */
  async function room(fields: Record<string, string>) {
    const owner = await person()
    const jid = `r${++count}@rooms.im.test`
    await enter(owner.device, jid, 'Owner')
    expect((await configure(owner.device, jid, fields)).attrs['type']).toBe('result')
    return { jid, owner, say: (body: string, inside = '') => say(owner.device, jid, body, 'groupchat', inside) }
  }

  test('whoever has bookmarked a public room hears when meant, by name, mention or reply (XEP-0492 §3)', async () => {
    const hall = await room({ publicroom: '1', membersonly: '0' })
    const [alice, gone] = [await person(), await person()]
    for (const { device, receiver } of [alice, gone]) await enable(device, receiver)
    await bookmark(alice.device, hall.jid, '<nick>Ally</nick>')
    // XEP-0402 §3: without autojoin, nobody is in the room on that person's behalf.
    await bookmark(gone.device, hall.jid, '<nick>Gone</nick>', false)
    for (const { device } of [alice, gone]) device.disconnect()
    await hall.say('nobody in particular')
    await hall.say('ally: one')
    await alice.receiver.nth(1)
    await hall.say('two', `<reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:${alice.jid}"/>`)
    await alice.receiver.nth(2)
    await hall.say('three, and gone', `<reply xmlns="urn:xmpp:reply:0" to="${hall.jid}/Ally" id="x"/>`)
    const last = await alice.receiver.nth(3)
    expect(texts(alice.receiver)).toEqual(['ally: one', 'two', 'three, and gone'])
    expect(JSON.parse(last.text)).toMatchObject({ 'last-message-sender': `${hall.jid}/Owner`, 'message-count': 3 })
    expect(gone.receiver.received).toHaveLength(0)
  })

  test('members of a private room hear of everything, but for their own words and what they have muted (XEP-0492 §3)', async () => {
    const hall = await room({ membersonly: '1' })
    const [member, muted, stranger] = [await person(), await person(), await person()]
    for (const { device, receiver } of [member, muted, stranger]) await enable(device, receiver)
    await affiliate(hall, member, 'member')
    await affiliate(hall, muted, 'member')
    await bookmark(muted.device, hall.jid, settings('<never/>'))
    // A bookmark lets nobody in (threats MU-08).
    await bookmark(stranger.device, hall.jid, settings('<always/>'))
    await enter(member.device, hall.jid, 'Member')
    const another = await s.connect(member.name, 'another')
    await enter(another, hall.jid, 'Member')
    for (const { device } of [member, muted, stranger]) device.disconnect()
    await say(another, hall.jid, 'my own words', 'groupchat')
    await hall.say('to all of us')
    await member.receiver.nth(1)
    await affiliate(hall, member, 'none')
    await hall.say('without you')
    await affiliate(hall, member, 'member')
    await hall.say('welcome back')
    await member.receiver.nth(2)
    expect(texts(member.receiver)).toEqual(['to all of us', 'welcome back'])
    expect(muted.receiver.received).toHaveLength(0)
    expect(stranger.receiver.received).toHaveLength(0)
  })

  test('one message to many is one row of the outbox, and each of them is told once', async () => {
    const hall = await room({ membersonly: '1' })
    const people = await Promise.all(Array.from({ length: 5 }, person))
    for (const one of people) {
      await enable(one.device, one.receiver)
      await affiliate(hall, one, 'member')
      one.device.disconnect()
    }
    const rows: unknown[] = []
    const { commit } = s.server.ctx.writer
    s.server.ctx.writer.commit = (entry) => {
      if (entry.archives.some(({ owner }) => owner === hall.jid)) rows.push(...(entry.outbox ?? []))
      return commit(entry)
    }
    await hall.say('all of you')
    s.server.ctx.writer.commit = commit
    expect(rows).toMatchObject([{ kind: 'wake-room', payload: { room: hall.jid } }])
    for (const { receiver } of people) await receiver.nth(1)
    // A marker: whoever had a second push would have it before this one.
    await hall.say('once more')
    for (const { receiver } of people) await receiver.nth(2)
    expect(people.map(({ receiver }) => texts(receiver))).toEqual(people.map(() => ['all of you', 'once more']))
  })

  test('what may not be read later is told to nobody who was not there (XEP-0045 §10.2)', async () => {
    const hall = await room({ membersonly: '1', enablelogging: '0' })
    const [alice, marker] = [await person(), await person()]
    await enable(alice.device, alice.receiver)
    await affiliate(hall, alice, 'member')
    alice.device.disconnect()
    await hall.say('off the record')
    await say(marker.device, alice.jid, 'marker')
    await alice.receiver.nth(1)
    expect(texts(alice.receiver)).toEqual(['marker'])
  })

  const affiliate = ({ jid, owner }: { jid: string; owner: Person }, who: Person, affiliation: string) =>
    owner.device.ask(
      'set',
      `<query xmlns="http://jabber.org/protocol/muc#admin"><item affiliation="${affiliation}" jid="${who.jid}"/></query>`,
      jid,
    )
})

test('a client that was back counts from zero, and a long absence does not count for ever (XEP-0357 §7)', async () => {
  const [alice, bob] = [await person(), await person()]
  await enable(alice.device, alice.receiver)
  alice.device.session.setActive(false)
  await say(bob.device, alice.jid, 'one')
  await alice.receiver.nth(1)
  const [target] = s.server.ctx.pushTargets.of(alice.jid)
  target!.unread = 5_000
  await say(bob.device, alice.jid, 'two')
  expect(JSON.parse((await alice.receiver.nth(2)).text)).toMatchObject({ 'message-count': 999 })
  alice.device.session.setActive(true)
  alice.device.session.setActive(false)
  await say(bob.device, alice.jid, 'three')
  expect(JSON.parse((await alice.receiver.nth(3)).text)).toMatchObject({ 'message-count': 1 })
})

test('what a suspension held back is told of when it is released (threats CL-04)', async () => {
  const [alice, bob] = [await person(), await person()]
  await enable(alice.device, alice.receiver)
  alice.device.disconnect()
  const { operations } = s.server.policy
  const { suspension } = await operations.startSuspension('admin', {
    scopes: ['service'],
    mode: 'hold',
    reason: 'a drill',
  })
  await say(bob.device, alice.jid, 'held')
  expect(s.server.ctx.pushTargets.of(alice.jid)).toMatchObject([{ unread: 0 }])
  await operations.endSuspension('admin', suspension.id)
  await alice.receiver.nth(1)
  expect(texts(alice.receiver)).toEqual(['held'])
})

test('AU-23 with another password only the client that gave it goes on hearing of messages', async () => {
  const [alice, bob] = [await person(), await person()]
  const kept = receivers.use(await startPushReceiver())
  const own = await s.connect(alice.name, 'own')
  const stolen = await enable(alice.device, alice.receiver)
  const node = await enable(own, kept)
  const { account } = own.session
  const { db, passwords, pushTargets } = s.server.ctx
  await passwords.change(account, 'a new and better secret', { keep: own.session })
  await expect.poll(() => findPushDevice(db, account.id, stolen)).toBeUndefined()
  expect(await findPushDevice(db, account.id, node)).toBeDefined()
  own.disconnect()
  await say(bob.device, alice.jid, 'hello')
  await kept.nth(1)
  expect(alice.receiver.received).toHaveLength(0)
  await passwords.change(account, 'another and better secret')
  await expect.poll(() => findPushDevice(db, account.id, node)).toBeUndefined()
  expect(pushTargets.of(alice.jid)).toEqual([])
})
