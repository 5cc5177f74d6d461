import { C2S_LIMITS, NS_MUC_USER, parseElement } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { expect } from 'vitest'
import type { Device } from './story.ts'

/** What the room says about an occupant in a presence, or about itself in a message. */
export interface RoomWord {
  readonly affiliation: string | undefined
  readonly role: string | undefined
  readonly jid: string | undefined
  readonly nick: string | undefined
  readonly reason: string | undefined
  readonly codes: readonly string[]
}

export function roomOf(stanza: Element): RoomWord {
  const x = stanza.getChild('x', NS_MUC_USER)
  const item = x?.getChild('item')
  return {
    affiliation: item?.attrs['affiliation'],
    role: item?.attrs['role'],
    jid: item?.attrs['jid'],
    nick: item?.attrs['nick'],
    reason: item?.getChildText('reason'),
    codes: x?.getChildren('status').map(({ attrs }) => attrs['code'] ?? '') ?? [],
  }
}

/** Enters a room and returns one's own presence there. What came with it stays in `received()`. */
export async function enter(device: Device, room: string, nick: string, join = ''): Promise<Element> {
  device.received()
  await device.send(`<presence to="${room}/${nick}"><x xmlns="http://jabber.org/protocol/muc">${join}</x></presence>`)
  const answer = await device.next(
    (element) =>
      element.name === 'presence' &&
      element.attrs['from'] === `${room}/${nick}` &&
      (element.attrs['type'] === 'error' || roomOf(element).codes.includes('110')),
  )
  expect(answer.attrs['type']).toBeUndefined()
  return answer
}

/** The condition of a stanza that is an error. */
export function conditionOf(stanza: Element): string | undefined {
  return stanza.getChild('error')?.getChildElements()[0]?.name
}

/** Takes a new room as it is (§10.1.2). */
export async function accept(device: Device, room: string): Promise<void> {
  await configure(device, room, {})
}

/** Submits the configuration form with these fields (§10.2). */
export async function configure(device: Device, room: string, fields: Record<string, string | readonly string[]>) {
  const list = Object.entries(fields).map(([name, value]) => {
    const values = (typeof value === 'string' ? [value] : value).map((text) => `<value>${text}</value>`).join('')
    const prefix = name.includes('#') ? '' : 'muc#roomconfig_'
    return `<field var="${prefix}${name}">${values}</field>`
  })
  const form =
    `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE">` +
    `<value>http://jabber.org/protocol/muc#roomconfig</value></field>${list.join('')}</x>`
  return device.ask('set', `<query xmlns="http://jabber.org/protocol/muc#owner">${form}</query>`, room)
}

/** Asks for a change or a list by `muc#admin` (§8, §9). */
export function admin(device: Device, room: string, type: 'get' | 'set', items: string): Promise<Element> {
  return device.ask(type, `<query xmlns="http://jabber.org/protocol/muc#admin">${items}</query>`, room)
}

/** The room that most stories are about. */
export const HALL = 'hall@rooms.im.test'

/** Makes the hall, configured so, with these people in it; the first one is its owner. Nicks are the names, capitalized. */
export async function hall(devices: readonly Device[], fields: Parameters<typeof configure>[2] = {}): Promise<void> {
  const [owner, ...others] = devices
  if (!owner) throw new Error('a hall has an owner')
  await enter(owner, HALL, nickOf(owner))
  expect((await configure(owner, HALL, fields)).attrs['type']).toBe('result')
  for (const device of others) await enter(device, HALL, nickOf(device))
  for (const device of devices) device.received()
}

/** `Alice` for alice. */
export function nickOf({ jid }: Device): string {
  return `${jid.slice(0, 1).toUpperCase()}${jid.slice(1, jid.indexOf('@'))}`
}

/** Sends an affiliation or role change that must succeed. */
export async function change(device: Device, item: string): Promise<void> {
  const answer = await admin(device, HALL, 'set', item)
  expect(answer.attrs['type'], answer.toString()).toBe('result')
}

/** Sends something and returns the error that comes back. */
export async function refusalOf(device: Device, stanza: string): Promise<string | undefined> {
  device.received()
  await device.send(stanza)
  return conditionOf(await device.next(({ attrs }) => attrs['type'] === 'error'))
}

/** Presences that a device got since the last look, as what the room said in them. */
export function presences(device: Device): (RoomWord & { readonly from: string; readonly type: string | undefined })[] {
  return device
    .received()
    .filter((text) => text.startsWith('<presence'))
    .map((text) => parseElement(text.replace('<presence', '<presence xmlns="jabber:client"'), C2S_LIMITS))
    .map((element) => ({ ...roomOf(element), from: element.attrs['from'] ?? '', type: element.attrs['type'] }))
}
