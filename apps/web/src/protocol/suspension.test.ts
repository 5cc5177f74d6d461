import { expect, test } from 'vitest'
import { buildReleased, buildServiceState, xml } from '@drawbridge/xmpp'
import {
  findReleased,
  hidesMessages,
  isCut,
  parseServiceState,
  parseStatusDocument,
  stopsSending,
  suspensionFor,
  type Suspension,
} from './suspension.ts'

const suspension = (scope: string, mode: Suspension['mode']): Suspension => ({
  id: `${scope} ${mode}`,
  scopes: [scope],
  mode,
  reason: '',
  reasons: {},
  since: 0,
  until: undefined,
})

test('the strictest suspension that concerns what is sent decides', () => {
  const active = [suspension('service', 'hold'), suspension('images', 'reject'), suspension('files', 'announce')]
  expect(suspensionFor(active, 'message')?.mode).toBe('hold')
  expect(suspensionFor(active, 'image')?.mode).toBe('reject')
  expect(suspensionFor(active, 'file')?.mode).toBe('hold')
  expect(suspensionFor([], 'message')).toBeUndefined()
})

test('sending goes on under an announcement and a hold only', () => {
  const stopped = (['announce', 'hold', 'read-only', 'reject', 'cut'] as const).filter((mode) =>
    stopsSending(suspension('service', mode)),
  )
  expect(stopped).toEqual(['read-only', 'reject', 'cut'])
})

test('the status document lists what is suspended, and unknown kinds are left out', () => {
  const document = {
    state: 'suspended',
    suspensions: [
      {
        ...{ id: 'S1', scopes: ['service'], mode: 'cut', reason: 'x', reasons: { de: 'y' } },
        ...{ since: '2026-11-23T04:00:00Z', until: null },
      },
      { id: 'S2', scopes: ['service'], mode: 'moon' },
      { id: 'S3', scopes: [], mode: 'cut' },
      { id: 'S4', scope: 'service', mode: 'cut' },
      null,
    ],
  }
  expect(parseStatusDocument(document)?.suspensions).toEqual([
    {
      ...{ id: 'S1', scopes: ['service'], mode: 'cut', reason: 'x', reasons: { de: 'y' } },
      ...{ since: Date.UTC(2026, 10, 23, 4), until: undefined },
    },
  ])
  expect(parseStatusDocument({ state: 'ok', suspensions: [] })).toEqual({ suspensions: [], returnMs: undefined })
  expect(parseStatusDocument('<html>')).toBeUndefined()
})

test('the status document gives a client a time of its own to come back, and nonsense is no time', () => {
  const returnOf = (retryAfterMs: unknown) =>
    parseStatusDocument({ state: 'ok', suspensions: [], retryAfterMs })?.returnMs
  expect(returnOf(12_345)).toBe(12_345)
  expect(returnOf(1e12)).toBe(3_600_000)
  for (const nonsense of [-1, '5', null, Number.NaN]) expect(returnOf(nonsense)).toBeUndefined()
})

test('what is suspended for the unit, the client or the network of somebody is so for everything', () => {
  expect(suspensionFor([suspension('group:sales', 'read-only')], 'message')?.mode).toBe('read-only')
  expect(suspensionFor([suspension('rooms', 'cut')], 'message')).toBeUndefined()
  expect(suspensionFor([suspension('messages', 'hold')], 'image')?.mode).toBe('hold')
  expect([isCut(suspension('zone:10.0.0.0/8', 'cut')), isCut(suspension('images', 'cut'))]).toEqual([true, false])
})

test('messages are hidden where they are rejected, and for nothing milder or narrower', () => {
  const hidden = [
    suspension('service', 'reject'),
    suspension('group:sales', 'reject'),
    suspension('messages', 'reject'),
  ]
  expect(hidden.map((one) => hidesMessages([one]))).toEqual([true, true, true])
  const shown = [suspension('service', 'read-only'), suspension('images', 'reject'), suspension('rooms', 'reject')]
  expect(hidesMessages(shown)).toBe(false)
})

test('the server says what holds for this session, and which messages wait by whatever name they have', () => {
  const { id, reason, reasons } = suspension('group:sales', 'hold')
  const notice = { id, scopes: ['group:sales'], mode: 'hold', reason, reasons }
  const held = [
    { id: 'm1', stanzaId: 's1', suspension: id },
    { id: undefined, stanzaId: 's2', suspension: id },
  ]
  const state = parseServiceState(xml('iq', {}, buildServiceState([notice], held)))
  expect(state).toMatchObject({ suspensions: [{ scopes: ['group:sales'], mode: 'hold' }], held: ['m1', 's2'] })
  expect(findReleased(xml('message', {}, buildReleased(held)))).toEqual(['m1', 's2'])
  expect([parseServiceState(xml('iq')), findReleased(xml('message'))]).toEqual([undefined, undefined])
})
