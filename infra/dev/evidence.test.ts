import { expect, test } from 'vitest'
import { COMPLIANCE, findEvidence, listThreats, UNTESTED } from './gen/evidence.ts'
import { listClaims } from './gen/features.ts'
import { ROOT } from './steps.ts'

const evidence = findEvidence(ROOT)

test('every extension that is claimed has a test that names it and its section', async () => {
  const claimed = new Set((await listClaims(ROOT)).map(({ xep }) => `XEP-${String(xep).padStart(4, '0')}`))
  expect([...claimed].filter((term) => !evidence.has(term))).toEqual([])
})

test('every extension of the compliance suite that we claim is claimed by a feature, and has a test', async () => {
  const required = Object.values(COMPLIANCE).flatMap(({ core, advanced }) => [...core, ...advanced])
  const claimed = new Set((await listClaims(ROOT)).map(({ xep }) => `XEP-${String(xep).padStart(4, '0')}`))
  expect(required.filter((term) => !evidence.has(term))).toEqual([])
  expect(required.filter((term) => term.startsWith('XEP') && !claimed.has(term))).toEqual([])
})

test('whatever is advertised belongs to a feature that claims an extension or a section of an RFC', async () => {
  const { FEATURES } = await import('../../apps/server/src/features/index.ts')
  const nameless = FEATURES.filter(
    ({ disco = [], accountDisco = [], implements: claims }) =>
      disco.length + accountDisco.length > 0 && claims.length === 0,
  )
  expect(nameless.map(({ name }) => name)).toEqual([])
})

test('every attack of the catalogue has a test that carries its id, or a reason why it cannot', () => {
  const missing = listThreats().filter((id) => !evidence.has(id) && UNTESTED[id] === undefined)
  expect(missing).toEqual([])
  expect(Object.keys(UNTESTED).filter((id) => evidence.has(id))).toEqual([])
})
