import { PAYLOADS } from '@drawbridge/xmpp'
import { describe, expect, test } from 'vitest'
import { HALL, hall } from '../../test/rooms.ts'
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
    'text with markup (XEP-0394 §4)',
    '<body>no reason to worry</body><markup xmlns="urn:xmpp:markup:0"><span start="0" end="2"><emphasis/></span></markup>',
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

test('markup is numbers about a text: whatever else is in it reaches no reader, no room and no archive, and no search finds it (XEP-0394 §5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await hall([s.alice, s.bob])
  const kept = '<markup xmlns="urn:xmpp:markup:0"><span start="0" end="5"><strong/></span></markup>'
  const hostile =
    '<markup xmlns="urn:xmpp:markup:0" onload="evil()"><span start="0" end="5"><strong/><a href="javascript:evil()">evil</a></span>' +
    '<script>evil()</script><span start="3" end="99999"><code/></span></markup>'
  for (const [to, type] of [
    ['bob@im.test', 'chat'],
    [HALL, 'groupchat'],
  ] as const) {
    s.bob.received()
    await s.alice.send(`<message type="${type}" to="${to}" id="${type}"><body>hello world</body>${hostile}</message>`)
    const got = await s.bob.next(({ attrs }) => attrs['id'] === type)
    expect(got.getChild('markup', 'urn:xmpp:markup:0')?.toString()).toBe(kept)
    expect(got.getChildText('body')).toBe('hello world')
  }
  const find = (words: string) =>
    '<query xmlns="urn:xmpp:mam:2"><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden">' +
    `<value>urn:xmpp:mam:2</value></field><field var="{urn:xmpp:fulltext:0}fulltext"><value>${words}</value></field></x></query>`
  for (const [words, count] of [
    ['world', 1],
    ['strong', 0],
    ['span', 0],
    ['evil', 0],
  ] as const) {
    s.bob.received()
    await s.bob.ask('set', find(words))
    const results = s.bob.received().filter((text) => text.includes('<result'))
    expect(results, words).toHaveLength(count)
    for (const text of results) expect(text).toContain(kept)
  }
})

test('markup without its text is no message: it is neither kept nor announced (XEP-0394 §5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  const markup = '<markup xmlns="urn:xmpp:markup:0"><span start="0" end="2"><code/></span></markup>'
  await s.alice.send(`<message type="chat" to="bob@im.test" id="m">${markup}</message>`)
  expect((await s.bob.next(({ attrs }) => attrs['id'] === 'm')).getChildElements()).toEqual([])
  s.bob.received()
  await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.bob.received().filter((text) => text.includes('<result'))).toEqual([])
})

test('every payload that is told apart is in one table', () => {
  const names = PAYLOADS.flatMap(({ xmlns, names: list, with: inner }) =>
    (list ?? inner ?? ['*']).map((name) => `${xmlns} ${name}`),
  )
  expect(new Set(names).size).toBe(names.length)
})
