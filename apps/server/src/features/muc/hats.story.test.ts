// XEP-0317: who is what in a room beyond role and affiliation.
import type { Element } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { conditionOf, HALL, hall } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { loadRooms } from './rooms.ts'

const HOST = 'urn:example:host'
const COMMANDS = 'http://jabber.org/protocol/commands'

/** Executes a command of the hall, with this form filled in or without one. */
function run(device: Device, node: string, values?: Readonly<Record<string, string>>): Promise<Element> {
  const fields = Object.entries({ FORM_TYPE: 'urn:xmpp:hats:commands', ...values })
  const list = fields.map(([name, value]) => `<field var="${name}"><value>${value}</value></field>`).join('')
  const form = values ? `<x xmlns="jabber:x:data" type="submit">${list}</x>` : ''
  const command = `<command xmlns="${COMMANDS}" node="urn:xmpp:hats:commands:${node}">${form}</command>`
  return device.ask('set', command, HALL)
}

const statusOf = (answer: Element) => answer.getChild('command')?.attrs['status']
const formOf = (answer: Element) => answer.getChild('command')?.getChild('x')
/** What a command lists: the values of each row, in their order. */
const rowsOf = (answer: Element) =>
  formOf(answer)
    ?.getChildren('item')
    .map((item) => item.getChildren('field').map((field) => field.getChildText('value')))
/** The hats on the latest presence that a device got. */
const hatsOn = async (device: Device) => {
  const presence = await device.next(({ name }) => name === 'presence')
  device.received()
  const hats = presence.getChild('hats', 'urn:xmpp:hats:0')
  return hats?.getChildren('hat').map(({ attrs }) => attrs)
}

test('an admin makes a hat and gives it; everybody sees it, changed and taken away (XEP-0317 §3, §4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  const host = { 'hats#uri': HOST, 'hats#title': 'Host', 'hats#hue': '210.5' }
  expect(statusOf(await run(s.alice, 'create', host))).toBe('completed')
  const bob = { 'hats#jid': 'bob@im.test', 'hats#uri': HOST }
  expect(statusOf(await run(s.alice, 'assign', bob))).toBe('completed')
  expect(await hatsOn(s.bob)).toEqual([{ uri: HOST, title: 'Host', hue: '210.5' }])
  // A hat that is changed is changed on every head.
  await run(s.alice, 'create', { 'hats#uri': HOST, 'hats#title': 'Gastgeber' })
  expect(await hatsOn(s.bob)).toEqual([{ uri: HOST, title: 'Gastgeber' }])
  expect(rowsOf(await run(s.alice, 'list'))).toEqual([[HOST, 'Gastgeber']])
  expect(rowsOf(await run(s.alice, 'list-assigned'))).toEqual([['bob@im.test', HOST, 'Gastgeber']])
  await run(s.alice, 'unassign', bob)
  expect(await hatsOn(s.bob)).toBeUndefined()
  await run(s.alice, 'assign', bob)
  await hatsOn(s.bob)
  await run(s.alice, 'destroy', { 'hats#uri': HOST })
  expect(await hatsOn(s.bob)).toBeUndefined()
  for (const node of ['list', 'list-assigned']) expect(rowsOf(await run(s.alice, node))).toEqual([])
})

test('hats are there after a restart, and go with whoever wore them (XEP-0317 §4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await run(s.alice, 'create', { 'hats#uri': HOST, 'hats#title': 'Host', 'hats#hue': '0' })
  await run(s.alice, 'assign', { 'hats#jid': 'bob@im.test', 'hats#uri': HOST })
  await loadRooms(s.server.ctx)
  expect(rowsOf(await run(s.alice, 'list-assigned'))).toEqual([['bob@im.test', HOST, 'Host', '0']])
  await s.server.ctx.removeAccount(s.bob.session.account)
  expect(rowsOf(await run(s.alice, 'list-assigned'))).toEqual([])
  expect(rowsOf(await run(s.alice, 'list'))).toEqual([[HOST, 'Host', '0']])
})

test('MU-01: hats are given by admins, and the commands shown to them only (XEP-0317 §2, §4, XEP-0050 §2.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  for (const to of [HALL, 'rooms.im.test']) {
    const info = await s.bob.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', to)
    expect(info.toString()).toContain('<feature var="urn:xmpp:hats:0"/>')
  }
  const listed = async (device: Device) =>
    (await device.ask('get', `<query xmlns="http://jabber.org/protocol/disco#items" node="${COMMANDS}"/>`, HALL))
      .getChild('query')
      ?.getChildren('item').length
  expect([await listed(s.alice), await listed(s.bob)]).toEqual([8, 0])
  for (const node of ['create', 'destroy', 'list', 'assign', 'unassign', 'list-assigned', 'don', 'doff', 'other']) {
    expect(conditionOf(await run(s.bob, node)), node).toBe('forbidden')
  }
  expect(conditionOf(await run(s.alice, 'other'))).toBe('item-not-found')
})

test('a client of before fills in the form of before, with the hats of the room to choose from (XEP-0317 0.2 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await run(s.alice, 'create', { 'hats#uri': HOST, 'hats#title': 'Host' })
  const asked = await run(s.alice, 'don')
  expect(statusOf(asked)).toBe('executing')
  expect(formOf(asked)?.toString()).toContain(`<option label="Host"><value>${HOST}</value></option>`)
  expect(statusOf(await run(s.alice, 'don', { accountjid: 'bob@im.test', hat: HOST }))).toBe('completed')
  expect(await hatsOn(s.bob)).toEqual([{ uri: HOST, title: 'Host' }])
  await run(s.alice, 'doff', { accountjid: 'bob@im.test', hat: HOST })
  expect(await hatsOn(s.bob)).toBeUndefined()
})

test('what is no hat of the room, no address and no color is refused (XEP-0317 §4)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice])
  const host = { 'hats#uri': HOST, 'hats#title': 'Host' }
  for (const [node, values, condition] of [
    ['create', { ...host, 'hats#uri': 'no uri' }, 'bad-request'],
    ['create', { ...host, 'hats#title': '' }, 'bad-request'],
    ['create', { ...host, 'hats#title': 'x'.repeat(257) }, 'bad-request'],
    ['create', { ...host, 'hats#hue': '361' }, 'bad-request'],
    ['create', { ...host, 'hats#hue': 'red' }, 'bad-request'],
    ['assign', { 'hats#jid': 'im.test', 'hats#uri': HOST }, 'bad-request'],
    ['assign', { 'hats#jid': 'bob@im.test', 'hats#uri': HOST }, 'item-not-found'],
    ['destroy', { 'hats#uri': HOST }, 'item-not-found'],
  ] as const) {
    expect(conditionOf(await run(s.alice, node, values)), `${node} ${JSON.stringify(values)}`).toBe(condition)
  }
})
