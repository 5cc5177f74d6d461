import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { authenticator } from '../../../test/authenticator.ts'
import type { AuthenticatorKind, Whims } from '../../../test/authenticator.ts'
import { verifyAssertion, verifyRegistration, WebauthnError } from './webauthn.ts'

const RP = { id: 'im.test', origin: 'https://im.test' }
const CHALLENGE = 'c2lnbiB0aGlz'
const isChallenge = (challenge: string): boolean => challenge === CHALLENGE

type Bytes<T> = { readonly [K in keyof T]: Buffer }
const bytesOf = <T extends Record<string, string>>(answer: T): Bytes<T> =>
  Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, Buffer.from(value, 'base64url')])) as Bytes<T>

function signedBy(device: ReturnType<typeof authenticator>, whims: Whims = {}) {
  const { publicKey } = bytesOf(device.create(CHALLENGE))
  const { id: _, ...answer } = device.get(CHALLENGE, whims)
  return () => verifyAssertion(bytesOf(answer), publicKey, RP, isChallenge)
}

test.each<AuthenticatorKind>(['ES256', 'EdDSA', 'RS256'])(
  'a key of %s is registered, and its signatures are taken (WebAuthn §7.1, §7.2)',
  (kind) => {
    const device = authenticator(kind)
    const { credentialId } = verifyRegistration(bytesOf(device.create(CHALLENGE)), RP, isChallenge)
    expect(credentialId.toString('base64url')).toBe(device.id)
    expect(signedBy(device, { signCount: 7 })()).toBe(7)
  },
)

test.each<[string, Whims]>([
  ['from another page', { origin: 'https://im.test.evil.test' }],
  ['from another port', { origin: 'https://im.test:8443' }],
  ['for another host', { rpId: 'evil.test' }],
  ['from a frame of another page', { crossOrigin: true }],
  ['of another ceremony', { type: 'payment.get' }],
  ['with nobody there', { flags: 0x00 }],
  ['without asking who it is', { flags: 0x01 }],
])('what is signed %s is refused (WebAuthn §7.2)', (_, whims) => {
  const device = authenticator()
  expect(signedBy(device, whims)).toThrow(WebauthnError)
  const created = bytesOf(device.create(CHALLENGE, whims))
  expect(() => verifyRegistration(created, RP, isChallenge)).toThrow(WebauthnError)
})

test('another challenge, another key and changed bytes are refused', () => {
  const device = authenticator()
  const { publicKey } = bytesOf(device.create(CHALLENGE))
  const { id: _, ...sent } = device.get(CHALLENGE)
  const answer = bytesOf(sent)
  const check = (changed: Partial<typeof answer>, key = publicKey, isOurs = isChallenge) => {
    expect(() => verifyAssertion({ ...answer, ...changed }, key, RP, isOurs)).toThrow(WebauthnError)
  }
  check({}, publicKey, () => false)
  check({}, bytesOf(authenticator().create(CHALLENGE)).publicKey)
  check({ signature: Buffer.alloc(0) })
  check({ authenticatorData: Buffer.concat([answer.authenticatorData, Buffer.of(0)]) })
  check({ authenticatorData: answer.authenticatorData.subarray(0, 36) })
  check({ clientDataJSON: Buffer.from('[') })
  check({ clientDataJSON: Buffer.from('null') })
  for (const key of [
    generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey,
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    generateKeyPairSync('x25519').publicKey,
  ]) {
    check({}, key.export({ type: 'spki', format: 'der' }))
  }
  check({}, Buffer.from('no key'))
})

test('a credential that is cut off at any byte is refused', () => {
  const created = bytesOf(authenticator().create(CHALLENGE))
  for (let length = 0; length < created.authenticatorData.length; length++) {
    const cut = { ...created, authenticatorData: created.authenticatorData.subarray(0, length) }
    expect(() => verifyRegistration(cut, RP, isChallenge), `${length} bytes`).toThrow(WebauthnError)
  }
})
