import { describe, expect, test } from 'vitest'
import { buildCleanAnswer, parseCleanAnswer } from './sanitize-answer.ts'
import type { CleanImage } from './sanitize.ts'

const IMAGE: CleanImage = {
  outcome: 'clean',
  format: 'webp',
  inputFormat: 'avif',
  widthPx: 900,
  heightPx: 600,
  frames: 1,
  bytes: Buffer.from('the image'),
  thumbnails: [
    { maxSidePx: 512, format: 'jpeg', widthPx: 512, heightPx: 341, bytes: Buffer.from('larger') },
    { maxSidePx: 128, format: 'jpeg', widthPx: 128, heightPx: 85, bytes: Buffer.from('small') },
  ],
  placeholder: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
  dominantColor: '#807060',
  isAnimationDropped: false,
  features: ['alpha', 'icc'],
  profileVersion: '1-abc',
  decoder: 'sharp 0.35.5',
  encoder: 'sharp 0.35.5',
}

/** An answer with this head instead of its own. */
function withHead(change: Record<string, unknown>): Buffer {
  const [, head = new Uint8Array(), ...files] = buildCleanAnswer(IMAGE)
  const json = Buffer.from(JSON.stringify({ ...(JSON.parse(Buffer.from(head).toString()) as object), ...change }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.length)
  return Buffer.concat([length, json, ...files])
}

describe('a clean image on its way from the sanitizer to the server', () => {
  test('arrives as it was sent, thumbnails included', () => {
    expect(parseCleanAnswer(Buffer.concat(buildCleanAnswer(IMAGE)))).toEqual(IMAGE)
  })

  test('is not taken when it was cut anywhere, or when anything follows', () => {
    const answer = Buffer.concat(buildCleanAnswer(IMAGE))
    for (let length = 0; length < answer.length; length++) {
      expect(() => parseCleanAnswer(answer.subarray(0, length))).toThrow()
    }
    expect(() => parseCleanAnswer(Buffer.concat([answer, Buffer.alloc(1)]))).toThrow('longer than its files')
  })

  test.each([
    { format: 'svg' },
    { format: 'avif' },
    { widthPx: 0 },
    { widthPx: 1.5 },
    { heightPx: 70_000 },
    { byteLength: -1 },
    { byteLength: 1e12 },
    { frames: 0 },
    { placeholder: '<script>' },
    { dominantColor: 'url(x)' },
    { features: ['anything'] },
    { thumbnails: [{ maxSidePx: 64, format: 'jpeg', widthPx: 1, heightPx: 1, byteLength: 1 }] },
    { profileVersion: '' },
    { more: true },
  ])('is not taken with %j', (change) => {
    expect(() => parseCleanAnswer(withHead({}))).not.toThrow()
    expect(() => parseCleanAnswer(withHead(change))).toThrow()
  })
})
