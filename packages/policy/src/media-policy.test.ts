import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  E2EE_POLICIES,
  EXTERNAL_MEDIA,
  FILE_CLASSES,
  changedMediaFields,
  mediaPolicy,
  mergeMediaPolicy,
  unitMediaPolicy,
} from './media-policy.ts'
import type { UnitMediaPolicy } from './media-policy.ts'
import { compile } from './rules.ts'

const service = mediaPolicy.parse({})

const units: fc.Arbitrary<UnitMediaPolicy[]> = fc.array(
  fc.record(
    {
      e2ee: fc.constantFrom(...E2EE_POLICIES),
      externalMedia: fc.constantFrom(...EXTERNAL_MEDIA),
      antivirus: fc.constantFrom('closed' as const, 'open' as const),
      originals: fc.constantFrom('seal' as const, 'discard' as const),
      avif: fc.constantFrom('refuse' as const, 'accept' as const),
      refuseUpload: fc.subarray([...FILE_CLASSES]),
      maxFileBytes: fc.option(fc.nat()),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 4 },
)

test('whoever is in no unit has the policy of the service', () => {
  expect(mergeMediaPolicy(service, [])).toEqual(service)
  expect(service).toMatchObject({ e2ee: 'refuse', originals: 'discard', antivirus: 'closed', maxFileBytes: null })
})

test('a unit opens for its members what the service keeps closed, and nothing else', () => {
  expect(mergeMediaPolicy(service, [{ e2ee: 'text-only' }])).toEqual({ ...service, e2ee: 'text-only' })
})

test('of several units the strictest wins, field by field', () => {
  const merged = mergeMediaPolicy(service, [
    { e2ee: 'client-sanitize', maxFileBytes: null, refuseUpload: ['executable'], originals: 'discard' },
    { e2ee: 'scan-with-key', maxFileBytes: 7, refuseUpload: ['audio'], originals: 'seal', externalMedia: 'proxy' },
  ])
  expect(merged).toEqual({
    ...service,
    e2ee: 'scan-with-key',
    maxFileBytes: 7,
    refuseUpload: ['executable', 'audio'],
    originals: 'seal',
    externalMedia: 'proxy',
  })
})

test('the order of units does not matter, and one more never opens what another closed', () => {
  fc.assert(
    fc.property(units, units, (some, more) => {
      const both = mergeMediaPolicy(service, [...some, ...more])
      expect(mergeMediaPolicy(service, [...more, ...some])).toEqual(both)
      const alone = mergeMediaPolicy(service, some)
      if (some.some(({ e2ee }) => e2ee !== undefined)) {
        expect(E2EE_POLICIES.indexOf(both.e2ee)).toBeLessThanOrEqual(E2EE_POLICIES.indexOf(alone.e2ee))
      }
      if (some.some(({ refuseUpload }) => refuseUpload)) {
        expect(both.refuseUpload).toEqual(expect.arrayContaining([...alone.refuseUpload]))
      }
    }),
  )
})

test('a field or value that nobody knows is refused, in the snapshot as well', () => {
  expect(unitMediaPolicy.safeParse({ e2e: 'refuse' }).success).toBe(false)
  expect(unitMediaPolicy.safeParse({ e2ee: 'allow' }).success).toBe(false)
  expect(() => compile({ media: { service: { e2ee: 'allow' as never }, units: {} } })).toThrow(/e2ee/u)
})

test('what changed is named', () => {
  expect(changedMediaFields(service, { ...service, avif: 'accept', refuseUpload: [] })).toEqual([
    'avif',
    'refuseUpload',
  ])
})
