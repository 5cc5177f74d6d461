import { listAudit } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { addUnit, administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'
import { createFulfil } from './fulfil-request.ts'

// Control §4.4 "ordered per conversation", §4.8 "canary group first; queues drain oldest first": whoever is let out of a
// suspension that goes on is so with what they had said before.

const said = (device: Device) =>
  device
    .received()
    .flatMap((text) => (text.includes('type="chat"') ? (/<body>(.*?)<\/body>/u.exec(text)?.[1] ?? []) : []))

async function company() {
  const s = await story({ alice: 1, bob: 1, carol: 1 })
  const { db } = s.server.ctx
  await addUnit(s.server, 'fin', ['alice', 'bob'])
  for (const device of [s.alice, s.bob, s.carol]) await device.available()
  const { operations } = s.server.policy
  const hold = async (scope: string) => {
    const wanted = { scopes: [scope], mode: 'hold' as const, reason: 'worm' }
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
  return Object.assign(s, { operations, hold, say, archived, fulfil, admin: administratorOf(s.server) })
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
