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
  const suspended = { ...error, condition: 'policy-violation', type: 'wait' }
  expect(problemFromStanzaError(suspended)).toMatchObject({ reason: 'suspended', isFinal: false })
})
