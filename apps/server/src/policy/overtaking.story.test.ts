import { confirmTotp, listAudit, putTotp } from '@drawbridge/db'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { localSocket } from '../../test/local-socket.ts'
import { addUnit, administratorOf } from '../../test/people.ts'
import { change, hall, HALL } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device, StoryOptions } from '../../test/story.ts'
import { createFulfil } from './fulfil-request.ts'

// Control §4.4 "ordered per conversation", §4.8 "canary group first; queues drain oldest first": whoever is let out of a
// suspension that goes on is so with what they had said before.

const said = (device: Device) =>
  device
    .received()
    .flatMap((text) => (/type="(group)?chat"/u.test(text) ? (/<body>(.*?)<\/body>/u.exec(text)?.[1] ?? []) : []))

async function company(options: StoryOptions = {}) {
  const s = await story({ alice: 1, bob: 1, carol: 1 }, options)
  const { db } = s.server.ctx
  await addUnit(s.server, 'fin', ['alice', 'bob'])
  for (const device of [s.alice, s.bob, s.carol]) await device.available()
  const { operations } = s.server.policy
  const hold = async (scope: string, exemptions = {}) => {
    const wanted = { scopes: [scope], mode: 'hold' as const, reason: 'worm', exemptions }
    return (await operations.startSuspension('local:cli', wanted)).suspension.id
  }
  const say = (from: Device, to: string, body: string) =>
    from.send(`<message to="${to}@im.test" type="chat"><body>${body}</body></message>`)
  const archived = async (who: string) => {
    const { rows } = await db.execute<{ stanza: string }>(
      `select stanza from archive join message on id = message_id where owner = '${who}@im.test' and direction = 'in'
       order by position`,
    )
    return rows.map(({ stanza }) => /<body>(.*?)<\/body>/u.exec(stanza)?.[1])
  }
  const fulfil = createFulfil({ db, operations, now: s.server.ctx.now })
  const admin = administratorOf(s.server)
  const breakGlass = async (name: string) => {
    const { id } = s.server.ctx.accounts.find(name)!
    await putTotp(db, id, Buffer.from('a secret'), new Date())
    await confirmTotp(db, id, 1, new Date())
    using socket = await localSocket(s.server)
    expect((await socket.ask('PUT', `accounts/${name}/break-glass`, { isBreakGlass: true })).status).toBe(200)
  }
  return Object.assign(s, { operations, hold, say, archived, fulfil, admin, breakGlass })
}

test('canaries come back with what they had said, in its order; the rest waits for the end', async () => {
  await using s = await company()
  const id = await s.hold('messages')
  await s.say(s.alice, 'bob', 'CAN-1')
  await s.say(s.carol, 'bob', 'REST-1')
  await s.say(s.alice, 'carol', 'CAN-2')
  const canary = { units: ['fin'], minutes: 5 }
  expect(await s.fulfil.end('local:cli', id, { release: 'in-order', canary })).toMatchObject({ released: 2 })
  await s.say(s.alice, 'bob', 'CAN-3')
  await s.say(s.alice, 'carol', 'CAN-4')
  await s.say(s.carol, 'bob', 'REST-2')
  expect([said(s.bob), said(s.carol)]).toEqual([
    ['CAN-1', 'CAN-3'],
    ['CAN-2', 'CAN-4'],
  ])
  const [begun] = (await listAudit(s.server.ctx.db, 20)).filter(({ action }) => action === 'begin-ending')
  expect(begun?.detail).toMatchObject({ released: 2, discarded: 0 })
  expect(await s.operations.endSuspension('local:cli', id)).toMatchObject({ released: 2 })
  expect(said(s.bob)).toEqual(['REST-1', 'REST-2'])
  expect(await s.archived('bob')).toEqual(['CAN-1', 'CAN-3', 'REST-1', 'REST-2'])
  expect(await s.archived('carol')).toEqual(['CAN-2', 'CAN-4'])
})

test('an end that discards leaves what canaries had said to itself', async () => {
  await using s = await company()
  const id = await s.hold('messages')
  await s.say(s.alice, 'bob', 'CAN-1')
  const canary = { units: ['fin'], minutes: 5 }
  expect(await s.fulfil.end('local:cli', id, { release: 'discard', canary })).toMatchObject({ released: 0 })
  expect(await s.operations.endSuspension('local:cli', id, 'discard')).toMatchObject({ released: 0, discarded: 1 })
  expect(said(s.bob)).toEqual([])
})

test('whoever is exempted is so with what they had said; another suspension that keeps it takes it over', async () => {
  await using s = await company()
  const id = await s.hold('messages')
  const change = (account: string) =>
    s.operations.changeSuspension('local:cli', id, 'exempt-suspension', () => ({ exemptions: { accounts: [account] } }))
  await s.say(s.carol, 'bob', 'A-1')
  await s.say(s.alice, 'carol', 'B-1')
  expect(await change('carol')).toMatchObject({ released: 1 })
  await s.say(s.carol, 'bob', 'A-2')
  expect([said(s.bob), await s.archived('bob')]).toEqual([
    ['A-1', 'A-2'],
    ['A-1', 'A-2'],
  ])
  const unit = await s.hold('group:fin')
  expect(await change('alice')).toMatchObject({ released: 0 })
  expect(said(s.carol)).toEqual([])
  expect(await s.operations.endSuspension('local:cli', unit)).toMatchObject({ released: 1 })
  expect(said(s.carol)).toEqual(['B-1'])
})

test('whoever leaves a unit that is on hold does so with what they had said, and with what was said to them', async () => {
  await using s = await company()
  const id = await s.hold('group:fin')
  await s.say(s.alice, 'carol', 'OUT-1')
  await s.say(s.carol, 'alice', 'IN-1')
  await s.say(s.carol, 'bob', 'STAYS')
  await s.admin('removeUnitMember', { name: 'fin', account: 'alice' })
  await s.say(s.alice, 'carol', 'OUT-2')
  await s.say(s.carol, 'alice', 'IN-2')
  expect([said(s.carol), said(s.alice), said(s.bob)]).toEqual([['OUT-1', 'OUT-2'], ['IN-1', 'IN-2'], []])
  expect(await s.archived('carol')).toEqual(['OUT-1', 'OUT-2'])
  expect(await s.archived('alice')).toEqual(['IN-1', 'IN-2'])
  expect(await s.operations.endSuspension('local:cli', id)).toMatchObject({ released: 1 })
})

test('whoever becomes a break-glass account is so with what they had said, and with what was said to them', async () => {
  await using s = await company()
  const id = await s.hold('messages')
  const unit = await s.hold('group:fin')
  await s.say(s.alice, 'carol', 'OUT-1')
  await s.say(s.carol, 'alice', 'IN-1')
  await s.say(s.bob, 'carol', 'STAYS')
  await s.breakGlass('alice')
  await s.say(s.alice, 'carol', 'OUT-2')
  await s.say(s.alice, 'bob', 'OUT-3')
  expect([said(s.carol), said(s.bob), said(s.alice)]).toEqual([['OUT-1', 'OUT-2'], ['OUT-3'], []])
  expect(await s.archived('carol')).toEqual(['OUT-1', 'OUT-2'])
  // By whom, beside what else was done.
  const entries = (await listAudit(s.server.ctx.db, 10)).reverse()
  expect(entries.filter(({ actor }) => actor === 'local:cli').slice(-2)).toMatchObject([
    { action: 'grant-break-glass', target: 'alice@im.test' },
    { action: 'free-held', target: unit, detail: { released: 1 } },
  ])
  // All messages are on hold, also those to her; those of her unit are, but not those to her.
  expect(await s.operations.endSuspension('local:cli', id)).toMatchObject({ released: 1 })
  expect(said(s.alice)).toEqual(['IN-1'])
  expect(await s.operations.endSuspension('local:cli', unit)).toMatchObject({ released: 1 })
  expect(said(s.carol)).toEqual(['STAYS'])
})

test('a break-glass account does not vouch for what was said in its name outside of its networks', async () => {
  await using s = await company({ settings: { policy: { breakGlassNetworks: '10.0.0.0/8' } } })
  const id = await s.hold('messages')
  await s.say(s.alice, 'carol', 'FROM OUTSIDE')
  await s.breakGlass('alice')
  await s.say(s.alice, 'carol', 'AGAIN')
  expect(said(s.carol)).toEqual([])
  expect(await s.operations.endSuspension('local:cli', id)).toMatchObject({ released: 2 })
  expect(said(s.carol)).toEqual(['FROM OUTSIDE', 'AGAIN'])
})

test('whoever comes into an incident room does so with what they had said there, and nowhere else', async () => {
  await using s = await company()
  await hall([s.alice, s.bob, s.carol])
  const id = await s.hold('messages', { rooms: [HALL] })
  const sayThere = (body: string) => s.bob.send(`<message to="${HALL}" type="groupchat"><body>${body}</body></message>`)
  await sayThere('ROOM-1')
  await s.say(s.bob, 'carol', 'ALONE')
  expect(said(s.carol)).toEqual([])
  await change(s.alice, '<item jid="bob@im.test" affiliation="member"/>')
  await sayThere('ROOM-2')
  expect([said(s.carol), said(s.alice)]).toEqual([
    ['ROOM-1', 'ROOM-2'],
    ['ROOM-1', 'ROOM-2'],
  ])
  // As long as he belongs there: nothing is looked at again when somebody who does becomes more than that, or less.
  const { epoch } = s.server.ctx.gate
  await change(s.alice, '<item jid="bob@im.test" affiliation="admin"/>')
  await change(s.alice, '<item jid="bob@im.test" affiliation="none"/>')
  expect(s.server.ctx.gate.epoch).toBe(epoch)
  await sayThere('ROOM-3')
  expect(await s.operations.endSuspension('local:cli', id)).toMatchObject({ released: 2 })
  expect(said(s.carol)).toEqual(['ALONE', 'ROOM-3'])
})

test('what is let out on one node reaches those who are on another', async () => {
  await using database = await testDatabase()
  await using here = await company({ database })
  await here.addAccount('dave')
  await using there = await story({ dave: 1 }, { database })
  await there.dave.available()
  await here.hold('messages')
  await here.say(here.alice, 'dave', 'one')
  await here.say(here.alice, 'dave', 'two')
  await here.breakGlass('alice')
  await there.dave.next((element) => element.getChildText('body') === 'two')
  expect(said(there.dave)).toEqual(['one', 'two'])
})
