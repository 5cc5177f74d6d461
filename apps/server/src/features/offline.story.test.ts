import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

const isMessage = (body: string) => (element: { name: string; getChildText(name: string): string | undefined }) =>
  element.name === 'message' && element.getChildText('body') === body
const messagesOf = (device: Device) => device.received().filter((text) => text.startsWith('<message'))

test('what was sent while nobody was there comes in order, with its time and its id (XEP-0160 §3)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  for (const body of ['one', 'two', 'three']) {
    await s.alice.send(`<message type="chat" to="bob@im.test"><body>${body}</body></message>`)
  }

  const bob = await s.connect('bob')
  await bob.available()
  await bob.next(isMessage('three'))

  const messages = messagesOf(bob)
  expect(messages.map((text) => /<body>(.*)<\/body>/.exec(text)?.[1])).toEqual(['one', 'two', 'three'])
  for (const text of messages) {
    expect(text).toMatch(/<delay xmlns="urn:xmpp:delay" from="im.test" stamp="\d{4}-[^"]+Z"\/>/)
    expect(text).toMatch(/<stanza-id xmlns="urn:xmpp:sid:0" by="bob@im.test" id="[0-9a-f-]{36}"\/>/)
  }
})

test('a device of negative priority is given nothing that waits (XEP-0160 §3)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  await s.alice.send('<message type="chat" to="bob@im.test"><body>waits</body></message>')

  const quiet = await s.connect('bob', 'quiet')
  await quiet.available('<presence><priority>-1</priority></presence>')
  const bob = await s.connect('bob', 'loud')
  await bob.available()
  await bob.next(isMessage('waits'))

  expect(messagesOf(quiet)).toEqual([])
})

test.each([
  ['of negative priority', '<presence><priority>-1</priority></presence>'],
  ['that has said nothing of its presence', undefined],
])(
  'what a device %s had a copy of waits for one that takes messages (RFC 6121 §8.5.2.2.1, XEP-0280 §7)',
  async (_which, presence) => {
    await using s = await story({ alice: 1 })
    await s.addAccount('bob')
    const quiet = await s.connect('bob', 'quiet')
    await quiet.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
    if (presence) await quiet.available(presence)
    await s.alice.send('<message type="chat" to="bob@im.test"><body>waits</body></message>')
    expect(messagesOf(quiet).join()).toContain('<received xmlns="urn:xmpp:carbons:2">')

    const bob = await s.connect('bob', 'loud')
    await bob.available()
    expect(messagesOf(bob)).toHaveLength(1)
    // A device that has its copy is not given the message again when it takes messages as well.
    await quiet.available()
    expect(messagesOf(quiet)).toEqual([])
  },
)

test('who had a copy before saying that it is there has the message: nobody is given it again (XEP-0280 §7)', async () => {
  await using s = await story({ alice: 1 })
  const early = await s.connect('bob', 'early')
  await early.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
  await s.alice.send('<message type="chat" to="bob@im.test"><body>early</body></message>')
  await early.available()
  expect(messagesOf(early)).toHaveLength(1)

  const bob = await s.connect('bob', 'later')
  await bob.available()
  expect(messagesOf(bob)).toEqual([])
})

test('what one device took is not given to the next one', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  await s.alice.send('<message type="chat" to="bob@im.test"><body>first</body></message>')
  const one = await s.connect('bob', 'one')
  await one.available()
  await one.next(isMessage('first'))
  one.disconnect()
  // The cursor is written a moment after a device took the message.
  await expect.poll(async () => (await cursorOf(s.server.ctx.db)) > 0).toBe(true)

  await s.alice.send('<message type="chat" to="bob@im.test"><body>second</body></message>')
  const two = await s.connect('bob', 'two')
  await two.available()
  await two.next(isMessage('second'))

  expect(messagesOf(two).join('')).not.toContain('first')
})

test('a message that arrives while older ones are on their way does not overtake them', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  for (let n = 1; n <= 30; n++) await s.alice.send(`<message type="chat" to="bob@im.test"><body>${n}</body></message>`)
  const bob = await s.connect('bob')

  const coming = bob.available()
  const sending = s.alice.send('<message type="chat" to="bob@im.test"><body>31</body></message>')
  await Promise.all([coming, sending])
  await bob.next(isMessage('31'))

  const bodies = messagesOf(bob).map((text) => Number(/<body>(.*)<\/body>/.exec(text)?.[1]))
  expect(bodies).toEqual(Array.from({ length: 31 }, (_, index) => index + 1))
})

async function cursorOf(db: { execute(query: string): Promise<unknown> }): Promise<number> {
  const { rows } = (await db.execute("select offline_position from archive_owner where owner = 'bob@im.test'")) as {
    rows: { offline_position: string }[]
  }
  return Number(rows[0]?.offline_position ?? 0)
}

test('a device that goes and comes back is not given what it has', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await s.alice.send('<message type="chat" to="bob@im.test"><body>live</body></message>')
  await s.bob.send('<presence type="unavailable"/>')
  await s.alice.send('<message type="chat" to="bob@im.test"><body>meanwhile</body></message>')

  await s.bob.available()
  await s.bob.next(isMessage('meanwhile'))

  const bodies = messagesOf(s.bob).map((text) => /<body>(.*)<\/body>/.exec(text)?.[1])
  expect(bodies).toEqual(['live', 'meanwhile'])
})

test('a client that comes back at once is not given again what it had, without XEP-0198 either (XEP-0160 §3)', async () => {
  await using s = await story({ alice: 1 })
  for (const round of ['first', 'second', 'third']) {
    const bob = await s.connect('bob')
    await bob.available()
    expect(messagesOf(bob)).toEqual([])
    await s.alice.send(`<message type="chat" to="bob@im.test"><body>${round}</body></message>`)
    await bob.next(isMessage(round))
    bob.disconnect()
  }
})
