import { expect, test } from 'vitest'
import { buildStatus, instantText, statusLanguageOf, strictestFirst, suspensionsText } from './status.ts'
import type { PublicSuspension } from './status.ts'

const of = (scopes: string[], mode: PublicSuspension['mode'], until: string | null = null): PublicSuspension => ({
  ...{ id: `${scopes} ${mode}`, scopes, mode, reason: `${mode}.`, reasons: {} },
  ...{ since: '2026-11-23T18:00:00.000Z', until },
})
const now = new Date('2026-11-23T18:10:00Z')

test('control §4.7 XEP-0455 §3.2 the outage is the strictest, and lasts as long as anything as wide as it', () => {
  const images = of(['images'], 'reject', '2026-11-23T18:20:00.000Z')
  const short = of(['service'], 'hold', '2026-11-23T19:00:00.000Z')
  const long = of(['service'], 'cut', '2026-11-23T21:00:00.000Z')
  const status = buildStatus([images, short, { ...long, since: '2026-11-23T18:05:00.000Z' }], now)
  expect(status).toMatchObject({ outage: true, planned: false, beginning: '2026-11-23T18:05:00.000Z' })
  expect(status.expected_end).toBe('2026-11-23T21:00:00.000Z')
  expect(status.message?.default).toMatch(/^This service is suspended\..*\nThis service is on hold\..*\nSharing images/)
  expect(buildStatus([short, of(['service'], 'read-only')], now).expected_end).toBeUndefined()
})

test('a notice is no outage, and only what has not begun is planned', () => {
  const notice = of(['service'], 'announce')
  expect(buildStatus([notice], now)).toMatchObject({ state: 'ok', outage: false, planned: false })
  const later = { ...notice, since: '2026-11-24T18:00:00.000Z' }
  expect(buildStatus([later], now)).toMatchObject({ state: 'ok', outage: false, planned: true })
})

test('what is about everything comes before single features, and notices come last', () => {
  const notice = of(['service'], 'announce')
  const feature = of(['images'], 'cut')
  const unit = of(['group:sales'], 'hold')
  expect(strictestFirst([notice, feature, unit])).toEqual([unit, feature, notice])
  const messages = of(['messages'], 'hold')
  expect(strictestFirst([of(['images'], 'reject'), messages])[0], 'who cannot write must know').toBe(messages)
})

test('times are words with their zone, and sentences end once', () => {
  expect(instantText('2026-11-23T20:55:04.802Z', 'en')).toMatch(/^2[34] November 2026.*\d\d:\d\d .+$/)
  expect(instantText('2026-11-23T20:55:04.802Z', 'de')).toMatch(/^2[34]\. November 2026.*\d\d:\d\d .+$/)
  const text = suspensionsText([of(['service'], 'cut', '2026-11-23T20:55:04.802Z')], 'en')
  expect(text).not.toMatch(/\.802Z|\.\./)
})

test('of many suspensions the strictest are told, and the rest is counted', () => {
  const many = Array.from({ length: 20 }, () => of(['search'], 'read-only'))
  const lines = suspensionsText([...many, of(['service'], 'cut')], 'de').split('\n')
  expect(lines).toHaveLength(9)
  expect([lines[0], lines[8]]).toEqual([expect.stringMatching(/^Dieser Dienst/), '13 weitere Aussetzungen gelten.'])
})

test('whoever reads a language that we do not speak reads English', () => {
  expect(['de', 'DE-ch', 'en-US', 'fr', 'den', undefined].map(statusLanguageOf)).toEqual([
    'de',
    'de',
    'en',
    'en',
    'en',
    'en',
  ])
})
