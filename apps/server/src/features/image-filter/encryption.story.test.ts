import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Story } from '../../../test/story.ts'

const OMEMO = 'eu.siacs.conversations.axolotl'
const ASK = '<query xmlns="urn:drawbridge:e2ee:0"/>'
const encrypted = (length = 40) =>
  `<encrypted xmlns="${OMEMO}"><header sid="1"><key rid="2">AAAA</key></header><payload>${'A'.repeat(length)}</payload></encrypted>`
const keys = `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="${OMEMO}.devicelist"><item id="current"><list xmlns="${OMEMO}"><device id="1"/></list></item></publish></pubsub>`

async function setPolicy(s: Story<'alice' | 'bob'>, e2ee: 'refuse' | 'text-only'): Promise<void> {
  const { operations, gate } = s.server.policy
  await operations.setMediaPolicy('local:cli', { ...gate.settings.media.service, e2ee })
}

async function sent(s: Story<'alice' | 'bob'>, payload: string): Promise<{ got: string; told: string }> {
  s.alice.received()
  await s.alice.send(
    `<message type="chat" to="bob@im.test/1"><body>I sent you an encrypted message.</body>${payload}</message>`,
  )
  return { got: s.bob.received().join(''), told: s.alice.received().join('') }
}

test('images row 24: what becomes of encrypted text is said before it is sent, and is what happens', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  const info = async () =>
    (await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'im.test')).toString()

  expect((await s.alice.ask('get', ASK, 'bob@im.test')).toString()).toContain('policy="refuse"')
  expect(await info()).toContain(
    '<field var="FORM_TYPE" type="hidden"><value>urn:drawbridge:e2ee:0</value></field><field var="policy"><value>refuse</value></field>',
  )
  expect((await sent(s, encrypted())).told).toContain('Please turn it off for this conversation.')
  expect((await s.alice.ask('set', keys)).toString()).toContain('<policy-violation ')

  await setPolicy(s, 'text-only')
  expect((await s.alice.ask('get', ASK, 'bob@im.test')).toString()).toContain('policy="text-only"')
  expect(await info()).toContain('<value>text-only</value>')
  expect((await sent(s, encrypted())).got).toContain(encrypted())
  expect((await s.alice.ask('set', keys)).attrs['type']).toBe('result')
  expect((await sent(s, encrypted(20_000))).told).toContain('too long for a text')
  // It is archived as it is, and shown to whoever has the key.
  await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.bob.received().join('')).toContain(encrypted())

  await setPolicy(s, 'refuse')
  expect((await sent(s, encrypted())).got).toBe('')
})

test('images row 25: where text may be encrypted, files may not', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await setPolicy(s, 'text-only')
  for (const payload of [
    '<encrypted xmlns="urn:xmpp:esfs:0"/>',
    '<x xmlns="jabber:x:oob"><url>aesgcm://im.test/upload/x#ab</url></x>',
  ]) {
    expect((await sent(s, payload)).got).not.toMatch(/esfs|aesgcm/)
  }
})
