import { describe, expect, test } from 'vitest'
import { xml } from './element.ts'
import {
  buildSaslFailure,
  buildStanzaError,
  buildStreamError,
  errorReply,
  SASL_FAILURES,
  STANZA_ERROR_CONDITIONS,
  StanzaFault,
  STREAM_ERROR_CONDITIONS,
  StreamFault,
} from './errors.ts'

describe('the tables', () => {
  test('have all conditions of RFC 6120, each once', () => {
    expect(new Set(STREAM_ERROR_CONDITIONS).size).toBe(25)
    expect(new Set(SASL_FAILURES).size).toBe(11)
    expect(Object.keys(STANZA_ERROR_CONDITIONS)).toHaveLength(22)
  })
})

describe('errors on the wire', () => {
  test('a stream error stands in a stream and in a WebSocket message', () => {
    expect(
      buildStreamError('policy-violation', 'Please update', xml('client-blocked', { xmlns: 'urn:x' })).toString(),
    ).toBe(
      '<stream:error xmlns:stream="http://etherx.jabber.org/streams">' +
        '<policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>' +
        '<text xmlns="urn:ietf:params:xml:ns:xmpp-streams" xml:lang="en">Please update</text>' +
        '<client-blocked xmlns="urn:x"/></stream:error>',
    )
  })

  test('a SASL failure', () => {
    expect(buildSaslFailure('not-authorized').toString()).toBe(
      '<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><not-authorized/></failure>',
    )
  })

  test('a stanza error has the type that the RFC recommends, unless another is given', () => {
    expect(buildStanzaError({ condition: 'forbidden' }).attrs['type']).toBe('auth')
    expect(buildStanzaError({ condition: 'policy-violation', type: 'wait' }).attrs['type']).toBe('wait')
    expect(buildStanzaError({ condition: 'conflict', text: 'Taken', app: xml('x', { xmlns: 'u' }) }).toString()).toBe(
      '<error type="cancel"><conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>' +
        '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">Taken</text><x xmlns="u"/></error>',
    )
  })
})

describe('errorReply', () => {
  const iq = (type: string) =>
    xml(
      'iq',
      { xmlns: 'jabber:client', type, id: '1', from: 'alice@im.test/1', to: 'im.test' },
      xml('q', { xmlns: 'u' }),
    )

  test('swaps the addresses, keeps the id and echoes nothing', () => {
    expect(errorReply(iq('get'), { condition: 'service-unavailable' })?.toString()).toBe(
      '<iq xmlns="jabber:client" type="error" id="1" from="im.test" to="alice@im.test/1">' +
        '<error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>',
    )
  })

  test('takes a fault as it was thrown', () => {
    const fault = new StanzaFault({ condition: 'not-allowed', text: 'No.' })
    expect(errorReply(iq('set'), fault)?.getChild('error')?.getChildText('text')).toBe('No.')
    expect(fault).toBeInstanceOf(Error)
    expect(fault.message).toBe('not-allowed: No.')
  })

  test('never answers an error or a result (RFC 6120 §8.2.3, §8.3.1)', () => {
    expect(errorReply(iq('error'), { condition: 'bad-request' })).toBeUndefined()
    expect(errorReply(iq('result'), { condition: 'bad-request' })).toBeUndefined()
    expect(errorReply(xml('message', { type: 'error' }), { condition: 'bad-request' })).toBeUndefined()
    expect(errorReply(xml('message', { type: 'result' }), { condition: 'bad-request' })).toBeDefined()
  })
})

test('a stream fault says its condition', () => {
  expect(new StreamFault('restricted-xml', 'comment')).toMatchObject({
    name: 'StreamFault',
    condition: 'restricted-xml',
    text: 'comment',
    message: 'restricted-xml: comment',
  })
})
