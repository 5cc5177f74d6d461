import { fastestMs } from '@drawbridge/testkit'
import { describe, expect, test } from 'vitest'
import { deriveVerifier, encodeVerifier, findVerifier, offerHash, parseClientFirst, ScramExchange } from './scram.ts'
import type { ScramFamily } from './scram.ts'

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const FIRST = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const FINAL = `c=biws,r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE}`
const PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='

async function exchange(isReal = true): Promise<ScramExchange> {
  const verifier = await deriveVerifier('pencil', { family: 'SCRAM-SHA-256', iterations: 4_096, salt: SALT })
  const first = parseClientFirst(FIRST)
  return new ScramExchange({ first, verifier, bindingBytes: Buffer.alloc(0), isReal, serverNonce: SERVER_NONCE })
}

describe('the exchange of RFC 7677 §3', () => {
  test('comes out as it is printed there', async () => {
    const server = await exchange()
    expect(server.serverFirst).toBe(`r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`)
    expect(server.finish(`${FINAL},p=${PROOF}`)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  })

  test('AU-14 with a decoy, the right proof is as wrong as any', async () => {
    const server = await exchange(false)
    expect(() => server.finish(`${FINAL},p=${PROOF}`)).toThrow(expect.objectContaining({ reason: 'not-authorized' }))
  })

  test('AU-09 any flipped bit makes the proof wrong', async () => {
    const server = await exchange()
    for (let bit = 0; bit < 256; bit++) {
      const proof = Buffer.from(PROOF, 'base64')
      proof[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => server.finish(`${FINAL},p=${proof.toString('base64')}`)).toThrow('wrong proof')
    }
  })

  test.each([
    [`c=biws,r=rOprNGfwEbeRWgbNEkqO,p=${PROOF}`, 'not-authorized'],
    [`c=eSws,r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},p=${PROOF}`, 'not-authorized'],
    [`${FINAL},p=`, 'malformed-request'],
    [`${FINAL},p=${PROOF},p=${PROOF}`, 'malformed-request'],
    [`${FINAL},m=x,p=${PROOF}`, 'malformed-request'],
    [`${FINAL},c=biws,p=${PROOF}`, 'malformed-request'],
    [` ${FINAL},p=${PROOF}`, 'malformed-request'],
    [`${FINAL},p=${PROOF}\n`, 'malformed-request'],
    [`${FINAL},p=****`, 'malformed-request'],
    ['', 'malformed-request'],
  ])('AU-08 %j is %s', async (final, reason) => {
    const server = await exchange()
    expect(() => server.finish(final)).toThrow(expect.objectContaining({ reason }))
  })
})

test('XEP-0474 §6.1: the hash of what is offered is that of the example', async () => {
  const mechanisms = ['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1']
  const bindings = ['tls-server-end-point', 'tls-exporter']
  expect(offerHash('SCRAM-SHA-1', { mechanisms, bindings })).toBe('G6k/rBLDqgOhRRaCuuatSDFkJ08=')
  const verifier = await deriveVerifier('pencil', { family: 'SCRAM-SHA-1', iterations: 4_096 })
  const first = parseClientFirst(FIRST)
  const offer = { mechanisms, bindings }
  const server = new ScramExchange({ first, verifier, bindingBytes: Buffer.alloc(0), isReal: true, offer })
  expect(server.serverFirst).toMatch(/,i=4096,h=G6k\/rBLDqgOhRRaCuuatSDFkJ08=$/)
})

describe('client-first-message', () => {
  test.each([
    [FIRST, { username: 'user', authzid: undefined, binding: 'n' }],
    ['y,,n=user,r=0123456789', { username: 'user', binding: 'y' }],
    ['p=tls-exporter,a=user@im.test,n=user,r=0123456789', { authzid: 'user@im.test', binding: 'tls-exporter' }],
    ['n,,n=a=2Cb=3Dc,r=0123456789', { username: 'a,b=c' }],
    ['n,,n=jürgen,r=0123456789', { username: 'jürgen' }],
    ['n,,n=user,r=0123456789,x=later', { username: 'user', nonce: '0123456789' }],
  ])('%j is understood', (text, expected) => {
    expect(parseClientFirst(text)).toMatchObject(expected)
  })

  test.each([
    '',
    'n,n=user,r=0123456789',
    ',,n=user,r=0123456789',
    'x,,n=user,r=0123456789',
    'p=,,n=user,r=0123456789',
    'p=tls exporter,,n=user,r=0123456789',
    'n,,r=0123456789,n=user',
    'n,,n=user,n=other,r=0123456789',
    'n,,n=user,r=0123456789,r=9876543210',
    'n,,n=user,r=0123456789,n=other',
    'n,,m=x,n=user,r=0123456789',
    'n,,n=user,m=x,r=0123456789',
    'n,,n=user,r=0123456789,m=x',
    'n,,n=,r=0123456789',
    'n,,n=a=b,r=0123456789',
    'n,,n=a=2c,r=0123456789',
    'n,a=,n=user,r=0123456789',
    'n,,n=us\0er,r=0123456789',
    'n,,n=user,r=',
    'n,,n=user,r=short',
    `n,,n=user,r=${'x'.repeat(257)}`,
    'n,,n=user,r=0123456 89',
    'n,,n=user,r=0123456789\n',
  ])('AU-08 %j is malformed', (text) => {
    expect(() => parseClientFirst(text)).toThrow(expect.objectContaining({ reason: 'malformed-request' }))
  })

  test('DS-17 a long one takes no time', () => {
    for (const text of [
      `n,,n=user,r=${'x,'.repeat(50_000)}`,
      `n,,n=${'=2C'.repeat(30_000)},r=0123456789`,
      `p=${'a-'.repeat(50_000)}`,
    ]) {
      const parse = () => expect(() => parseClientFirst(text) && undefined).not.toThrow(RangeError)
      expect(fastestMs(parse)).toBeLessThan(100)
    }
  })
})

describe('a stored verifier', () => {
  test.each<ScramFamily>(['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1'])('of %s comes back', async (family) => {
    const verifier = await deriveVerifier('pencil', { family, iterations: 4_096 })
    expect(findVerifier(family, encodeVerifier(verifier))).toEqual(verifier)
    expect(verifier.salt).toHaveLength(16)
    expect((await deriveVerifier('pencil', { family, iterations: 4_096 })).salt).not.toEqual(verifier.salt)
  })

  test.each([
    ['another version', (text: string) => text.replace('1:', '2:')],
    ['AU-26 one round', (text: string) => text.replace('4096', '1')],
    ['AU-26 2³¹ rounds', (text: string) => text.replace('4096', '2147483648')],
    ['rounds that are no number', (text: string) => text.replace('4096', 'many')],
    ['a missing part', (text: string) => text.slice(0, text.lastIndexOf(':'))],
    ['a short key', (text: string) => `${text.slice(0, -8)}=`],
    ['nothing', () => ''],
  ])('with %s is none', async (_what, change) => {
    const family = 'SCRAM-SHA-256'
    const text = encodeVerifier(await deriveVerifier('pencil', { family, iterations: 4_096 })).toString()
    expect(findVerifier(family, Buffer.from(change(text)))).toBeUndefined()
  })
})
