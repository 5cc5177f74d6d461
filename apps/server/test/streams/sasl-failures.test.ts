import { buildSaslFailure, C2S_LIMITS, NS_SASL, parseElement } from '@drawbridge/xmpp'
import type { SaslFailure } from '@drawbridge/xmpp'
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

// Every failure of RFC 6120 §6.5: the stories of signing in that get it, or why nobody does.

const CONDITIONS: Readonly<Record<SaslFailure, { readonly in: string } | { readonly never: string }>> = {
  aborted: { in: 'auth' },
  // Only to whom an issuer has vouched for; by password it is answered like one that does not exist (threats AU-14).
  'account-disabled': { in: 'oauth-ends' },
  'credentials-expired': { in: 'fast' },
  'encryption-required': { in: 'auth' },
  'incorrect-encoding': { in: 'auth' },
  'invalid-authzid': { in: 'auth' },
  'invalid-mechanism': { in: 'auth' },
  'malformed-request': { in: 'auth' },
  'mechanism-too-weak': { never: 'what is too weak for somebody is not offered, and then it is invalid' },
  'not-authorized': { in: 'auth' },
  'temporary-auth-failure': { in: 'auth' },
}

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const rows = Object.entries(CONDITIONS).map(([condition, how]) => ({ condition: condition as SaslFailure, how }))
const reached = rows.flatMap(({ condition, how }) => ('in' in how ? [{ condition, place: how.in }] : []))
const never = rows.flatMap(({ condition, how }) => ('never' in how ? [{ condition, reason: how.never }] : []))

describe('the 11 SASL failures (RFC 6120 §6.5)', () => {
  test.each(reached)('$condition is reached by the stories of $place', ({ condition, place }) => {
    expect(read(`test/streams/${place}.story.test.ts`)).toContain(condition)
  })

  test.each(never)('$condition is said by nothing here: $reason', async ({ condition }) => {
    const failure = parseElement(buildSaslFailure(condition).toString(), C2S_LIMITS)
    expect(failure.getChild(condition, NS_SASL)).toBeDefined()
    const sources = await Array.fromAsync(glob('src/stream/**/*.ts', { cwd: ROOT }))
    const users = sources.filter((path) => !path.includes('.test.') && read(path).includes(`'${condition}'`))
    expect(users).toEqual([])
  })
})
