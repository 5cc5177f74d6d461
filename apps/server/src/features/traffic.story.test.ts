import type { TrafficCount, TrafficKind } from '@drawbridge/contract'
import { listTraffic } from '@drawbridge/db'
import type { TrafficTotal } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { addUnit, administratorOf } from '../../test/people.ts'
import { accept, enter } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import { CLEAN, png, slotFor, uploads } from '../../test/uploads.ts'
import type { BuiltServer } from '../server.ts'

const DAY_MS = 86_400_000
const HALL = 'hall@rooms.im.test'
const chat = (to: string, body = 'hello') => `<message to="${to}" type="chat"><body>${body}</body></message>`

/** What was counted until now, the most first; only these counts, those of nothing left out. */
async function counted({ ctx }: BuiltServer, kind: TrafficKind, order: TrafficCount = 'messages') {
  await ctx.traffic.flush()
  const now = ctx.now().getTime()
  const span = { from: new Date(now - DAY_MS), until: new Date(now + DAY_MS) }
  const rows = await listTraffic(ctx.db, { ...span, kind, order, limit: 10 })
  const isTold = ([name, value]: [string, unknown]) =>
    name !== 'id' && name !== 'bytes' && value !== 0 && value !== false
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(isTold))) as Partial<TrafficTotal>[]
}

test('what is sent is counted by sender, room and hour, and what is no message is not (control §2, row 4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send(chat('bob@im.test', 'one'))
  await s.alice.send(chat('bob@im.test', 'two'))
  await s.bob.send(chat('alice@im.test', 'three'))
  await s.alice.send(
    `<message to="bob@im.test" type="chat"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`,
  )
  await s.alice.ask('set', '<query xmlns="jabber:iq:roster"><item jid="bob@im.test"/></query>')
  expect(await counted(s.server, 'account')).toEqual([
    { subject: 'alice', messages: 2 },
    { subject: 'bob', messages: 1 },
  ])
  expect(await counted(s.server, 'service')).toEqual([{ subject: '', messages: 3 }])
  expect(await counted(s.server, 'unit')).toEqual([])
  const { rows } = await administratorOf(s.server)('listTraffic', {}, undefined, {})
  expect(rows[0]?.bytes).toBeGreaterThan(100)

  // A second batch of the same hour is added to the first.
  await s.alice.send(chat('bob@im.test', 'four'))
  expect((await counted(s.server, 'account'))[0]).toEqual({ subject: 'alice', messages: 3 })
})

test('what a unit sent stays what it was when somebody moves to another one', async () => {
  let at = Date.parse('2026-11-23T10:59:00Z')
  await using s = await story({ alice: 1, bob: 1 }, { now: () => new Date(at) })
  const admin = administratorOf(s.server)
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  await addUnit(s.server, 'research', [])
  await s.alice.send(chat('bob@im.test'))
  await s.bob.send(chat('alice@im.test'))

  at += 120_000
  await admin('removeUnitMember', { name: 'sales', account: 'alice' })
  await admin('addUnitMembers', { name: 'research' }, { members: ['alice'] })
  await s.alice.send(chat('bob@im.test'))
  await s.alice.send(chat('bob@im.test'))
  await s.alice.send(chat('bob@im.test'))

  expect(await counted(s.server, 'unit')).toEqual([
    { subject: 'research', messages: 3 },
    { subject: 'sales', messages: 2 },
  ])
  const hours = async (subject: string) =>
    (await admin('listTrafficHours', {}, undefined, { by: 'unit', subject })).rows.map(({ hour, messages }) => [
      hour.slice(11, 13),
      messages,
    ])
  expect(await hours('sales')).toEqual([['10', 2]])
  expect(await hours('research')).toEqual([['11', 3]])

  // A unit of the same name is another one, and what the first one sent is not forgotten.
  await admin('deleteUnit', { name: 'research' })
  await addUnit(s.server, 'research', ['alice'])
  await s.alice.send(chat('bob@im.test'))
  expect(await counted(s.server, 'unit')).toEqual([
    { subject: 'research', messages: 3, isFormer: true },
    { subject: 'sales', messages: 2 },
    { subject: 'research', messages: 1 },
  ])
  expect(await hours('research')).toEqual([['11', 1]])
})

test('whoever gets the name of an account or a room that is gone begins at nothing', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const admin = administratorOf(s.server)
  const talk = async () => {
    await enter(s.bob, HALL, 'Bob')
    await accept(s.bob, HALL)
    await s.bob.send(`<message to="${HALL}" type="groupchat"><body>hello</body></message>`)
  }
  await s.alice.send(chat('bob@im.test'))
  await s.alice.send(chat('bob@im.test'))
  await talk()
  await admin('deleteAccount', { name: 'alice' })
  await s.bob.ask('set', `<query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query>`, HALL)
  expect(await counted(s.server, 'room')).toEqual([{ subject: HALL, messages: 1, isFormer: true }])

  const other = await s.connect('alice')
  await other.send(chat('bob@im.test'))
  await talk()
  expect(await counted(s.server, 'account')).toEqual([
    { subject: 'alice', messages: 2, isFormer: true },
    { subject: 'bob', messages: 2 },
    { subject: 'alice', messages: 1 },
  ])
  const rooms = await counted(s.server, 'room')
  expect(rooms).toHaveLength(2)
  expect(rooms).toEqual(
    expect.arrayContaining([
      { subject: HALL, messages: 1, isFormer: true },
      { subject: HALL, messages: 1 },
    ]),
  )

  // By name it is whoever has it now; the other one still has an id.
  const { rows } = await admin('listTraffic', {}, undefined, { by: 'account' })
  const former = rows.find(({ isFormer }) => isFormer)!
  const hours = async (subject: string) => {
    const answer = await admin('listTrafficHours', {}, undefined, { by: 'account', subject })
    return answer.rows.reduce((sum, { messages }) => sum + messages, 0)
  }
  expect(await hours('alice')).toBe(1)
  expect(await hours(former.id)).toBe(2)
})

test('a call is counted by who accepts it, as what it carries is not seen here (XEP-0166 §6.5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  for (const device of [s.alice, s.bob]) await device.available()
  await s.bob.send(`<presence to="${s.alice.jid}"/>`)
  await s.alice.send(`<presence to="${s.bob.jid}"/>`)
  const jingle = (action: string, to: string) =>
    `<iq type="set" id="${action}" to="${to}"><jingle xmlns="urn:xmpp:jingle:1" action="${action}" sid="call"/></iq>`
  await s.alice.send(jingle('session-initiate', s.bob.jid))
  await s.bob.send(jingle('session-accept', s.alice.jid))
  await s.bob.send(jingle('session-accept', 'alice@im.test/nowhere'))
  expect(await counted(s.server, 'account')).toEqual([{ subject: 'bob', calls: 1 }])
  expect(await counted(s.server, 'service')).toEqual([{ subject: '', calls: 1 }])
})

test('files are counted as they come and as they go, by who sent and who reads them, by room and by format', async () => {
  await using u = await uploads()
  const bob = await u.connect('bob')
  await addUnit(u.server, 'sales', ['alice'])
  for (const [device, nick] of [
    [u.alice, 'Alice'],
    [bob, 'Bob'],
  ] as const) {
    await enter(device, HALL, nick)
    if (device === u.alice) await accept(device, HALL)
  }
  const picture = png('with a long text that nobody needs')
  const slot = await slotFor(u.alice, 'a.png', picture, 'image/png')
  expect((await u.fetch('PUT', slot.url, picture, slot.headers)).status).toBe(201)
  const text = Buffer.from('what it says')
  const note = await slotFor(u.alice, 'a.txt', text, 'text/plain')
  expect((await u.fetch('PUT', note.url, text, note.headers)).status).toBe(201)
  const broken = png('broken')
  const third = await slotFor(u.alice, 'b.png', broken, 'image/png')
  expect((await u.fetch('PUT', third.url, broken, third.headers)).status).toBe(422)

  bob.received()
  await u.alice.send(`<message to="${HALL}" type="groupchat"><body>${slot.getUrl}</body></message>`)
  const said = await bob.next((element) => element.getChildText('body')?.includes('/upload/') === true)
  const link = said.getChildText('body')!
  expect((await u.fetch('GET', link)).status).toBe(200)
  // The rest of a file is not another one; what a browser has already is not read again.
  expect((await u.fetch('GET', link, undefined, { range: 'bytes=10-' })).status).toBe(206)
  expect((await u.fetch('HEAD', link)).status).toBe(200)

  const sent = {
    uploads: 3,
    uploadBytes: picture.length + text.length + broken.length,
    imageUploads: 2,
    imageUploadBytes: picture.length + broken.length,
  }
  const bytes = 2 * CLEAN.length - 10
  const read = { downloads: 1, downloadBytes: bytes, imageDownloads: 1, imageDownloadBytes: bytes }
  const message = { messages: 1, files: 1, images: 1 }
  expect(await counted(u.server, 'account')).toEqual([
    { subject: 'alice', ...message, ...sent },
    { subject: 'bob', ...read },
  ])
  expect(await counted(u.server, 'unit')).toEqual([{ subject: 'sales', ...message, ...sent }])
  expect(await counted(u.server, 'service')).toEqual([{ subject: '', ...message, ...sent, ...read }])
  const shared = { uploads: 1, uploadBytes: CLEAN.length, imageUploads: 1, imageUploadBytes: CLEAN.length }
  await expect.poll(() => counted(u.server, 'room')).toEqual([{ subject: HALL, ...message, ...shared, ...read }])
  expect(await counted(u.server, 'format', 'uploadBytes')).toEqual([
    {
      ...{ subject: 'png', ...message, ...read },
      ...{ uploads: 1, uploadBytes: picture.length, imageUploads: 1, imageUploadBytes: picture.length },
    },
    { subject: 'file', uploads: 1, uploadBytes: text.length },
  ])
})
