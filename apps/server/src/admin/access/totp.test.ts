import { expect, test } from 'vitest'
import { base32, makeTotpSecret, matchingSteps, otpauthUri, totpCode, totpStep } from './totp.ts'

const SECRET = Buffer.from('12345678901234567890')

test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('RFC 6238 appendix B: at %d seconds the code is %s', (seconds, code) => {
  expect(totpCode(SECRET, totpStep(new Date(seconds * 1_000)), 8)).toBe(code)
})

test('a code is taken one period early or late, and no further', () => {
  const at = new Date('2026-11-23T04:00:00Z')
  const step = totpStep(at)
  const secret = makeTotpSecret()
  for (const skew of [-1, 0, 1]) expect(matchingSteps(secret, totpCode(secret, step + skew), at)).toContain(step + skew)
  for (const skew of [-2, 2])
    expect(matchingSteps(secret, totpCode(secret, step + skew), at)).not.toContain(step + skew)
  expect(matchingSteps(secret, '', at)).toEqual([])
})

test('RFC 4648 §10: base32, and the link that authenticators read', () => {
  expect(base32(Buffer.from('foobar'))).toBe('MZXW6YTBOI')
  expect(base32(Buffer.from('f'))).toBe('MY')
  expect(otpauthUri(SECRET, 'im.test', 'alice@im.test')).toBe(
    'otpauth://totp/im.test:alice%40im.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=im.test',
  )
})
