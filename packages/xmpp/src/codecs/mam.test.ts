import { describe, expect, test } from 'vitest'
import { xml } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { C2S_LIMITS } from '../limits.ts'
import { parseElement } from '../tokenizer.ts'
import { buildMamFin, buildMamForm, buildMamMetadata, buildMamResult, parseMamQuery, stripMamResults } from './mam.ts'

const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`
const parse = (fields: string, rest = '', type = 'submit') =>
  parseMamQuery(
    parseElement(
      `<query xmlns='urn:xmpp:mam:2' queryid='q'><x xmlns='jabber:x:data' type='${type}'>${field('FORM_TYPE', 'urn:xmpp:mam:2')}` +
        `${fields}</x>${rest}</query>`,
      C2S_LIMITS,
    ),
    { maxItems: 50, maxIds: 3 },
  )
const condition = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof StanzaFault) return error.condition
    throw error
  }
  return 'accepted'
}

describe('a query', () => {
  test('without a form asks for everything', () => {
    expect(parseMamQuery(xml('query', { xmlns: 'urn:xmpp:mam:2' }), { maxItems: 50, maxIds: 3 })).toMatchObject({
      queryId: undefined,
      with: undefined,
      isFlipped: false,
      rsm: { max: 50 },
    })
  })

  test('filters by peer, time and ids, and pages', () => {
    const query = parse(
      field('with', 'Bob@im.test') +
        field('start', '2026-11-23T04:00:00Z') +
        field('end', '2026-11-24T04:00:00Z') +
        field('before-id', 'z') +
        field('after-id', 'a') +
        field('ids', 'b', 'c'),
      "<set xmlns='http://jabber.org/protocol/rsm'><max>5</max><before/></set><flip-page/>",
    )
    expect(query).toMatchObject({ queryId: 'q', beforeId: 'z', afterId: 'a', ids: ['b', 'c'], isFlipped: true })
    expect(query.with?.toString()).toBe('bob@im.test')
    expect(query.start?.toISOString()).toBe('2026-11-23T04:00:00.000Z')
    expect(query.end?.toISOString()).toBe('2026-11-24T04:00:00.000Z')
    expect(query.rsm).toEqual({ max: 5, before: '' })
  })

  test('is refused for the right reason', () => {
    expect(condition(() => parse(field('with', 'a@@b')))).toBe('jid-malformed')
    expect(condition(() => parse(field('start', 'yesterday')))).toBe('bad-request')
    expect(condition(() => parse(field('with', 'a@b.test', 'c@d.test')))).toBe('bad-request')
    expect(condition(() => parse(field('{urn:x}fulltext', 'x')))).toBe('feature-not-implemented')
    expect(condition(() => parse('', '', 'form'))).toBe('bad-request')
    expect(condition(() => parse(field('ids', 'a', 'b', 'c')))).toBe('accepted')
    expect(condition(() => parse(field('ids', 'a', 'b', 'c', 'd')))).toBe('policy-violation') // DS-19
  })
})

describe('an answer', () => {
  test('carries a copy of the message with its date', () => {
    const stanza = xml('message', { xmlns: 'jabber:client', from: 'bob@im.test' }, xml('body', {}, 'hi'))
    const result = buildMamResult({ id: 'a1', stamp: new Date('2026-11-23T04:00:00Z'), stanza }, 'q')
    expect(result.toString()).toBe(
      '<result xmlns="urn:xmpp:mam:2" queryid="q" id="a1"><forwarded xmlns="urn:xmpp:forward:0">' +
        '<delay xmlns="urn:xmpp:delay" stamp="2026-11-23T04:00:00.000Z"/>' +
        '<message xmlns="jabber:client" from="bob@im.test"><body>hi</body></message></forwarded></result>',
    )
    expect(stanza.parent).toBeNull()
  })

  test('ends with what was sent', () => {
    expect(buildMamFin({ isComplete: true, rsm: { first: 'a', last: 'b' } }).toString()).toBe(
      '<fin xmlns="urn:xmpp:mam:2" complete="true"><set xmlns="http://jabber.org/protocol/rsm">' +
        '<first>a</first><last>b</last></set></fin>',
    )
    expect(buildMamFin({ isComplete: false, isStable: false, rsm: {} }).toString()).toBe(
      '<fin xmlns="urn:xmpp:mam:2" stable="false"><set xmlns="http://jabber.org/protocol/rsm"/></fin>',
    )
  })

  test('tells the fields, and the ends of the archive', () => {
    expect(
      buildMamForm()
        .getChild('x')
        ?.getChildren('field')
        .map(({ attrs }) => attrs['var']),
    ).toEqual(['FORM_TYPE', 'with', 'start', 'end', 'before-id', 'after-id', 'ids', '{urn:xmpp:fulltext:0}fulltext'])
    const stamp = new Date(0)
    expect(buildMamMetadata({ start: { id: 'a', stamp }, end: { id: 'b', stamp } }).toString()).toBe(
      '<metadata xmlns="urn:xmpp:mam:2"><start id="a" timestamp="1970-01-01T00:00:00.000Z"/>' +
        '<end id="b" timestamp="1970-01-01T00:00:00.000Z"/></metadata>',
    )
    expect(buildMamMetadata(undefined).toString()).toBe('<metadata xmlns="urn:xmpp:mam:2"/>')
  })
})

test('SP-03 a result that a client made is removed', () => {
  const message = xml('message', {}, xml('result', { xmlns: 'urn:xmpp:mam:2' }), xml('body'))
  expect(stripMamResults(message)).toBe(1)
  expect(message.toString()).toBe('<message><body/></message>')
})
