import type { Role } from '@drawbridge/contract'
import { findAccount, listAudit, updateAccount } from '@drawbridge/db'
import { NS_COMMANDS, NS_DISCO_ITEMS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { describe, expect, test, vi } from 'vitest'
import { errorOf, execute, fieldOf, makeAdmin, noteOf, run, statusOf } from '../../../test/commands.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { standingMessages } from '../standing-messages.ts'

describe('XEP-0133 service administration', () => {
  test('who has a role sees and may do by chat what the role may do, and no more (XEP-0133 §6)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    const { accounts, db } = s.server.ctx
    const mayDo = async (role: Exclude<Role, 'administrator'> | undefined) => {
      accounts.put((await updateAccount(db, 'alice', { roles: role ? [role] : [], administers: ['sales'] }))!)
      const items = await s.alice.ask('get', `<query xmlns="${NS_DISCO_ITEMS}" node="${NS_COMMANDS}"/>`, 'im.test')
      const shown = ['disable-user', 'delete-user', 'get-user-roster', 'set-motd', 'get-online-users-num'].filter(
        (name) => items.toString().includes(`#${name}"`),
      )
      for (const name of shown) expect(statusOf(await execute(s.alice, name)), name).toMatch(/executing|completed/)
      return shown
    }
    expect(await mayDo(undefined)).toEqual([])
    expect(await mayDo('help-desk')).toEqual(['disable-user', 'get-online-users-num'])
    expect(await mayDo('operator')).toEqual(['disable-user', 'delete-user', 'set-motd', 'get-online-users-num'])
    expect(await mayDo('auditor')).toEqual(['get-user-roster', 'get-online-users-num'])
    // What is bounded by units has no place in a list of commands.
    expect(await mayDo('unit-administrator')).toEqual([])
    expect(errorOf(await execute(s.alice, 'disable-user'))).toEqual(['forbidden'])
  })

  test('what is not administered by chat is not shown, and whoever tries is told that it is not there (XEP-0133 §5)', async () => {
    await using s = await story({ alice: 1 })
    await makeAdmin(s)
    const items = await s.alice.ask('get', `<query xmlns="${NS_DISCO_ITEMS}" node="${NS_COMMANDS}"/>`, 'im.test')
    for (const name of ['restart', 'shutdown', 'edit-admin', 'edit-blacklist', 'edit-whitelist', 'get-user-password']) {
      expect(errorOf(await execute(s.alice, name)), name).toEqual(['feature-not-implemented'])
      expect(items.toString()).not.toContain(`#${name}"`)
    }
  })

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

  test('of several accounts each is said what became of it (XEP-0133 §4.2)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    const reply = await run(s.alice, 'delete-user', { accountjids: ['bob@im.test', 'alice@im.test', 'nobody@im.test'] })
    expect(statusOf(reply)).toBe('completed')
    const [done, ...failed] = noteOf(reply)?.split('\n') ?? []
    expect(done).toBe('bob@im.test: deleted.')
    expect(failed).toEqual([
      expect.stringMatching(/^alice@im.test: .*last administrator/),
      expect.stringMatching(/^nobody@im.test: ./),
    ])
    expect(s.server.ctx.accounts.find('bob')).toBeUndefined()
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

  test('I read whom somebody knows, as she sees it herself, and that I did is on record (XEP-0133 §4.8)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    const item = '<item jid="carol@im.test" name="Carol"><group>Friends</group></item>'
    await s.bob.ask('set', `<query xmlns="jabber:iq:roster">${item}</query>`)
    const reply = await run(s.alice, 'get-user-roster', { accountjids: ['bob@im.test'] })
    const form = reply.getChild('command', NS_COMMANDS)?.getChild('x', 'jabber:x:data')
    expect(form?.getChild('query', 'jabber:iq:roster')?.toString()).toBe(
      '<query xmlns="jabber:iq:roster"><item jid="carol@im.test" name="Carol" subscription="none">' +
        '<group>Friends</group></item></query>',
    )
    expect(fieldOf(reply, 'accountjids')).toEqual(['bob@im.test'])
    const [row] = await listAudit(s.server.ctx.db, 1)
    expect(row).toMatchObject({ actor: 'alice@im.test', action: 'read-roster', target: 'bob@im.test' })
    const stats = await run(s.alice, 'user-stats', { accountjid: ['bob@im.test'] })
    expect(fieldOf(stats, 'rostersize'), 'XEP-0133 §4.10').toEqual(['1'])
    expect(fieldOf(stats, 'onlineresources')).toEqual(['1'])
    expect(errorOf(await run(s.alice, 'get-user-roster', { accountjids: ['nobody@im.test'] }))).toContain(
      'item-not-found',
    )
  })

  test('I ask when some people signed in last, and get one time for each (XEP-0133 §4.9)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    await s.addAccount('carol')
    const accountjids = ['carol@im.test', 'bob@im.test']
    await vi.waitFor(async () => {
      const reply = await run(s.alice, 'get-user-lastlogin', { accountjids })
      expect(fieldOf(reply, 'lastlogin')).toEqual(['never', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)])
    })
  })

  test('a message of the day reaches who is here at once, others when they come, and nobody twice (XEP-0133 §4.24)', async () => {
    await using s = await story({ alice: 1, bob: 2, carol: 1 })
    await makeAdmin(s as never)
    await s.bob.available()
    await s.device('bob', 2).available()
    expect(noteOf(await run(s.alice, 'set-motd', { motd: ['Lunch is late.', 'Sorry.'] }))).toBe(
      'Message of the day: set.',
    )
    for (const device of [s.bob, s.device('bob', 2)]) {
      const message = await device.next(isSaid)
      expect(message.attrs).toMatchObject({ from: 'im.test', type: 'normal' })
      expect(message.getChildText('body')).toBe('Lunch is late.\nSorry.')
    }
    s.carol.received()
    await s.carol.available()
    expect((await s.carol.next(isSaid)).getChildText('body')).toBe('Lunch is late.\nSorry.')
    const [row] = await listAudit(s.server.ctx.db, 1)
    expect(row).toMatchObject({ actor: 'alice@im.test', action: 'set-standing-message', detail: { kind: 'motd' } })
    // Another device of hers: she has had it.
    const device = await s.connect('carol', '2')
    await device.available()
    expect(await saidTo(device, s.alice)).toEqual([])
  })

  test('a corrected message of the day goes to those who have not had it, a new one to everybody (XEP-0133 §4.25)', async () => {
    await using s = await story({ alice: 1, bob: 1, carol: 1 })
    await makeAdmin(s as never)
    expect(errorOf(await run(s.alice, 'edit-motd', { motd: ['Of what?'] }))).toContain('item-not-found')
    await s.bob.available()
    await run(s.alice, 'set-motd', { motd: ['Lunch is lite.'] })
    await s.bob.next(isSaid)
    s.bob.received()
    const form = await execute(s.alice, 'edit-motd')
    expect(fieldOf(form, 'motd'), '"SHOULD include the current message of the day"').toEqual(['Lunch is lite.'])
    await run(s.alice, 'edit-motd', { motd: ['Lunch is late.'] })
    await s.carol.available()
    expect((await s.carol.next(isSaid)).getChildText('body')).toBe('Lunch is late.')
    expect(await saidTo(s.bob, s.alice)).toEqual([])
    await run(s.alice, 'set-motd', { motd: ['Lunch is here.'] })
    expect((await s.bob.next(isSaid)).getChildText('body')).toBe('Lunch is here.')
  })

  test('a message of the day that was deleted comes to nobody any more (XEP-0133 §4.26)', async () => {
    await using s = await story({ alice: 1, carol: 1 })
    await makeAdmin(s as never)
    await run(s.alice, 'set-motd', { motd: ['Lunch is late.'] })
    expect(noteOf(await execute(s.alice, 'delete-motd'))).toBe('Message of the day: deleted.')
    expect(errorOf(await execute(s.alice, 'delete-motd'))).toContain('item-not-found')
    await s.carol.available()
    expect(await saidTo(s.carol, s.alice)).toEqual([])
  })

  test('whoever signs in for the first time is welcomed, once; who was here before is not (XEP-0133 §4.27, §4.28)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    // That bob has signed in is noted in the background.
    await vi.waitFor(async () => expect((await findAccount(s.server.ctx.db, 'bob'))?.signedInAt).toBeInstanceOf(Date))
    await run(s.alice, 'set-welcome', { welcome: ['Hello!'] })
    expect(fieldOf(await execute(s.alice, 'set-welcome'), 'welcome')).toEqual(['Hello!'])
    await s.bob.available()
    expect(await saidTo(s.bob, s.alice)).toEqual([])
    const carol = await s.connect('carol')
    await carol.available()
    expect((await carol.next(isSaid)).getChildText('body')).toBe('Hello!')
    // Other words for those who come later; whoever was welcomed is not new.
    await run(s.alice, 'set-welcome', { welcome: ['Good day!'] })
    const again = await s.connect('carol', '2')
    await again.available()
    expect(await saidTo(again, s.alice)).toEqual([])
    await execute(s.alice, 'delete-welcome')
    const dave = await s.connect('dave')
    await dave.available()
    expect(await saidTo(dave, s.alice)).toEqual([])
  })

  test('what stands goes on standing after a restart (XEP-0133 §4.24, §4.27)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await makeAdmin(s as never)
    await s.bob.available()
    await run(s.alice, 'set-motd', { motd: ['Lunch is late.'] })
    await s.bob.next(isSaid)
    s.bob.received()
    await run(s.alice, 'set-welcome', { welcome: ['Hello!'] })
    // What a server does when it starts.
    await standingMessages.start?.(s.server.ctx)
    const carol = await s.connect('carol')
    await carol.available()
    for (const text of ['Lunch is late.', 'Hello!'])
      await carol.next((element) => element.getChildText('body') === text)
    expect(await saidTo(s.bob, s.alice)).toEqual([])
  })
})

const isSaid = ({ name, attrs }: Element) => name === 'message' && attrs['from'] === 'im.test'

let markers = 0

/**
 * What a device had been told by the time a marker comes: another message of the day. Whoever is told something is told
 * one thing after the other, so that what was not to come does not come after the marker either.
 */
async function saidTo(device: Device, admin: Device): Promise<string[]> {
  const marker = `marker ${++markers}`
  await run(admin, 'set-motd', { motd: [marker] })
  await device.next((element) => element.getChildText('body') === marker)
  const bodies = device.received().filter((text) => text.startsWith('<message') && text.includes('from="im.test"'))
  return bodies.filter((text) => !text.includes('marker'))
}
