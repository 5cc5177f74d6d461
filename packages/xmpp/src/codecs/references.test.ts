import { describe, expect, test } from 'vitest'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { listReferences } from './references.ts'
import { buildRetract, buildTombstone } from './retraction.ts'
import { findSearchText, foldText } from './search-text.ts'

const message = (content: string, attrs = "type='chat'") =>
  parseElement(`<message xmlns='jabber:client' ${attrs}>${content}</message>`, C2S_LIMITS)

describe('what a message is about', () => {
  test.each([
    [
      'a correction (XEP-0308 §3)',
      "<replace xmlns='urn:xmpp:message-correct:0' id='a'/>",
      'correction a client',
      'client',
    ],
    [
      'a retraction (XEP-0424 §3)',
      "<retract xmlns='urn:xmpp:message-retract:1' id='a'/>",
      'retraction a client',
      'archive',
    ],
    [
      'a retraction of old',
      "<apply-to xmlns='urn:xmpp:fasten:0' id='a'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
      'retraction a client',
      'client',
    ],
    ['a reaction (XEP-0444 §3)', "<reactions xmlns='urn:xmpp:reactions:0' id='a'/>", 'reaction a client', 'archive'],
    ['a reply (XEP-0461 §3)', "<reply xmlns='urn:xmpp:reply:0' id='a' to='b@im.test'/>", 'reply a client', 'archive'],
  ])('%s', (_, content, expected, inRoom) => {
    const text = (attrs?: string) =>
      listReferences(message(content, attrs)).map((r) => `${r.kind} ${r.id} ${r.givenBy}`)
    expect(text()).toEqual([expected])
    expect(text("type='groupchat'")).toEqual([expected.replace(/client$/, inRoom)])
  })

  test('nothing without an id, with an empty one, or with one that is too long', () => {
    for (const id of ['', "id=''", `id='${'x'.repeat(1_024)}'`]) {
      expect(listReferences(message(`<retract xmlns='urn:xmpp:message-retract:1' ${id}/>`))).toEqual([])
    }
    expect(listReferences(message("<apply-to xmlns='urn:xmpp:fasten:0' id='a'><x xmlns='urn:x'/></apply-to>"))).toEqual(
      [],
    )
  })

  test('one of each kind at most, however often it is said', () => {
    const twice =
      "<replace xmlns='urn:xmpp:message-correct:0' id='a'/><replace xmlns='urn:xmpp:message-correct:0' id='b'/>"
    expect(listReferences(message(twice)).map(({ id }) => id)).toEqual(['a'])
  })
})

describe('a tombstone', () => {
  const original = message(
    `<body>secret</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/><x xmlns='jabber:x:oob'><url>https://im.test/f</url></x>
     <occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/><subject>secret</subject><thread>secret</thread>`,
    "type='chat' id='1' from='alice@im.test/a' to='bob@im.test' xml:lang='en'",
  )
  const at = new Date('2026-11-23T04:00:00Z')

  test('keeps who, to whom and the ids, and nothing else (XEP-0424 §4)', () => {
    const retraction = message(buildRetract('1').toString(), "type='chat' id='2'")
    expect(buildTombstone(original, { stanza: retraction, at }).toString()).toBe(
      '<message xmlns="jabber:client" from="alice@im.test/a" to="bob@im.test" type="chat" id="1">' +
        '<origin-id xmlns="urn:xmpp:sid:0" id="o"/><occupant-id xmlns="urn:xmpp:occupant-id:0" id="x"/>' +
        '<retracted xmlns="urn:xmpp:message-retract:1" id="2" stamp="2026-11-23T04:00:00.000Z"/></message>',
    )
  })

  test('says who moderated, and why (XEP-0425 §5)', () => {
    const retraction = message(
      `<retract xmlns='urn:xmpp:message-retract:1' id='s'><reason>Spam</reason>
       <moderated xmlns='urn:xmpp:message-moderate:1' by='room@im.test/mod'/></retract>`,
      "type='groupchat' id='2'",
    )
    const retracted = buildTombstone(original, { stanza: retraction, at }).getChild('retracted')
    expect(retracted?.getChild('moderated')?.attrs['by']).toBe('room@im.test/mod')
    expect(retracted?.getChildText('reason')).toBe('Spam')
  })
})

describe('what a message is found by', () => {
  const words = (content: string) => findSearchText(message(content))?.words

  test('its subject and its texts, in their language', () => {
    expect(findSearchText(message("<body xml:lang='de'>Hallo</body><subject>Neu</subject>"))).toEqual({
      words: 'Neu\nHallo',
      language: 'de',
    })
    expect(findSearchText(message('<body>hi</body>', "xml:lang='en'"))?.language).toBe('en')
    expect(words("<received xmlns='urn:xmpp:receipts' id='1'/>")).toBeUndefined()
    expect(words("<body xmlns='urn:x'>hi</body>")).toBeUndefined()
  })

  test('not what is there for clients that know less (XEP-0428 §2)', () => {
    const fallback = (inside: string) =>
      `<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>${inside}</fallback>`
    expect(words(`<body>&gt; 𝕢uoted\nown</body>${fallback("<body start='0' end='9'/>")}`)).toBe('own')
    expect(words(`<body>all</body>${fallback('<body/>')}`)).toBeUndefined()
    expect(words(`<body>all</body>${fallback('')}`)).toBeUndefined()
    expect(words(`<body>own</body><subject>all</subject>${fallback('<subject/>')}`)).toBe('own')
    expect(words(`<body>own</body>${fallback("<body start='x' end='-1'/>")}`)).toBe('own')
  })

  test('accents and forms of letters do not count, and scripts without spaces are found by each character', () => {
    expect(foldText('Müller ﬁne ＡＢＣ')).toBe('Muller fine ABC')
    expect(foldText('東京').split(' ').filter(Boolean)).toEqual(['東', '京'])
    expect(foldText('\ufdfa'.repeat(40_000)).length).toBe(32_768)
    expect(foldText('𝕢\u{1F600}'.repeat(20_000)).isWellFormed()).toBe(true)
  })
})
