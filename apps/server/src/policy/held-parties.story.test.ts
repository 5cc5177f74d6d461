import { listAudit, listHeld } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { addUnit, administratorOf } from '../../test/people.ts'
import { hall, HALL } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device, Story } from '../../test/story.ts'

// Control §4.4: what is held is "visible to sender and reviewers only", whoever has whose name by the time of its release.

const said = (device: Device) =>
  device
    .received()
    .flatMap((text) => (/type="(group)?chat"/u.test(text) ? (/<body>(.*?)<\/body>/u.exec(text)?.[1] ?? []) : []))

const message = (to: string, body: string, id: string, type = 'chat') =>
  `<message to="${to}" type="${type}" id="${id}"><body>${body}</body><origin-id xmlns="urn:xmpp:sid:0" id="${id}"/></message>`

/** What is in somebody's archive, in its order. */
async function archived({ server }: Story<never>, bareJid: string): Promise<string[]> {
  const { rows } = await server.ctx.db.execute<{ stanza: string }>(
    `select m.stanza from archive a join message m on m.id = a.message_id where a.owner = '${bareJid}' order by a.position`,
  )
  return rows.flatMap(({ stanza }) => /<body>(.*?)<\/body>/u.exec(stanza)?.[1] ?? [])
}

async function holding() {
  const s = await story({ alice: 1, bob: 1, carol: 1 }, { doesJobs: true })
  const devices = [s.alice, s.bob, s.carol]
  for (const device of devices) await device.available()
  const { operations } = s.server.policy
  const hold = async (scope = 'messages') => {
    const wanted = { scopes: [scope], mode: 'hold' as const, reason: 'worm' }
    return (await operations.startSuspension('local:cli', wanted)).suspension.id
  }
  const end = (id: string, release: 'in-order' | 'discard' = 'in-order') =>
    operations.endSuspension('local:cli', id, release)
  return Object.assign(s, { operations, hold, end, admin: administratorOf(s.server) })
}

test('control §4.4 whoever gets the name of a recipient gets nothing that was held for that one, and its sender is told', async () => {
  await using s = await holding()
  const id = await s.hold()
  await s.alice.send(message('bob@im.test', 'for the old bob', 'm1'))
  await s.alice.send(message('carol@im.test', 'for carol', 'm2'))
  await s.admin('deleteAccount', { name: 'bob' })
  const error = await s.alice.next((element) => element.attrs['id'] === 'm1' && element.attrs['type'] === 'error')
  expect(error.getChild('error')?.getChild('discarded')?.attrs).toMatchObject({ id: 'm1', suspension: id })
  const [deleted] = await listAudit(s.server.ctx.db, 1)
  expect(deleted).toMatchObject({ action: 'delete-account', detail: { discarded: 1 } })

  const bob = await s.connect('bob')
  await bob.available()
  expect(await s.end(id)).toMatchObject({ released: 1, discarded: 0 })
  await s.alice.send(message('bob@im.test', 'for the new bob', 'm3'))
  expect(said(bob)).toEqual(['for the new bob'])
  expect(await archived(s, 'bob@im.test')).toEqual(['for the new bob'])
})

test('control §4.4 what is held of somebody whose account is deleted is not said in the name of the next one', async () => {
  await using s = await holding()
  const id = await s.hold()
  await s.alice.send(message('bob@im.test', 'of the old alice', 'm1'))
  await s.admin('deleteAccount', { name: 'alice' })
  await s.addAccount('alice')
  expect(await s.end(id)).toMatchObject({ released: 0, discarded: 0 })
  expect([said(s.bob), await archived(s, 'bob@im.test')]).toEqual([[], []])
})

test('a message that was on its way into the queue when its recipient went is dropped at the release, by the account’s id', async () => {
  await using s = await holding()
  const id = await s.hold()
  await s.alice.send(message('bob@im.test', 'late', 'm1'))
  // As if the deletion had not seen it.
  await s.server.ctx.db.execute(`delete from account where localpart = 'bob'`)
  s.server.ctx.accounts.remove('bob')
  await s.addAccount('bob')
  expect(await s.end(id)).toMatchObject({ released: 0, discarded: 1 })
  await s.alice.next((element) => element.attrs['id'] === 'm1' && element.attrs['type'] === 'error')
  expect(await archived(s, 'bob@im.test')).toEqual([])
})

test('a release counts what reaches somebody: not what was said to a room that is gone, or to whoever blocks its sender', async () => {
  await using s = await holding()
  await hall([s.alice, s.bob])
  const id = await s.hold()
  await s.bob.send(message(HALL, 'to the old room', 'g1', 'groupchat'))
  await s.alice.send(message('carol@im.test', 'unwanted', 'm1'))
  await s.bob.send(message('carol@im.test', 'welcome', 'm2'))
  await s.alice.ask('set', '<query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query>', HALL)
  await hall([s.carol])
  await s.carol.ask('set', '<block xmlns="urn:xmpp:blocking"><item jid="alice@im.test"/></block>')
  expect(await s.end(id)).toMatchObject({ released: 1, discarded: 2 })
  expect(said(s.carol)).toEqual(['welcome'])
  expect([await archived(s, 'carol@im.test'), await archived(s, HALL)]).toEqual([['welcome'], []])
  await s.bob.next((element) => element.attrs['id'] === 'g1' && element.attrs['type'] === 'error')
  await s.alice.next((element) => element.attrs['id'] === 'm1' && element.attrs['type'] === 'error')
})

test('what a hold has promised to release is not discarded by the end of the suspension that it was handed over to', async () => {
  await using s = await holding()
  const first = await s.hold()
  await s.alice.send(message('bob@im.test', 'one', 'm1'))
  const second = await s.hold()
  expect(await s.end(first)).toMatchObject({ released: 0, discarded: 0 })
  expect(await listHeld(s.server.ctx.db, second, 10)).toMatchObject([{ handedOverBy: first }])
  await s.alice.send(message('bob@im.test', 'two', 'm2'))
  expect(await s.end(second, 'discard')).toMatchObject({ released: 1, discarded: 1 })
  expect(said(s.bob)).toEqual(['one'])
  const error = await s.alice.next((element) => element.attrs['id'] === 'm2' && element.attrs['type'] === 'error')
  expect(error.getChild('error')?.getChild('discarded')?.attrs).toMatchObject({ suspension: second })
})

test('whoever leaves what a hold is about has been promised nothing: what another one keeps then, goes the way that one ends', async () => {
  await using s = await holding()
  await addUnit(s.server, 'fin', ['alice'])
  await addUnit(s.server, 'ops', ['bob'])
  const ofUnit = await s.hold('group:fin')
  await s.alice.send(message('bob@im.test', 'one', 'm1'))
  const ofBob = await s.hold('group:ops')
  await s.admin('removeUnitMember', { name: 'fin', account: 'alice' })
  await s.end(ofUnit)
  expect(await s.end(ofBob, 'discard')).toMatchObject({ released: 0, discarded: 1 })
  await s.alice.next((element) => element.attrs['id'] === 'm1' && element.attrs['type'] === 'error')
  expect([said(s.bob), await archived(s, 'bob@im.test')]).toEqual([[], []])
})
