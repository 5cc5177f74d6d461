import { expect, test } from 'vitest'
import { ADVERTISED, OWN } from '../../apps/server/test/advertised.ts'
import { COMPLIANCE, findEvidence, listThreats, NEVER_OFFERED, UNTESTED } from './gen/evidence.ts'
import { listClaims, RFCS } from './gen/features.ts'
import { ROOT } from './steps.ts'

const evidence = findEvidence(ROOT)
const claimed = new Set((await listClaims(ROOT)).map(({ xep }) => `XEP-${String(xep).padStart(4, '0')}`))

test('every extension that is claimed has a test whose title names it and its section', () => {
  expect([...claimed].filter((term) => !evidence.has(term))).toEqual([])
})

test('every extension of the compliance suite that we claim is claimed by a feature, and has a test', () => {
  const required = Object.values(COMPLIANCE).flatMap(({ core, advanced }) => [...core, ...advanced])
  expect(required.filter((term) => !evidence.has(term))).toEqual([])
  expect(required.filter((term) => term.startsWith('XEP') && !claimed.has(term))).toEqual([])
})

test('whatever is advertised belongs to an extension that is claimed or to an RFC, and a test names its section', () => {
  // That nothing else is advertised is a story of the server (apps/server/test/streams/advertised.story.test.ts).
  const terms = Object.values(ADVERTISED).filter((term) => term !== OWN)
  expect(terms.filter((term) => term.startsWith('XEP') && !claimed.has(term))).toEqual([])
  expect(terms.filter((term) => term.startsWith('RFC') && !RFCS.some((rfc) => term === `RFC ${rfc}`))).toEqual([])
  expect(terms.filter((term) => !evidence.has(term))).toEqual([])
})

test('every attack of the catalogue has a test that carries its id, or a reason why it cannot', () => {
  const missing = listThreats().filter((id) => !evidence.has(id) && UNTESTED[id] === undefined)
  expect(missing).toEqual([])
  expect(Object.keys(UNTESTED).filter((id) => evidence.has(id))).toEqual([])
  expect(Object.keys(NEVER_OFFERED).filter((id) => !evidence.has(id))).toEqual([])
})
