import { NS_COMMANDS, NS_DISCO_INFO, NS_DISCO_ITEMS } from '@drawbridge/xmpp'
import { describe, expect, test } from 'vitest'
import { ADMIN, errorOf, execute, makeAdmin, statusOf, submit } from '../../test/commands.ts'
import { story } from '../../test/story.ts'

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
