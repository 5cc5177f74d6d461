import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { installation } from '../../test/streams/proving-client.ts'
import { findInstallationKey, importInstallationKey } from './installation-key.ts'

const TEXT = 'urn:drawbridge:client:1\0im.test\0alice@im.test\0s1\0'
const pem = { type: 'spki', format: 'pem' } as const

test.each(['P-256', 'Ed25519'] as const)(
  'one %s key is the same key as a client and as an administrator has it',
  (kind) => {
    const one = installation(kind)
    const seen = findInstallationKey(one.key)
    const signature = Buffer.from(one.signed('s1'), 'base64url')
    expect(seen?.hasSigned(TEXT, signature)).toBe(true)
    expect(seen?.hasSigned(TEXT.replace('s1', 's2'), signature)).toBe(false)
    expect(findInstallationKey(installation(kind).key)?.hasSigned(TEXT, signature)).toBe(false)
    expect(seen?.hasSigned(TEXT, Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false)
    const asPem = one.publicKey.export(pem).toString()
    expect(importInstallationKey(asPem)?.thumbprint).toBe(seen?.thumbprint)
    expect(importInstallationKey(JSON.stringify(one.publicKey.export({ format: 'jwk' })))?.thumbprint).toBe(
      seen?.thumbprint,
    )
  },
)

test('RFC 8037 §A.3: the thumbprint is the one that everybody computes', () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  expect(importInstallationKey(JSON.stringify(jwk))?.thumbprint).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

test('points that are not on the curve, other kinds and private keys are no keys', () => {
  const off = Buffer.alloc(65, 1)
  off[0] = 4
  for (const bytes of [off, Buffer.alloc(65), Buffer.alloc(33, 2), Buffer.alloc(64, 1)]) {
    expect(findInstallationKey(bytes.toString('base64url'))).toBeUndefined()
  }
  expect(findInstallationKey('☃')).toBeUndefined()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  expect(importInstallationKey(rsa.publicKey.export(pem).toString())).toBeUndefined()
  expect(importInstallationKey(other.publicKey.export(pem).toString())).toBeUndefined()
  expect(importInstallationKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toBeUndefined()
  expect(importInstallationKey(JSON.stringify(privateKey.export({ format: 'jwk' })))).toBeUndefined()
  expect(importInstallationKey('no key')).toBeUndefined()
})
