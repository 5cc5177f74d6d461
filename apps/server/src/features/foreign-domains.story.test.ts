import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import { FEATURES } from './index.ts'

// One server has one domain: whatever belongs to another is asked of nobody here (threats SP-10, SP-14).

const FOREIGN = ['other.test', 'alice@other.test', 'alice@other.test/1', 'rooms.other.test', 'alice@im.test.other.test']
const REQUESTS = FEATURES.flatMap(({ iq = [] }) => iq.map(({ type, name, xmlns }) => ({ type, name, xmlns })))

test('SP-14 no request of any kind to an address of another domain is answered from here (RFC 6120 §10.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.send('<message type="chat" to="alice@im.test"><body>secret</body></message>')
  expect(REQUESTS.length).toBeGreaterThan(30)
  s.alice.received()
  for (const { type, name, xmlns } of REQUESTS) {
    for (const to of FOREIGN) {
      const answer = await s.alice.ask(type, `<${name} xmlns="${xmlns}"/>`, to)
      expect(answer.attrs['from'], `${name} ${xmlns} ${to}`).toBe(to)
      expect(answer.getChild('error')?.getChild('remote-server-not-found'), `${name} ${xmlns} ${to}`).toBeDefined()
    }
  }
  expect(s.alice.received().join('')).not.toContain('secret')
  expect(s.bob.received()).toEqual([])
})

test('SP-14 a message to another domain comes back, and is in no archive', async () => {
  await using s = await story({ alice: 1 })
  for (const to of FOREIGN) {
    await s.alice.send(`<message type="chat" to="${to}"><body>away</body></message>`)
    expect(s.alice.received().join('')).toContain('<remote-server-not-found ')
  }
  await s.alice.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.alice.received().join('')).not.toContain('away')
})

test('SP-10 the same name at another domain is somebody else (CVE-2020-8086)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const { accounts, blockLists } = s.server.ctx
  for (const jid of ['alice@other.test', 'alice@im.test.other.test', 'alice@rooms.im.test', 'alice', 'im.test']) {
    expect(accounts.findByBareJid(jid), jid).toBeUndefined()
  }
  // Who blocks a namesake still hears from the colleague.
  await s.bob.ask('set', '<block xmlns="urn:xmpp:blocking"><item jid="alice@other.test"/></block>')
  expect(blockLists.of('bob@im.test')).toEqual(['alice@other.test'])
  await s.bob.available()
  s.bob.received()
  await s.alice.send('<message type="chat" to="bob@im.test"><body>it is me</body></message>')
  expect(s.bob.received().join('')).toContain('it is me')
})

test('SP-16 spellings that PRECIS makes equal are one account, and not two (RFC 7622 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  s.bob.received()
  for (const to of ['BOB@im.test', 'bob@IM.TEST', 'ｂｏｂ@im.test', 'bob@im.test.']) {
    await s.alice.send(`<message type="chat" to="${to}"><body>hello</body></message>`)
    expect(s.bob.received().join(''), to).toContain('<body>hello</body>')
  }
})

test('SP-16 an account whose name mixes alphabets that look alike is not made', async () => {
  await using s = await story({ alice: 1 })
  const { administrate, accounts, db } = s.server.ctx
  await db.execute("update account set is_admin = true where localpart = 'alice'")
  const admin = { ...accounts.find('alice')!, isAdmin: true }
  accounts.put(admin)
  const create = (name: string) => administrate(admin, 'createAccount', { body: { name } })
  await expect(create('аlice')).rejects.toMatchObject({ code: 'bad-account-name' })
  await expect(create('алиса')).resolves.toMatchObject({ account: { name: 'алиса' } })
})
