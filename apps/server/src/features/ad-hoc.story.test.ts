import { listAudit, updateAccount } from '@drawbridge/db'
import { NS_COMMANDS, NS_DISCO_INFO, NS_DISCO_ITEMS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { describe, expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device, Story } from '../../test/story.ts'

const ADMIN = 'http://jabber.org/protocol/admin'

async function makeAdmin(s: Story<'alice'>, isAdmin = true): Promise<void> {
  const { db, accounts } = s.server.ctx
  accounts.put((await updateAccount(db, 'alice', { isAdmin }))!)
}

const execute = (device: Device, name: string, to = 'im.test') =>
  device.ask('set', `<command xmlns="${NS_COMMANDS}" node="${ADMIN}#${name}" action="execute"/>`, to)

const submit = (device: Device, name: string, session: string, fields: Record<string, string[]>, to = 'im.test') =>
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
async function run(device: Device, name: string, fields: Record<string, string[]>, to = 'im.test'): Promise<Element> {
  const first = await execute(device, name, to)
  return submit(device, name, first.getChild('command', NS_COMMANDS)?.attrs['sessionid'] ?? '', fields, to)
}

const statusOf = (reply: Element) => reply.getChild('command', NS_COMMANDS)?.attrs['status']
const noteOf = (reply: Element) => reply.getChild('command', NS_COMMANDS)?.getChildText('note')
const errorOf = (reply: Element) =>
  reply
    .getChild('error')
    ?.getChildElements()
    .map((child) => child.getName())
const fieldOf = (reply: Element, name: string) =>
  reply
    .getChild('command', NS_COMMANDS)
    ?.getChild('x', 'jabber:x:data')
    ?.getChildren('field')
    .find(({ attrs }) => attrs['var'] === name)
    ?.getChildren('value')
    .map((value) => value.getText())

describe('XEP-0050 commands', () => {
  test('an administrator finds the commands at the server and at her own address (XEP-0050 §2.2, XEP-0133 §2)', async () => {
    await using s = await story({ alice: 1 })
    await makeAdmin(s)
    for (const to of ['im.test', 'alice@im.test']) {
      const reply = await s.alice.ask('get', `<query xmlns="${NS_DISCO_ITEMS}" node="${NS_COMMANDS}"/>`, to)
      const items = reply.getChild('query', NS_DISCO_ITEMS)!.getChildren('item')
      expect(items.map(({ attrs }) => attrs['node'])).toContain(`${ADMIN}#add-user`)
      expect(new Set(items.map(({ attrs }) => attrs['jid']))).toEqual(new Set([to]))
      const info = await s.alice.ask('get', `<query xmlns="${NS_DISCO_INFO}" node="${ADMIN}#add-user"/>`, to)
      expect(info.toString()).toContain('category="automation" type="command-node" name="Add User"')
    }
  })

  test('SP-15 adhoc-commands: who is no administrator sees an empty list and may execute none (XEP-0133 §2)', async () => {
    await using s = await story({ alice: 1 })
    for (const to of ['im.test', 'alice@im.test']) {
      const list = await s.alice.ask('get', `<query xmlns="${NS_DISCO_ITEMS}" node="${NS_COMMANDS}"/>`, to)
      expect(list.toString()).not.toContain(ADMIN)
      const info = await s.alice.ask('get', `<query xmlns="${NS_DISCO_INFO}" node="${ADMIN}#add-user"/>`, to)
      expect(errorOf(info)).toEqual(['item-not-found'])
      for (const { node } of s.server.ctx.commands.filter((command) => command.node.startsWith(ADMIN))) {
        const reply = await s.alice.ask('set', `<command xmlns="${NS_COMMANDS}" node="${node}"/>`, to)
        expect([node, errorOf(reply)]).toEqual([node, ['forbidden']])
      }
    }
  })

  test('SP-15 adhoc-commands: a right that was taken back between two steps is gone', async () => {
    await using s = await story({ alice: 1 })
    await makeAdmin(s)
    const first = await execute(s.alice, 'add-user')
    await makeAdmin(s, false)
    const session = first.getChild('command', NS_COMMANDS)!.attrs['sessionid']!
    const reply = await submit(s.alice, 'add-user', session, { accountjid: ['mallory@im.test'] })
    expect(errorOf(reply)).toEqual(['forbidden'])
    expect(s.server.ctx.accounts.find('mallory')).toBeUndefined()
  })

  test('a command shows its form, and can be canceled (XEP-0050 §3.2, §4.4)', async () => {
    await using s = await story({ alice: 1 })
    await makeAdmin(s)
    const reply = await execute(s.alice, 'add-user')
    expect(statusOf(reply)).toBe('executing')
    const command = reply.getChild('command', NS_COMMANDS)!
    expect(command.getChild('actions')!.toString()).toBe('<actions execute="complete"><complete/></actions>')
    const { node, sessionid } = command.attrs
    const canceled = await s.alice.ask(
      'set',
      `<command xmlns="${NS_COMMANDS}" node="${node}" sessionid="${sessionid}" action="cancel"/>`,
      'im.test',
    )
    expect(statusOf(canceled)).toBe('canceled')
    const late = await submit(s.alice, 'add-user', sessionid!, { accountjid: ['bob@im.test'] })
    expect(errorOf(late)).toEqual(['bad-request', 'bad-sessionid'])
  })

  test('a request that makes no sense says what is wrong with it (XEP-0050 §4.4)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    const ask = (attrs: string) => s.alice.ask('set', `<command xmlns="${NS_COMMANDS}" ${attrs}/>`, 'im.test')
    const node = `node="${ADMIN}#add-user"`
    expect(errorOf(await ask('node="nothing"'))).toEqual(['item-not-found'])
    expect(errorOf(await ask(''))).toContain('bad-request')
    expect(errorOf(await ask(`${node} action="dance"`))).toEqual(['bad-request', 'malformed-action'])
    expect(errorOf(await ask(`${node} action="next"`))).toEqual(['bad-request', 'bad-action'])
    expect(errorOf(await ask(`${node} sessionid="guessed"`))).toEqual(['bad-request', 'bad-sessionid'])
    const open = (await execute(s.alice, 'add-user')).getChild('command', NS_COMMANDS)!.attrs['sessionid']
    expect(errorOf(await ask(`${node} sessionid="${open}"`))).toEqual(['bad-request', 'bad-payload'])
    expect(errorOf(await ask(`${node} sessionid="${open}" action="prev"`))).toEqual(['bad-request', 'bad-action'])
    // Nobody else can go on with her form, nor can she under another command.
    expect(errorOf(await ask(`node="${ADMIN}#delete-user" sessionid="${open}"`))).toEqual([
      'bad-request',
      'bad-sessionid',
    ])
  })
})

describe('XEP-0133 service administration', () => {
  test('an administrator adds, disables, enables and deletes an account, each on record (XEP-0133 §4.1 to §4.4)', async () => {
    await using s = await story({ alice: 1 })
    await makeAdmin(s)
    const { accounts, db } = s.server.ctx
    const jids = { accountjids: ['carol@im.test'] }
    const password = ['correct horse 7']
    const differ = await run(s.alice, 'add-user', {
      accountjid: ['carol@im.test'],
      password,
      'password-verify': ['no'],
    })
    expect(errorOf(differ)).toContain('not-acceptable')
    const added = await run(
      s.alice,
      'add-user',
      { accountjid: ['carol@im.test'], password, 'password-verify': password },
      'alice@im.test',
    )
    expect([statusOf(added), noteOf(added)], added.toString()).toEqual(['completed', 'carol@im.test was added.'])
    await run(s.alice, 'disable-user', jids)
    expect(accounts.find('carol')?.isDisabled).toBe(true)
    expect(fieldOf(await execute(s.alice, 'get-disabled-users-num'), 'disabledusersnum')).toEqual(['1'])
    await run(s.alice, 'reenable-user', jids)
    expect(accounts.find('carol')?.isDisabled).toBe(false)
    expect(noteOf(await run(s.alice, 'delete-user', jids))).toBe('carol@im.test: deleted.')
    expect(accounts.find('carol')).toBeUndefined()
    const actions = (await listAudit(db, 10)).map(({ actor, action, target }) => [actor, action, target])
    expect(actions).toEqual(
      ['delete-account', 'enable-account', 'disable-account', 'create-account'].map((action) => [
        'alice@im.test',
        action,
        'carol@im.test',
      ]),
    )
  })

  test('the last administrator cannot delete herself by a command either', async () => {
    await using s = await story({ alice: 1 })
    await makeAdmin(s)
    const reply = await run(s.alice, 'delete-user', { accountjids: ['alice@im.test'] })
    expect(reply.attrs['type']).toBe('error')
    expect(s.server.ctx.accounts.find('alice')).toBeDefined()
  })

  test('ending the sessions of an account closes them at once (XEP-0133 §4.5)', async () => {
    await using s = await story({ alice: 1, bob: 2 })
    await makeAdmin(s as never)
    const closed = s.bob.closed()
    await run(s.alice, 'end-user-session', { accountjids: ['bob@im.test'] })
    expect(await closed).toContain('<reset xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>')
    expect(s.server.ctx.sessions.of('bob@im.test')).toEqual([])
  })

  test('I end the session of one device, and the other goes on (XEP-0133 §4.5)', async () => {
    await using s = await story({ alice: 1, bob: 2 })
    await makeAdmin(s as never)
    const closed = s.bob.closed()
    const ended = await run(s.alice, 'end-user-session', { accountjids: ['bob@im.test/1'] })
    expect(noteOf(ended)).toBe('1 sessions have ended.')
    expect(await closed).toContain('<reset xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>')
    expect(s.server.ctx.sessions.of('bob@im.test').map(({ jid }) => jid.resourcepart)).toEqual(['2'])
    const [row] = await listAudit(s.server.ctx.db, 1)
    expect(row).toMatchObject({ action: 'end-sessions', target: 'bob@im.test', detail: { resource: '1' } })
    for (const gone of ['bob@im.test/1', 'nobody@im.test/1', 'bob@other.test/1']) {
      const reply = await run(s.alice, 'end-user-session', { accountjids: [gone, 'bob@im.test'] })
      expect(errorOf(reply), gone).toContain('item-not-found')
    }
    expect(s.server.ctx.sessions.of('bob@im.test')).toHaveLength(1)
  })

  test('a weak password is not accepted, and I am told what a password needs (XEP-0133 §4.1, §4.7)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    for (const weak of ['short', 'password']) {
      const fields = { password: [weak], 'password-verify': [weak] }
      const added = await run(s.alice, 'add-user', { accountjid: ['carol@im.test'], ...fields })
      const changed = await run(s.alice, 'change-user-password', { accountjid: ['bob@im.test'], ...fields })
      for (const reply of [added, changed]) {
        expect(errorOf(reply), weak).toContain('not-acceptable')
        expect(reply.toString(), weak).toContain('at least 8 characters')
      }
    }
    expect(s.server.ctx.accounts.find('carol')).toBeUndefined()
    expect(s.server.ctx.sessions.of('bob@im.test')).toHaveLength(1)
  })

  test('lists are counted and cut to the length asked for (XEP-0133 §4.13 to §4.22)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    await s.alice.available()
    await s.bob.available('<presence><show>away</show></presence>')
    const number = async (name: string, field: string) => fieldOf(await execute(s.alice, name), field)
    expect(await number('get-registered-users-num', 'registeredusersnum')).toEqual(['2'])
    expect(await number('get-online-users-num', 'onlineusersnum')).toEqual(['2'])
    expect(await number('get-active-users-num', 'activeusersnum')).toEqual(['1'])
    const list = await run(s.alice, 'get-idle-users-list', { max_items: ['25'] })
    expect(fieldOf(list, 'idleuserjids')).toEqual(['bob@im.test'])
    expect(errorOf(await run(s.alice, 'get-idle-users-list', { max_items: ['-1'] }))).toContain('not-acceptable')
  })

  test('an announcement reaches who is online, and nobody later (XEP-0133 §4.23)', async () => {
    await using s = await story({ alice: 1, bob: 1, carol: 1 })
    await makeAdmin(s as never)
    await s.alice.available()
    await s.bob.available()
    s.bob.received()
    const reply = await run(s.alice, 'announce', { announcement: ['Lunch is late.', 'Sorry.'] })
    expect(noteOf(reply)).toBe('Sent to 2 people.')
    const message = await s.bob.next(({ name }) => name === 'message')
    expect([message.attrs['from'], message.attrs['type'], message.getChildText('body')]).toEqual([
      'im.test',
      'headline',
      'Lunch is late.\nSorry.',
    ])
    await s.carol.available()
    expect(s.carol.received().join('')).not.toContain('Lunch')
  })
})
