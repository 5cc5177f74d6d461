import { PAYLOADS } from '@drawbridge/xmpp'
import { describe, expect, test } from 'vitest'
import { story } from '../../test/story.ts'

const STATE = '<composing xmlns="http://jabber.org/protocol/chatstates"/>'
const KINDS = [
  ['a chat state (XEP-0085 §5.1)', STATE, { kept: false }],
  ['a request for a receipt (XEP-0184 §5.3)', '<request xmlns="urn:xmpp:receipts"/>', { kept: false }],
  ['a receipt (XEP-0184 §5.4)', '<received xmlns="urn:xmpp:receipts" id="1"/>', { kept: false }],
  [
    'a receipt that is to be stored (XEP-0334 §4.4)',
    '<received xmlns="urn:xmpp:receipts" id="1"/><store xmlns="urn:xmpp:hints"/>',
    { kept: true },
  ],
  ['a displayed marker (XEP-0333 §4.1)', '<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>', { kept: true }],
  [
    'a mention (XEP-0372 §3.2)',
    '<body>@bob</body><reference xmlns="urn:xmpp:reference:0" type="mention" begin="0" end="4" uri="xmpp:bob@im.test"/>',
    { kept: true },
  ],
  [
    'styled text (XEP-0393 §5)',
    '<body>*bold* &gt; `code`</body><unstyled xmlns="urn:xmpp:styling:0"/>',
    { kept: true },
  ],
  [
    'a reaction (XEP-0444 §3.1)',
    '<reactions xmlns="urn:xmpp:reactions:0" id="1"><reaction>👋</reaction></reactions>',
    { kept: true },
  ],
  [
    'a reply with a quotation (XEP-0461 §3, XEP-0428 §2)',
    '<body>&gt; hi\nyes</body><reply xmlns="urn:xmpp:reply:0" to="bob@im.test" id="1"/>' +
      '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="5"/></fallback>',
    { kept: true },
  ],
  [
    'a text that is not to be stored (XEP-0334 §4.2)',
    '<body>psst</body><no-store xmlns="urn:xmpp:hints"/>',
    { kept: false },
  ],
  [
    'a text that is not to be stored for long (XEP-0334 §4.1)',
    '<body>psst</body><no-permanent-store xmlns="urn:xmpp:hints"/>',
    { kept: false },
  ],
] as const

/** Links to files leave as each recipient's own. */
const plain = (texts: readonly string[]) => texts.join('').replaceAll(/\?s=[\w-]+/g, '')

describe.each(KINDS)('%s', (_what, payload, { kept }) => {
  test(`reaches whoever is there, unchanged, and is ${kept ? 'kept' : 'forgotten'}`, async () => {
    await using s = await story({ alice: 2, bob: 1 })
    const other = s.device('alice', 2)
    await other.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
    await s.bob.available()
    for (const device of [other, s.bob]) device.received()

    await s.alice.send(`<message type="chat" to="bob@im.test" id="m">${payload}</message>`)

    expect(plain(s.bob.received())).toContain(payload)
    // A chat is a chat on every device (XEP-0280 §6.1).
    expect(plain(other.received())).toContain(payload)
    await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
    expect(plain(s.bob.received()).includes(payload)).toBe(kept)
  })
})

test('what is not kept does not reach who comes later, and what is kept does (XEP-0160 §3)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  for (const [n, [, payload]] of KINDS.entries()) {
    await s.alice.send(`<message type="chat" to="bob@im.test" id="m${n}">${payload}</message>`)
  }
  await s.alice.send('<message type="chat" to="bob@im.test" id="end"><body>end</body></message>')
  const bob = await s.connect('bob')
  await bob.available()
  await bob.next((element) => element.attrs['id'] === 'end')
  const texts = bob.received().join('')
  for (const [n, [, , { kept }]] of KINDS.entries()) expect(texts.includes(`id="m${n}"`), String(n)).toBe(kept)
})

test('every payload that is told apart is in one table', () => {
  const names = PAYLOADS.flatMap(({ xmlns, names: list, with: inner }) =>
    (list ?? inner ?? ['*']).map((name) => `${xmlns} ${name}`),
  )
  expect(new Set(names).size).toBe(names.length)
})
