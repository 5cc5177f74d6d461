import { createDecipheriv, createECDH, hkdfSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { areUsableKeys, encryptPush, MAX_PLAINTEXT_BYTES } from './encryption.ts'

const b64 = (text: string) => Buffer.from(text, 'base64url')

test('RFC 8291 §5, appendix A: the example comes out bit by bit', () => {
  const encrypted = encryptPush(
    Buffer.from('When I grow up, I want to be a watermelon'),
    {
      p256dh: b64('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'),
      auth: b64('BTBZMqHH6r4Tts7J_aSIgg'),
    },
    { salt: b64('DGv6ra1nlYgDCS1FRnbzlw'), privateKey: b64('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'), padTo: 1 },
  )
  expect(encrypted.toString('base64url')).toBe(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  )
})

test('a receiver decrypts what was sent, and its length tells little', () => {
  const receiver = createECDH('prime256v1')
  receiver.generateKeys()
  const auth = Buffer.alloc(16, 7)
  const keys = { p256dh: receiver.getPublicKey(), auth }
  const short = encryptPush(Buffer.from('a'), keys)
  expect(short.length).toBe(encryptPush(Buffer.from('a'.repeat(400)), keys).length)
  expect(decrypt(short, receiver, auth)).toBe('a')
  const longest = 'x'.repeat(MAX_PLAINTEXT_BYTES)
  expect(decrypt(encryptPush(Buffer.from(longest), keys), receiver, auth)).toBe(longest)
  expect(encryptPush(Buffer.from(longest), keys).length).toBe(4_096)
  expect(() => encryptPush(Buffer.from(`${longest}x`), keys)).toThrow('too long')
})

test('keys that are no point of the curve, or of another length, are not taken', () => {
  const receiver = createECDH('prime256v1')
  const p256dh = receiver.generateKeys()
  const auth = Buffer.alloc(16)
  expect(areUsableKeys({ p256dh, auth })).toBe(true)
  expect(areUsableKeys({ p256dh, auth: Buffer.alloc(15) })).toBe(false)
  expect(areUsableKeys({ p256dh: p256dh.subarray(1), auth })).toBe(false)
  // CVE-2017-7781 and its like: a point beside the curve gives away the key it is multiplied with.
  const beside = Buffer.from(p256dh)
  beside[64] = beside[64]! ^ 1
  expect(areUsableKeys({ p256dh: beside, auth })).toBe(false)
})

function decrypt(body: Buffer, receiver: ReturnType<typeof createECDH>, auth: Buffer): string {
  const salt = body.subarray(0, 16)
  const sender = body.subarray(21, 21 + body[20]!)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), receiver.getPublicKey(), sender])
  const ikm = Buffer.from(hkdfSync('sha256', receiver.computeSecret(sender), auth, info, 32))
  const of = (name: string, length: number) => Buffer.from(hkdfSync('sha256', ikm, salt, `${name}\0`, length))
  const cipher = createDecipheriv(
    'aes-128-gcm',
    of('Content-Encoding: aes128gcm', 16),
    of('Content-Encoding: nonce', 12),
  )
  cipher.setAuthTag(body.subarray(-16))
  const padded = Buffer.concat([cipher.update(body.subarray(86, -16)), cipher.final()])
  return padded.subarray(0, padded.lastIndexOf(2)).toString()
}
