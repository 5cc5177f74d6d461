import { confirmTotp } from '@drawbridge/db'
import { NS_COMMANDS, NS_DISCO_INFO, NS_DISCO_ITEMS } from '@drawbridge/xmpp'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ADMIN, errorOf, execute, makeAdmin, statusOf, submit } from '../../../test/commands.ts'
import { story } from '../../../test/story.ts'
import { createSecondFactors } from '../../admin/access/second-factors.ts'
import { loadSealer } from '../../stream/seal.ts'

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

  test('AD-12 a password alone does by chat no more than in the console: a command asks for the second factor first', async () => {
    let at = new Date('2026-11-23T09:00:00Z')
    await using s = await story({ alice: 1 }, { now: () => at })
    await makeAdmin(s)
    const { db, accounts } = s.server.ctx
    const { id, bareJid } = accounts.find('alice')!
    const sealer = await loadSealer(join(s.dataDir, 'secrets', 'credential-key'))
    const parts = { db, domain: 'im.test', sealer, passkeys: { list: async () => [] }, now: () => at }
    const factors = createSecondFactors(parts)
    await factors.begin({ id, bareJid })
    await confirmTotp(db, id, 0, at)
    const [one = '', two = ''] = await factors.renewRecoveryCodes(db, id)

    const asked = await execute(s.alice, 'add-user')
    expect(statusOf(asked)).toBe('executing')
    expect(asked.toString()).toContain('Code of your authenticator')
    expect(asked.toString()).not.toContain('accountjid')
    const session = asked.getChild('command', NS_COMMANDS)!.attrs['sessionid']!
    const password = { password: ['correct horse 7'], 'password-verify': ['correct horse 7'] }
    const filledIn = { accountjid: ['mallory@im.test'], ...password }
    expect(errorOf(await submit(s.alice, 'add-user', session, filledIn))).toContain('not-authorized')
    expect(errorOf(await submit(s.alice, 'add-user', session, { code: ['aaaaa-aaaaa'] }))).toContain('not-authorized')
    expect(accounts.find('mallory')).toBeUndefined()

    // The command's own form comes after it, and the next ones come at once, for a quarter of an hour.
    const form = await submit(s.alice, 'add-user', session, { code: [one] })
    expect(form.toString()).toContain('accountjid')
    const added = { accountjid: ['bob@im.test'], ...password }
    expect(statusOf(await submit(s.alice, 'add-user', session, added))).toBe('completed')
    expect(statusOf(await execute(s.alice, 'get-online-users-num'))).toBe('completed')
    const open = (await execute(s.alice, 'delete-user')).getChild('command', NS_COMMANDS)!.attrs['sessionid']!
    at = new Date(at.getTime() + 15 * 60_000)
    const late = await submit(s.alice, 'delete-user', open, { accountjids: ['bob@im.test'] })
    expect(errorOf(late)).toEqual(['not-allowed', 'session-expired'])
    const again = await execute(s.alice, 'get-online-users-num')
    expect(statusOf(again)).toBe('executing')
    const other = again.getChild('command', NS_COMMANDS)!.attrs['sessionid']!
    expect(statusOf(await submit(s.alice, 'get-online-users-num', other, { code: [two] }))).toBe('completed')
  })

  test('AD-12 where a second factor is required, nobody administers by chat without one', async () => {
    await using s = await story({ alice: 1 }, { settings: { admin: { secondFactor: 'required' } } })
    await makeAdmin(s)
    expect(errorOf(await execute(s.alice, 'get-online-users-num'))).toEqual(['forbidden', 'text'])
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
