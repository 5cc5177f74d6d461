import { describe, expect, test } from 'vitest'
import { createAccounts } from '../routing/accounts.ts'
import { PasswordBusy } from './password.ts'
import type { Passwords } from './password.ts'
import { beginSasl, mechanismsFor } from './sasl.ts'
import type { Mechanism, SaslServices, SaslSituation } from './sasl.ts'
import { deriveVerifier } from './scram.ts'
import type { ScramFamily } from './scram.ts'

const BINDINGS = { 'tls-server-end-point': Buffer.alloc(32, 1) }
const OVER_TLS: SaslSituation = { bindings: BINDINGS, isProtected: true }
const BEHIND_HTTPS: SaslSituation = { bindings: undefined, isProtected: true }
const CLEAR: SaslSituation = { bindings: undefined, isProtected: false }

const FLAGS = { isAdmin: false, isBreakGlass: false, isDisabled: false }
const accounts = createAccounts('im.test', [
  { id: 'a', localpart: 'alice', ...FLAGS },
  { id: 'g', localpart: 'gone', ...FLAGS, isDisabled: true },
])
const asked: (string | undefined)[] = []
const FAMILIES = ['SCRAM-SHA-256'] as const
const passwords: Passwords = {
  families: FAMILIES,
  iterations: 4_096,
  make: async () => [],
  verify: async (id, password) => {
    if (password === 'busy') throw new PasswordBusy()
    asked.push(id)
    return id !== undefined && password === `${id}-password`
  },
  load: async (id) => {
    asked.push(id)
    const verifier = await deriveVerifier('x', { family: 'SCRAM-SHA-256', iterations: 4_096 })
    return { scram: () => ({ verifier, isReal: id !== undefined }), missing: [], add: async () => false }
  },
}
const services: SaslServices = { domain: 'im.test', accounts, passwords }

const offers = (families: readonly ScramFamily[]) => ({ passwords: { families } })

const plain = (text: string | Buffer) => beginSasl('PLAIN', OVER_TLS, services).start(Buffer.from(text))

test('mechanisms come strongest first, and only where they can be had', () => {
  expect(mechanismsFor(OVER_TLS, offers(FAMILIES))).toEqual(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN'])
  expect(mechanismsFor(BEHIND_HTTPS, offers(FAMILIES))).toEqual(['SCRAM-SHA-256', 'PLAIN'])
  expect(mechanismsFor(CLEAR, offers(FAMILIES))).toEqual(['SCRAM-SHA-256'])
  expect(mechanismsFor(OVER_TLS, offers(['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1']))).toEqual([
    'SCRAM-SHA-512-PLUS',
    'SCRAM-SHA-256-PLUS',
    'SCRAM-SHA-512',
    'SCRAM-SHA-256',
    'SCRAM-SHA-1-PLUS',
    'SCRAM-SHA-1',
    'PLAIN',
  ])
})

describe('PLAIN', () => {
  test('the right password of an account', async () => {
    expect(await plain('\0alice\0a-password')).toMatchObject({ kind: 'success', account: { localpart: 'alice' } })
    expect(await plain('alice@im.test\0ALICE\0a-password')).toMatchObject({
      kind: 'success',
      account: { localpart: 'alice' },
    })
  })

  test('AU-14 unknown, disabled and wrong are one answer after the same work', async () => {
    asked.length = 0
    for (const text of ['\0nobody\0some-password', '\0gone\0g-password', '\0alice\0wrong', '\0not a name\0x']) {
      expect(await plain(text)).toMatchObject({ kind: 'failure', condition: 'not-authorized', isGuess: true })
    }
    expect(asked).toHaveLength(4)
  })

  test('AU-16 too many at once is not a wrong password', async () => {
    expect(await plain('\0alice\0busy')).toMatchObject({ condition: 'temporary-auth-failure', isGuess: false })
  })

  test('AU-01 nobody signs in for somebody else, whatever the password', async () => {
    for (const authzid of ['bob@im.test', 'alice@elsewhere.test', 'alice', 'im.test', 'alice@im.test/r', '@', ' ']) {
      expect(await plain(`${authzid}\0alice\0a-password`)).toMatchObject({
        condition: 'invalid-authzid',
        isGuess: false,
      })
    }
  })

  test('there is no second step', async () => {
    const attempt = beginSasl('PLAIN', OVER_TLS, services)
    expect(await attempt.next(Buffer.from('\0alice\0a-password'))).toMatchObject({ condition: 'malformed-request' })
  })
})

describe('SCRAM', () => {
  const begin = (mechanism: Mechanism, first: string | Buffer, situation = OVER_TLS) =>
    beginSasl(mechanism, situation, services).start(Buffer.from(first))

  test.each<[Mechanism, string, SaslSituation, string]>([
    ['SCRAM-SHA-256', 'n,,', OVER_TLS, 'challenge'],
    ['SCRAM-SHA-256', 'y,,', BEHIND_HTTPS, 'challenge'],
    ['SCRAM-SHA-256', 'y,,', OVER_TLS, 'failure'],
    ['SCRAM-SHA-256', 'p=tls-server-end-point,,', OVER_TLS, 'failure'],
    ['SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,', OVER_TLS, 'challenge'],
    ['SCRAM-SHA-256-PLUS', 'p=tls-exporter,,', OVER_TLS, 'failure'],
    ['SCRAM-SHA-256-PLUS', 'p=tls-unique,,', OVER_TLS, 'failure'],
    ['SCRAM-SHA-256-PLUS', 'p=constructor,,', OVER_TLS, 'failure'],
    ['SCRAM-SHA-256-PLUS', 'n,,', OVER_TLS, 'failure'],
    ['SCRAM-SHA-256-PLUS', 'y,,', OVER_TLS, 'failure'],
  ])('AU-10, AU-11 %s with %s', async (mechanism, gs2, situation, kind) => {
    expect((await begin(mechanism, `${gs2}n=alice,r=0123456789`, situation)).kind).toBe(kind)
  })

  test('AU-14 an unknown and a disabled account are asked for their proof like any other', async () => {
    asked.length = 0
    for (const name of ['alice', 'nobody', 'gone', 'not a name'])
      expect((await begin('SCRAM-SHA-256', `n,,n=${name},r=0123456789`)).kind).toBe('challenge')
    expect(asked).toEqual(['a', undefined, undefined, undefined])
  })

  test('a response before the challenge, ill-formed bytes and a failed proof are failures', async () => {
    const attempt = beginSasl('SCRAM-SHA-256', OVER_TLS, services)
    expect(await attempt.next(Buffer.from('c=biws,r=x,p=AAAA'))).toMatchObject({ condition: 'malformed-request' })
    expect(await attempt.start(Buffer.from('n,,n=\xff,r=0123456789', 'latin1'))).toMatchObject({
      condition: 'malformed-request',
    })
    await attempt.start(Buffer.from('n,,n=alice,r=0123456789'))
    expect(await attempt.next(Buffer.from('c=biws,r=0123456789,p=AAAA'))).toMatchObject({
      condition: 'not-authorized',
      isGuess: true,
    })
  })
})
