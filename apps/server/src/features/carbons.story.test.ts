import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

const enable = (device: Device) => device.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
const idIn = (text: string | undefined) => /<stanza-id[^>]* id="([^"]+)"/.exec(text ?? '')?.[1]

async function ready(...devices: Device[]) {
  for (const device of devices) {
    await enable(device)
    await device.available()
  }
  for (const device of devices) device.received()
}

test('every other device of the sender gets a sent copy, addressed to it (XEP-0280 §8)', async () => {
  await using s = await story({ alice: 3, bob: 1 })
  const [, second, third] = [1, 2, 3].map((n) => s.device('alice', n))
  await ready(s.alice, second!, s.bob)

  await s.alice.send('<message type="chat" to="bob@im.test" id="m1"><body>hello</body></message>')

  expect(s.alice.received()).toEqual([])
  expect(third!.received()).toEqual([])
  const [copy, ...more] = second!.received()
  expect(more).toEqual([])
  expect(copy).toContain('<message to="alice@im.test/2"')
  expect(copy).toContain('from="alice@im.test"')
  expect(copy).toContain('<sent xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0"><message ')
  expect(copy).toContain('from="alice@im.test/1"')
  // In the sender's archive it has an id by the sender's account, the same one as in the recipient's (XEP-0313 §3.2).
  expect(copy).toContain('by="alice@im.test"')
  expect(idIn(copy)).toBe(idIn(s.bob.received()[0]))
})

test('a device that was not written to gets a received copy (XEP-0280 §7)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  const other = s.device('bob', 2)
  await ready(s.bob, other)

  await s.alice.send('<message type="chat" to="bob@im.test/1"><body>only you</body></message>')

  expect(s.bob.received()[0]).toContain('<body>only you</body>')
  const [copy] = other.received()
  expect(copy).toContain('<message to="bob@im.test/2"')
  expect(copy).toContain('<received xmlns="urn:xmpp:carbons:2">')
  expect(copy).toContain('by="bob@im.test"')
})

test('a device that got the message itself gets no copy of it (XEP-0280 §7)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  const other = s.device('bob', 2)
  await ready(s.bob, other)

  await s.alice.send('<message type="chat" to="bob@im.test"><body>all of you</body></message>')

  expect(s.bob.received()).toHaveLength(1)
  expect(other.received()).toHaveLength(1)
})

test('a private message is copied to nobody, and does not say that it is private (XEP-0280 §9)', async () => {
  await using s = await story({ alice: 2, bob: 2 })
  await ready(s.alice, s.device('alice', 2), s.bob, s.device('bob', 2))

  await s.alice.send(
    '<message type="chat" to="bob@im.test/1"><body>psst</body><private xmlns="urn:xmpp:carbons:2"/></message>',
  )
  await s.alice.send('<message type="chat" to="bob@im.test/1"><body>marker</body></message>')

  expect(s.bob.received()[0]).not.toContain('private')
  expect(s.device('bob', 2).received().join()).not.toContain('psst')
  expect(s.device('alice', 2).received().join()).not.toContain('psst')
})

test('carbons end when a device no longer wants them (XEP-0280 §5)', async () => {
  await using s = await story({ alice: 2, bob: 1 })
  const other = s.device('alice', 2)
  await ready(other)
  expect((await other.ask('set', '<disable xmlns="urn:xmpp:carbons:2"/>')).attrs['type']).toBe('result')
  expect((await other.ask('set', '<disable xmlns="urn:xmpp:carbons:2"/>')).attrs['type']).toBe('result')

  await s.alice.send('<message type="chat" to="bob@im.test"><body>alone</body></message>')

  expect(other.received()).toEqual([])
})

test('an error to the account reaches no device, whatever text is in it (RFC 6121 §8.5.2.1.1, XEP-0280 §6)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await ready(s.bob, s.device('bob', 2))

  const text = '<body>read me</body><error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>'
  for (const to of ['bob@im.test', s.bob.jid]) await s.alice.send(`<message type="error" to="${to}">${text}</message>`)
  await s.alice.send('<message type="chat" to="bob@im.test"><body>marker</body></message>')

  const bodies = (device: Device) => device.received().map((stanza) => /<body>(.*?)<\/body>/.exec(stanza)?.[1])
  expect(bodies(s.bob)).toEqual(['read me', 'marker'])
  expect(bodies(s.device('bob', 2))).toEqual(['marker'])
})
