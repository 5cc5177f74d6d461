import { expect, test } from 'vitest'
import { createRevocations } from './revocations.ts'

test('AU-23 what was begun before a revocation is revoked, what is begun afterwards is not', () => {
  let now = 0
  const revocations = createRevocations(1_000, () => now)
  const before = revocations.mark()
  expect(revocations.isRevoked('alice', before)).toBe(false)
  revocations.revoke('alice')
  expect(revocations.isRevoked('alice', before)).toBe(true)
  expect(revocations.isRevoked('alice', revocations.mark())).toBe(false)
  expect(revocations.isRevoked('bob', before)).toBe(false)
  const between = revocations.mark()
  now = 900
  revocations.revoke('alice')
  now = 1_500
  revocations.revoke('bob')
  expect(revocations.isRevoked('alice', between)).toBe(true)
  // Longer ago than signing in may take.
  now = 2_000
  revocations.revoke('carol')
  expect(revocations.isRevoked('alice', between)).toBe(false)
})
