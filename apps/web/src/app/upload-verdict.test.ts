import { IMAGE_REJECT_REASONS } from '@drawbridge/contract/browser'
import { expect, test } from 'vitest'
import { problemFromResponse, problemFromStanzaError } from './upload-verdict.ts'

test.each(IMAGE_REJECT_REASONS)('a refusal for the reason %s is told as that and is final', (reason) => {
  expect(problemFromResponse(422, JSON.stringify({ type: '/problems/image-rejected', reason }))).toMatchObject({
    reason,
    isFinal: true,
  })
})

test('an outage of the checker is not a refusal', () => {
  expect(problemFromResponse(503, '')).toMatchObject({ reason: 'unavailable', isFinal: false })
  expect(problemFromResponse(0, '')).toMatchObject({ reason: 'unavailable', isFinal: false })
})

test('a suspension is told apart from an outage', () => {
  expect(problemFromResponse(503, '{"type":"/problems/suspended"}')).toMatchObject({
    reason: 'suspended',
    isFinal: false,
  })
})

test('no room, and too much at once, are told apart from an outage', () => {
  expect(problemFromResponse(507, '{"type":"/problems/quota-exceeded"}')).toMatchObject({ reason: 'quota-server' })
  expect(problemFromResponse(429, '{"type":"/problems/image-budget"}')).toMatchObject({ reason: 'too-many' })
  expect(problemFromResponse(503, '{"type":"/problems/constructor"}')).toMatchObject({ reason: 'unavailable' })
})

test('a body that is no problem document is not trusted', () => {
  expect(problemFromResponse(422, '<html>')).toMatchObject({ reason: 'not-allowed' })
  expect(problemFromResponse(413, 'null')).toMatchObject({ reason: 'too-large' })
  expect(problemFromResponse(422, '{"reason":"<script>"}')).toMatchObject({ reason: 'not-allowed', text: '' })
})

test('a refused slot says why', () => {
  const error = {
    condition: 'not-acceptable',
    type: 'modify',
    text: 'x',
    imageReason: undefined,
    isTooLarge: false,
    quotas: [],
    application: [],
    retryAt: undefined,
  }
  expect(problemFromStanzaError({ ...error, imageReason: 'unsupported' })).toMatchObject({ reason: 'unsupported' })
  expect(problemFromStanzaError({ ...error, isTooLarge: true })).toMatchObject({ reason: 'too-large', isFinal: true })
  expect(problemFromStanzaError(error)).toMatchObject({ reason: 'not-allowed', text: 'x', isFinal: true })
  const full = { ...error, condition: 'resource-constraint', type: 'cancel' }
  const quota = { kind: 'unit', name: 'sales', usedBytes: 9, limitBytes: 9 } as const
  expect(problemFromStanzaError({ ...full, quotas: [quota] })).toMatchObject({ reason: 'quota-unit', isFinal: false })
  const inAnHour = Date.now() + 3_600_000
  expect(problemFromStanzaError({ ...full, retryAt: inAnHour })).toMatchObject({
    reason: 'quota-day',
    retryAt: inAnHour,
  })
  expect(problemFromStanzaError({ ...full, retryAt: Date.now() + 60_000 })).toMatchObject({ reason: 'too-many' })
  const suspended = { ...error, condition: 'policy-violation', type: 'wait' }
  expect(problemFromStanzaError(suspended)).toMatchObject({ reason: 'suspended', isFinal: false })
})
