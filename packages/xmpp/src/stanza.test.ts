import { describe, expect, test } from 'vitest'
import { xml } from './element.ts'
import { StanzaFault } from './errors.ts'
import { parseJid } from './jid.ts'
import { C2S_LIMITS } from './limits.ts'
import { findIqPayload, isStanzaElement, stanzaFrom, type IqStanza } from './stanza.ts'
import { parseElement } from './tokenizer.ts'

const alice = parseJid('alice@im.test/phone')
const parse = (text: string) => parseElement(text.replace(/^<(\w+)/, "<$1 xmlns='jabber:client'"), C2S_LIMITS)
const stanza = (text: string) => stanzaFrom(parse(text), { from: alice })

/** The condition and type of the error that a stanza is answered with. */
function fault(text: string): string {
  try {
    stanza(text)
  } catch (error) {
    if (error instanceof StanzaFault) return `${error.condition} ${error.type}`
    throw error
  }
  return 'accepted'
}

describe('messages', () => {
  test('have sender, recipient, id and type', () => {
    const message = stanza("<message to='Bob@im.test' id='1' type='chat' from='mallory@im.test'/>")
    expect(message).toMatchObject({ kind: 'message', id: '1', type: 'chat' })
    expect(message.from).toBe(alice)
    expect(message.to?.toString()).toBe('bob@im.test')
  })

  test('without type, or with one that nobody defined, are normal (RFC 6121 §5.2.2)', () => {
    expect(stanza('<message/>').type).toBe('normal')
    expect(stanza("<message type='shout'/>").type).toBe('normal')
    expect(stanza("<message type='constructor'/>").type).toBe('normal')
    // And so they go on: a client that gets it has nothing to make of a type it does not know.
    expect(stanza("<message type='shout'/>").element.attrs['type']).toBeUndefined()
    expect(stanza("<message type='normal'/>").element.attrs['type']).toBe('normal')
  })
})

describe('presence', () => {
  test('without type is available', () => {
    expect(stanza('<presence/>')).toMatchObject({ kind: 'presence', type: 'available', to: undefined })
  })

  test('of an unknown type is refused', () => {
    expect(fault("<presence type='away'/>")).toBe('bad-request modify')
    expect(fault("<presence type='available'/>")).toBe('bad-request modify')
  })
})

describe('iq', () => {
  test('has an id, a known type and one child', () => {
    const iq = stanza("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>") as IqStanza
    expect(iq).toMatchObject({ kind: 'iq', id: '1', type: 'get' })
    expect(findIqPayload(iq)?.getNS()).toBe('urn:xmpp:ping')
  })

  test.each([
    "<iq type='get'><a/></iq>",
    "<iq type='get' id=''><a/></iq>",
    "<iq id='1'><a/></iq>",
    "<iq type='ask' id='1'><a/></iq>",
    "<iq type='get' id='1'/>",
    "<iq type='get' id='1'>text</iq>",
    "<iq type='set' id='1'><a/><b/></iq>",
    "<iq type='result' id='1'><a/><b/></iq>",
  ])('%s is refused (RFC 6120 §8.2.3)', (text) => {
    expect(fault(text)).toBe('bad-request modify')
  })

  test('a result may be empty', () => {
    expect(stanza("<iq type='result' id='1'/>").type).toBe('result')
    expect(fault("<iq type='error' id='1'><a/><error/></iq>")).toBe('accepted')
  })
})

describe('addresses', () => {
  test('a malformed recipient is answered with jid-malformed', () => {
    expect(fault("<message to='a@@b'/>")).toBe('jid-malformed modify')
    expect(fault("<message to=''/>")).toBe('jid-malformed modify')
  })

  test('a message without recipient is for the account of its sender (RFC 6120 §10.3.1)', () => {
    const { element, to } = stanzaFrom(parse('<message/>'), { from: alice })
    expect(to).toBe(alice.bare)
    expect(element.attrs['to']).toBe('alice@im.test')
  })

  test('presence and requests without recipient are not for anybody in particular (RFC 6120 §10.3.2, §10.3.3)', () => {
    expect(stanzaFrom(parse('<presence/>'), { from: alice }).to).toBeUndefined()
    expect(stanzaFrom(parse("<iq type='get' id='1'><a/></iq>"), { from: alice }).to).toBeUndefined()
  })
})

describe('DS-21 ids are limited', () => {
  const ok = 'x'.repeat(1023)
  const long = 'x'.repeat(1024)
  const wide = 'ä'.repeat(512)

  test.each([long, wide, 'x'.repeat(100_000)])('%#', (value) => {
    expect(fault(`<message id='${value}'/>`)).toBe('policy-violation modify')
    expect(fault(`<presence xml:lang='${value}'/>`)).toBe('policy-violation modify')
    expect(fault(`<message><origin-id xmlns='urn:xmpp:sid:0' id='${value}'/></message>`)).toBe(
      'policy-violation modify',
    )
    expect(fault(`<iq type='get' id='${value}'><a/></iq>`)).toBe('policy-violation modify')
  })

  test('1,023 bytes are fine', () => {
    expect(fault(`<message id='${ok}' xml:lang='${ok}'><origin-id xmlns='urn:xmpp:sid:0' id='${ok}'/></message>`)).toBe(
      'accepted',
    )
  })
})

test('XS-26 a stanza name in a foreign namespace is no stanza', () => {
  expect(isStanzaElement(xml('message', { xmlns: 'urn:x' }))).toBe(false)
  expect(isStanzaElement(xml('message', { xmlns: 'jabber:client' }))).toBe(true)
  expect(isStanzaElement(xml('c:message', { 'xmlns:c': 'jabber:client' }))).toBe(true)
  expect(() => stanzaFrom(xml('message', { xmlns: 'urn:x' }), { from: alice })).toThrow(StanzaFault)
})
