import { xml } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'
import { OutboundQueue } from '../stream/resume.ts'
import { MAX_WAITING } from './relay.ts'

const FORGED = (id: string, to: string) =>
  `<iq type="result" id="${id}" to="${to}"><query xmlns="urn:test">forged</query></iq>`

/** One client asks another, which is there for it. */
async function asks(asker: Device, asked: Device, id: string): Promise<void> {
  await asked.send(`<presence to="${asker.jid}"/>`)
  await asker.send(`<iq type="get" id="${id}" to="${asked.jid}"><query xmlns="urn:test"/></iq>`)
  asker.received()
  expect(asked.received().join('')).toContain(`id="${id}"`)
}

test('SP-06 only the device that was asked can answer a question of the server, to whom it came from (CVE-2024-46957)', async () => {
  await using s = await story({ alice: 2, bob: 1 })
  let answer: string | undefined
  const asked = s.alice.session.query(xml('query', { xmlns: 'urn:test' }), 'im.test').then((element) => {
    answer = element?.getChildText('query')
  })
  const id = (await s.alice.next(({ name }) => name === 'iq')).attrs['id'] ?? ''

  // Who guesses the number, which is no secret, and who has the right account but another device.
  await s.bob.send(FORGED(id, 'im.test'))
  await s.bob.send(FORGED(id, s.alice.jid))
  await s.device('alice', 2).send(FORGED(id, 'im.test'))
  // The right device, but for somebody else, and as another kind of stanza.
  await s.alice.send(FORGED(id, s.bob.jid))
  await s.alice.send(`<iq type="get" id="${id}" to="im.test"><query xmlns="urn:test">forged</query></iq>`)
  await new Promise((resolve) => setImmediate(resolve))
  expect(answer).toBeUndefined()

  await s.alice.send(`<iq type="result" id="${id}" to="im.test"><query xmlns="urn:test">true</query></iq>`)
  await asked
  expect(answer).toBe('true')
})

test('SP-06 an answer that holds an image reaches whoever asked, without it (RFC 6120 §8.2.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const image = Buffer.from('\x89PNG\r\n\x1a\nas somebody sent it, and so on', 'latin1').toString('base64')
  await s.bob.send(
    `<iq type="result" id="a1" to="alice@im.test/1"><query xmlns="http://jabber.org/protocol/disco#info"><identity category="client" type="pc" name="${image}"/></query></iq>`,
  )
  const got = s.alice.received().join('')
  expect(got).toContain('id="a1"')
  expect(got).toContain('<query ')
  expect(got).not.toContain(image)
  expect(s.bob.received()).toEqual([])
})

test('SP-06 an answer reaches the full JID it is for and no other device, and says who gave it (RFC 6121 §8.5.3.1)', async () => {
  await using s = await story({ alice: 2, bob: 1 })
  await s.bob.send(FORGED('a1', 'alice@im.test/1'))
  await s.bob.send(FORGED('a2', 'alice@im.test'))
  const got = s.alice.received()
  expect(got).toHaveLength(1)
  expect(got[0]).toMatch(/^<iq (?=.*id="a1")(?=.*from="bob@im\.test\/1")/)
  expect(s.device('alice', 2).received()).toEqual([])
})

test('while words are kept back, only what was asked for is an answer, and once (RFC 6120 §8.2.3)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await asks(s.alice, s.bob, 'a1')
  const { operations } = s.server.policy
  await operations.startSuspension('local:cli', { scopes: ['service'], mode: 'read-only', reason: 'worm' })
  s.alice.received()
  await s.device('bob', 2).send(FORGED('a1', 'alice@im.test/1'))
  await s.bob.send(FORGED('a2', 'alice@im.test/1'))
  await s.bob.send('<iq type="error" id="a3" to="alice@im.test/1"><x xmlns="urn:test">words</x></iq>')
  expect(s.alice.received().filter((text) => text.startsWith('<iq'))).toEqual([])
  await s.bob.send(FORGED('a1', 'alice@im.test/1'))
  await s.bob.send(FORGED('a1', 'alice@im.test/1'))
  expect(s.alice.received().filter((text) => text.startsWith('<iq'))).toHaveLength(1)
})

const NO_ANSWER = '<error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>'

test('who asked a device that does not come back hears so when its time is over (XEP-0198 §5, RFC 6120 §8.2.3)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  const [away, live] = [s.bob, s.device('bob', 2)]
  for (const device of [away, live]) await device.send(`<presence to="${s.alice.jid}"/>`)
  away.session.enableManagement(new OutboundQueue('away', true))
  away.disconnect()
  const ask = (id: string, to: string) =>
    s.alice.send(`<iq type="get" id="${id}" to="${to}"><query xmlns="urn:test"/></iq>`)
  await ask('waits', away.jid)
  await ask('answered', live.jid)
  await ask('had', live.jid)
  await live.send(`<iq type="result" id="answered" to="${s.alice.jid}"/>`)
  expect(s.alice.received().filter((text) => text.startsWith('<iq'))).toHaveLength(1)

  away.session.end()
  // It has got the request, and says nothing: without it, nobody will.
  live.session.end()

  const answers = s.alice.received().filter((text) => text.startsWith('<iq'))
  expect(answers).toEqual([
    `<iq type="error" id="waits" from="bob@im.test/1" to="alice@im.test/1">${NO_ANSWER}</iq>`,
    `<iq type="error" id="had" from="bob@im.test/2" to="alice@im.test/1">${NO_ANSWER}</iq>`,
  ])
})

test('whoever asks too much hears that the oldest is not waited for, and nobody else does (RFC 6120 §8.2.3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  for (const asker of [s.alice, s.carol]) await s.bob.send(`<presence to="${asker.jid}"/>`)
  const { relay } = s.server.ctx
  const expectOf = ({ session: asker }: Device, id: string) =>
    relay.expect({ asker, id, asked: s.bob.jid, answerer: s.bob.session, as: { from: asker.jid.toString(), id } })
  expectOf(s.carol, 'c')
  for (let n = 0; n <= MAX_WAITING; n++) expectOf(s.alice, `a${n}`)
  const errors = s.alice.received().filter((text) => text.startsWith('<iq'))
  expect(errors).toEqual([`<iq type="error" id="a0" from="bob@im.test/1" to="alice@im.test/1">${NO_ANSWER}</iq>`])
  expect(s.carol.received().filter((text) => text.startsWith('<iq'))).toEqual([])

  // The asker is gone: nobody is told anything, and nothing is kept.
  s.alice.session.end()
  expect(relay.isAwaited(s.bob.jid, s.alice.jid, 'a1')).toBe(false)
  expect(relay.isAwaited(s.bob.jid, s.carol.jid, 'c')).toBe(true)
})
