import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { failureFrom, isFinal } from './failure.ts'

const read = (text: string) => failureFrom(parseElement(text, C2S_LIMITS))
const streamError = (inside: string) =>
  read(
    `<error xmlns="http://etherx.jabber.org/streams">${inside}` +
      '<text xmlns="urn:ietf:params:xml:ns:xmpp-streams">Please update</text></error>',
  )
const saslFailure = (inside: string) => read(`<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl">${inside}</failure>`)
const blocked = (attrs: string) => `<client-blocked xmlns="urn:drawbridge:client:1" rule="R12" ${attrs}/>`

test('a refused version is told with what is needed, on a live stream and at sign-in', () => {
  const expected = { kind: 'client-refused', blocked: { rule: 'R12', minVersion: '4.2.1', url: 'https://im.test/new' } }
  const element = blocked('min="4.2.1" url="https://im.test/new"')
  expect(streamError(`<policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>${element}`)).toMatchObject(
    expected,
  )
  expect(saslFailure(`<aborted/>${element}`)).toMatchObject(expected)
})

test('a token that has run out is told apart from one that is not taken', () => {
  const failure = (inside: string) =>
    read(`<failure xmlns="urn:xmpp:sasl:2">${inside}<text>No account here belongs to it.</text></failure>`)
  const condition = (name: string) => failure(`<${name} xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>`)
  expect(condition('credentials-expired')).toEqual({ kind: 'sign-in-ended' })
  expect(condition('not-authorized')).toEqual({ kind: 'token-refused', text: 'No account here belongs to it.' })
  expect(condition('account-disabled')).toMatchObject({ kind: 'account-disabled' })
  expect(condition('temporary-auth-failure')).toMatchObject({ kind: 'try-later' })
  expect(failure(blocked('min="4.2.1"'))).toMatchObject({ kind: 'client-refused' })
})

test('WC-03: a link that is not http is not offered', () => {
  expect(streamError(blocked('url="javascript:alert(1)"'))).toMatchObject({ blocked: { url: undefined } })
})

test('a reload is spread over two minutes at most', () => {
  expect(streamError(blocked('spread="999999"'))).toMatchObject({ blocked: { spreadSeconds: 120 } })
  expect(streamError(blocked('spread="-5"'))).toMatchObject({ blocked: { spreadSeconds: 0 } })
  expect(streamError(blocked(''))).toMatchObject({ blocked: { spreadSeconds: 0, reason: 'Please update' } })
})

test('a cut stream says why and until when', () => {
  const failure = streamError(
    '<system-shutdown xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>' +
      '<suspension xmlns="urn:drawbridge:suspension:1" id="S1" scopes="service" mode="cut" until="2026-11-23T06:00:00Z">' +
      '<reason>Incident</reason></suspension>',
  )
  expect(failure).toMatchObject({
    kind: 'suspended',
    suspensions: [{ id: 'S1', mode: 'cut', reason: 'Incident', until: Date.UTC(2026, 10, 23, 6) }],
  })
  expect(failure && isFinal(failure)).toBe(false)
})

test.each([
  ['<not-authorized/>', 'bad-credentials', true],
  ['<credentials-expired/>', 'bad-credentials', true],
  ['<account-disabled/>', 'account-disabled', true],
  ['<temporary-auth-failure/>', 'try-later', false],
])('sign-in refused with %s means %s', (condition, kind, final) => {
  const failure = saslFailure(condition)
  expect(failure).toMatchObject({ kind })
  expect(failure && isFinal(failure)).toBe(final)
})

test('any other stream error is a reason to come back', () => {
  expect(streamError('<internal-server-error xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>')).toBeUndefined()
})
