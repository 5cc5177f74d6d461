import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const RETRACT = 'urn:xmpp:message-retract:1'
const chat = (to: string, id: string, inside: string) =>
  `<message type="chat" to="${to}" id="${id}">${inside}</message>`
const retract = (id: string) =>
  `<retract xmlns="${RETRACT}" id="${id}"/><fallback xmlns="urn:xmpp:fallback:0" for="${RETRACT}"/><body>retracted</body>`
const correct = (id: string, text: string) =>
  `<body>${text}</body><replace xmlns="urn:xmpp:message-correct:0" id="${id}"/>`

/** The stanzas of the own archive. */
async function archived(device: Device): Promise<string[]> {
  device.received()
  await device.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  return device.received().map((text) => /<forwarded.*<\/forwarded>/s.exec(text)?.[0] ?? '')
}

test('a retracted message is a tombstone in the archives of both, and the retraction is there too (XEP-0424 §4, §5)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { now: () => new Date('2026-11-23T04:00:00Z') })
  await s.alice.send(
    chat('bob@im.test', 'm1', '<body>secret</body><x xmlns="jabber:x:oob"><url>https://x.test/secret</url></x>'),
  )
  await s.alice.send(chat('bob@im.test', 'm2', '<body>other</body>'))
  await s.alice.send(chat('bob@im.test', 'm3', retract('m1')))

  for (const device of [s.alice, s.bob]) {
    const [tombstone, other, retraction] = await archived(device)
    expect(tombstone).not.toContain('secret')
    expect(tombstone).toContain('id="m1"')
    expect(tombstone).toContain(`<retracted xmlns="${RETRACT}" id="m3" stamp="2026-11-23T04:00:00.000Z"/>`)
    expect(other).toContain('<body>other</body>')
    expect(retraction).toContain(`<retract xmlns="${RETRACT}" id="m1"/>`)
  }
})

test('what is retracted before somebody is there is never handed to them (XEP-0424 §5: "prevent further distribution")', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  await s.alice.send(chat('bob@im.test', 'm1', '<body>secret</body>'))
  await s.alice.send(chat('bob@im.test', 'm2', correct('m1', 'secrets')))
  await s.alice.send(chat('bob@im.test', 'm3', retract('m1')))
  await s.alice.send(chat('bob@im.test', 'm4', '<body>marker</body>'))

  const bob = await s.connect('bob')
  await bob.available()
  await bob.next((element) => element.getChildText('body') === 'marker')
  const texts = bob.received().join('')
  expect(texts).not.toContain('secret')
  expect(texts).toContain(`<retract xmlns="${RETRACT}" id="m1"/>`)
})

test('a retraction of a version is one of the message, and later corrections come too late (XEP-0308 §5, XEP-0424 §5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await s.alice.send(chat('bob@im.test', 'm1', '<body>one</body>'))
  await s.alice.send(chat('bob@im.test', 'm2', correct('m1', 'two')))
  await s.alice.send(chat('bob@im.test', 'm3', retract('m2')))
  s.alice.received()
  s.bob.received()
  await s.alice.send(chat('bob@im.test', 'm4', correct('m1', 'three')))

  expect(s.alice.received().join('')).toContain('<item-not-found ')
  expect(s.bob.received()).toEqual([])
  const texts = (await archived(s.bob)).join('')
  for (const text of ['one', 'two', 'three']) expect(texts).not.toContain(`<body>${text}</body>`)
})

test('a corrected message stays in the archive with every version, for clients to apply (XEP-0308 §5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send(chat('bob@im.test', 'm1', '<body>one</body>'))
  await s.alice.send(chat('bob@im.test', 'm2', correct('m1', 'two')))
  const [first, second] = await archived(s.bob)
  expect(first).toContain('<body>one</body>')
  expect(second).toContain('<body>two</body><replace xmlns="urn:xmpp:message-correct:0" id="m1"/>')
})

test.each(['no-store', 'no-permanent-store'])(
  'a message that is kept is not corrected past the archive, one that is not leaves no trace: %s (XEP-0334 §4, XEP-0308 §5)',
  async (hint) => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.bob.available()
    const wish = `<${hint} xmlns="urn:xmpp:hints"/>`
    await s.alice.send(chat('bob@im.test', 'm1', '<body>one</body>'))
    await s.alice.send(chat('bob@im.test', 'm2', `<body>psst</body>${wish}`))
    await s.alice.send(chat('bob@im.test', 'm3', correct('m1', 'two') + wish))
    await s.alice.send(chat('bob@im.test', 'm4', correct('m2', 'psst!') + wish))
    const bodies = (texts: string[]) => texts.map((text) => /<body>([^<]*)/.exec(text)?.[1]).filter(Boolean)
    expect(bodies(s.bob.received())).toEqual(['one', 'psst', 'two', 'psst!'])
    for (const device of [s.alice, s.bob]) expect(bodies(await archived(device))).toEqual(['one', 'two'])
  },
)

test.each([
  ['corrects', correct('m1', 'forged')],
  ['corrects, asking that it be forgotten,', `${correct('m1', 'forged')}<no-store xmlns="urn:xmpp:hints"/>`],
  ['retracts', retract('m1')],
  [
    'retracts, as clients of old do,',
    '<apply-to xmlns="urn:xmpp:fasten:0" id="m1"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>',
  ],
  ['retracts, asking that it be forgotten,', `${retract('m1')}<no-store xmlns="urn:xmpp:hints"/>`],
])("SP-09 nobody %s somebody else's message (XEP-0308 §5, XEP-0424 §5)", async (_what, payload) => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.bob.available()
  await s.alice.available()
  await s.alice.send(chat('bob@im.test', 'm1', '<body>mine</body>'))
  for (const device of [s.alice, s.bob]) device.received()

  await s.bob.send(chat('alice@im.test', 'm2', payload))
  // Whoever is no party to the conversation names nothing in it.
  await s.carol.send(chat('alice@im.test', 'm3', payload))
  await s.carol.send(chat('bob@im.test', 'm4', payload))

  expect(s.bob.received().join('')).toContain('<forbidden ')
  expect(s.alice.received().join('')).not.toContain('from="bob@im.test/1"')
  for (const device of [s.alice, s.bob]) expect((await archived(device))[0]).toContain('<body>mine</body>')
})

test("SP-09 a retraction that claims to be a moderator's is one of its sender (XEP-0425 §6)", async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send(chat('bob@im.test', 'm1', '<body>mine</body>'))
  const moderated = `<retract xmlns="${RETRACT}" id="m1"><moderated xmlns="urn:xmpp:message-moderate:1" by="im.test"/></retract>`
  await s.bob.send(chat('alice@im.test', 'm2', moderated))
  expect(s.bob.received().join('')).toContain('<forbidden ')
  expect((await archived(s.alice))[0]).toContain('<body>mine</body>')
})

test('reactions, replies and mentions are in the archive as they were sent (XEP-0444 §3, XEP-0461 §3, XEP-0372 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send(chat('bob@im.test', 'm1', '<body>Lunch?</body>'))
  for (const payload of [
    '<reactions xmlns="urn:xmpp:reactions:0" id="m1"><reaction>👋</reaction></reactions>',
    '<body>Yes</body><reply xmlns="urn:xmpp:reply:0" to="alice@im.test" id="m1"/>',
    '<body>alice, yes</body><reference xmlns="urn:xmpp:reference:0" type="mention" uri="xmpp:alice@im.test" begin="0" end="5"/>',
    '<displayed xmlns="urn:xmpp:chat-markers:0" id="m1"/>',
  ]) {
    await s.bob.send(chat('alice@im.test', 'm2', payload))
    expect((await archived(s.alice)).at(-1)).toContain(payload)
  }
})

test('server and accounts say that retractions leave tombstones (XEP-0424 §2, §4)', async () => {
  await using s = await story({ alice: 1 })
  for (const to of ['im.test', 'alice@im.test']) {
    const info = (await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', to)).toString()
    for (const feature of [RETRACT, `${RETRACT}#tombstone`]) expect(info).toContain(`<feature var="${feature}"/>`)
  }
})
