import { updateAccount } from '@drawbridge/db'
import { NS_COMMANDS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Device, Story } from './story.ts'

export const ADMIN = 'http://jabber.org/protocol/admin'

/** Makes alice an administrator, or takes it back. */
export async function makeAdmin(s: Story<'alice'>, isAdmin = true): Promise<void> {
  const { db, accounts } = s.server.ctx
  accounts.put((await updateAccount(db, 'alice', { isAdmin }))!)
}

export const execute = (device: Device, name: string, to = 'im.test') =>
  device.ask('set', `<command xmlns="${NS_COMMANDS}" node="${ADMIN}#${name}" action="execute"/>`, to)

export const submit = (
  device: Device,
  name: string,
  session: string,
  fields: Record<string, string[]>,
  to = 'im.test',
) =>
  device.ask(
    'set',
    `<command xmlns="${NS_COMMANDS}" node="${ADMIN}#${name}" sessionid="${session}"><x xmlns="jabber:x:data" type="submit">${Object.entries(
      { FORM_TYPE: [ADMIN], ...fields },
    )
      .map(([key, values]) => `<field var="${key}">${values.map((v) => `<value>${v}</value>`).join('')}</field>`)
      .join('')}</x></command>`,
    to,
  )

/** Executes a command with its form filled in. */
export async function run(
  device: Device,
  name: string,
  fields: Record<string, string[]>,
  to = 'im.test',
): Promise<Element> {
  const first = await execute(device, name, to)
  return submit(device, name, first.getChild('command', NS_COMMANDS)?.attrs['sessionid'] ?? '', fields, to)
}

export const statusOf = (reply: Element) => reply.getChild('command', NS_COMMANDS)?.attrs['status']
export const noteOf = (reply: Element) => reply.getChild('command', NS_COMMANDS)?.getChildText('note')
export const errorOf = (reply: Element) =>
  reply
    .getChild('error')
    ?.getChildElements()
    .map((child) => child.getName())
export const fieldOf = (reply: Element, name: string) =>
  reply
    .getChild('command', NS_COMMANDS)
    ?.getChild('x', 'jabber:x:data')
    ?.getChildren('field')
    .find(({ attrs }) => attrs['var'] === name)
    ?.getChildren('value')
    .map((value) => value.getText())
