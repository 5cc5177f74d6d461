import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import { describe, expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const MAM = 'urn:xmpp:mam:2'
const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const find = (words: string, more = '') =>
  `<query xmlns="${MAM}"><x xmlns="jabber:x:data" type="submit">` +
  `<field var="FORM_TYPE" type="hidden"><value>${MAM}</value></field>` +
  `<field var="{urn:xmpp:fulltext:0}fulltext"><value>${escape(words)}</value></field>${more}</x></query>`

/** Bodies that a search finds, in the order they come; or the condition of its error. */
async function search(device: Device, words: string, more = ''): Promise<(string | undefined)[] | string> {
  device.received()
  const answer = await device.ask('set', find(words, more))
  const condition = answer.getChild('error')?.getChildElements()[0]?.name
  if (condition !== undefined) return condition
  return device.received().map((text) => {
    const message = parseElement(text.replace('<message', '<message xmlns="jabber:client"'), C2S_LIMITS)
    return message.getChild('result', MAM)?.getChild('forwarded')?.getChild('message')?.getChildText('body')
  })
}

const chat = (to: string, inside: string, id = 'm') => `<message type="chat" to="${to}" id="${id}">${inside}</message>`
const body = (text: string, language?: string) =>
  `<body${language === undefined ? '' : ` xml:lang="${language}"`}>${text}</body>`

test('a user finds what was said, in the own archive only, by words, phrases and alternatives (XEP-0431 §2.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.alice.send(chat('bob@im.test', body('The budget meeting is on Monday')))
  await s.bob.send(chat('alice@im.test', body('Which budget?')))
  await s.bob.send(chat('carol@im.test', body('Alice has a budget')))

  expect(await search(s.alice, 'budget')).toEqual(['The budget meeting is on Monday', 'Which budget?'])
  expect(await search(s.alice, '"budget meeting"')).toEqual(['The budget meeting is on Monday'])
  expect(await search(s.alice, 'BUDGET -monday')).toEqual(['Which budget?'])
  expect(await search(s.alice, 'monday or which')).toHaveLength(2)
  expect(await search(s.alice, 'has')).toEqual([])
  expect(await search(s.carol, 'budget')).toEqual(['Alice has a budget'])
})

test('a search is narrowed and paged like any other query (XEP-0431 §3.1, XEP-0313 §4.1)', async () => {
  await using s = await story({ alice: 1 })
  for (const name of ['bob', 'carol']) await s.addAccount(name)
  for (const n of [1, 2, 3]) await s.alice.send(chat('bob@im.test', body(`report ${n}`)))
  await s.alice.send(chat('carol@im.test', body('report 4')))

  const only = '<field var="with"><value>bob@im.test</value></field>'
  expect(await search(s.alice, 'report', only)).toEqual(['report 1', 'report 2', 'report 3'])
  const last = find('report').replace(
    '</query>',
    '<set xmlns="http://jabber.org/protocol/rsm"><max>2</max><before/></set></query>',
  )
  s.alice.received()
  const fin = (await s.alice.ask('set', last)).getChild('fin')
  expect(s.alice.received().join('')).toMatch(/report 3.*report 4/)
  expect(fin?.attrs['complete']).toBeUndefined()
})

describe('words are found in the forms of their language', () => {
  test('that of the message and of the request (RFC 6120 §8.1.5, XEP-0431 §3.2)', async () => {
    await using s = await story({ alice: 1 })
    await s.addAccount('bob')
    await s.alice.send(chat('bob@im.test', body('Die Häuser sind rot', 'de')))
    s.alice.received()
    await s.alice.send(`<iq type="set" id="q" xml:lang="de">${find('rotes haus')}</iq>`)
    expect(s.alice.received().join('')).toContain('Häuser')
    expect(await search(s.alice, 'rotes haus')).toEqual([])
    // Accents do not count, whatever the language.
    expect(await search(s.alice, 'hauser')).toEqual(['Die Häuser sind rot'])
  })

  test('and that of the company, where neither says it', async () => {
    await using s = await story({ alice: 1 }, { settings: { archive: { language: 'en' } } })
    await s.addAccount('bob')
    await s.alice.send(chat('bob@im.test', body('We are running late')))
    expect(await search(s.alice, 'runs')).toEqual(['We are running late'])
  })
})

test('a search finds the latest version, nothing retracted, and no text that only quotes (XEP-0308 §5, XEP-0424 §5, XEP-0428 §2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.send(chat('bob@im.test', body('Monday'), 'a'))
  await s.alice.send(chat('bob@im.test', `${body('Tuesday')}<replace xmlns="urn:xmpp:message-correct:0" id="a"/>`, 'b'))
  expect(await search(s.bob, 'monday')).toEqual([])
  expect(await search(s.bob, 'tuesday')).toEqual(['Tuesday'])

  const quote =
    `${body('&gt; Tuesday\nfine')}<reply xmlns="urn:xmpp:reply:0" id="a" to="alice@im.test"/>` +
    '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="10"/></fallback>'
  await s.bob.send(chat('alice@im.test', quote, 'c'))
  await s.alice.send(
    chat(
      'bob@im.test',
      `${body('Tuesday was retracted')}<retract xmlns="urn:xmpp:message-retract:1" id="a"/><fallback xmlns="urn:xmpp:fallback:0"/>`,
      'd',
    ),
  )
  expect(await search(s.bob, 'tuesday')).toEqual([])
  expect(await search(s.alice, 'fine')).toHaveLength(1)
})

test('a search that says nothing, or too much, finds nothing and breaks nothing', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  await s.alice.send(chat('bob@im.test', body("It's here")))
  for (const words of ['!', "'", '\\', '& | ! ( )', ':*', '"" -', "'); drop table message; --", '@']) {
    expect(await search(s.alice, words), words).toEqual([])
  }
  expect(await search(s.alice, 'x'.repeat(1_025))).toBe('policy-violation')
  expect(await search(s.alice, 'here '.repeat(200))).toEqual(["It's here"])
  // An empty field is as good as none (XEP-0431 §2.2: "if non-empty").
  expect(await search(s.alice, '')).toEqual(["It's here"])
})

test('SP-11 nobody searches the archive of somebody else', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.send(chat('alice@im.test', body('secret')))
  for (const to of ['bob@im.test', 'nobody@im.test']) {
    const answer = await s.alice.ask('set', find('secret'), to)
    expect(answer.getChild('error')?.getChild('forbidden')).toBeDefined()
  }
})

test('every account says that its archive can be searched (XEP-0431 §2.1)', async () => {
  await using s = await story({ alice: 1 })
  const info = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'alice@im.test')
  expect(info.toString()).toContain('<feature var="urn:xmpp:fulltext:0"/>')
})

describe("archiving is the company's decision", () => {
  const prefs = (rule: string, inside = '') => `<prefs xmlns="${MAM}" default="${rule}">${inside}</prefs>`
  const ALL = '<prefs xmlns="urn:xmpp:mam:2" default="always"><always/><never/></prefs>'

  test('whoever asks is told that everything is archived (XEP-0441 §2.1)', async () => {
    await using s = await story({ alice: 1 })
    expect((await s.alice.ask('get', `<prefs xmlns="${MAM}"/>`)).toString()).toContain(ALL)
  })

  test('whoever wants less is told what applies, and it does (XEP-0441 §2.1: "the applied preferences")', async () => {
    await using s = await story({ alice: 1 })
    await s.addAccount('bob')
    const answer = await s.alice.ask('set', prefs('never', '<always/><never><jid>bob@im.test</jid></never>'))
    expect(answer.toString()).toContain(ALL)
    await s.alice.send(chat('bob@im.test', body('kept')))
    expect(await search(s.alice, 'kept')).toEqual(['kept'])
    expect((await s.alice.ask('set', prefs('sometimes'))).getChild('error')?.getChild('bad-request')).toBeDefined()
    expect((await s.alice.ask('get', `<prefs xmlns="${MAM}"/>`, 'bob@im.test')).toString()).toContain('<forbidden ')
  })
})
