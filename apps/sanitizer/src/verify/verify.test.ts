import { animatedGif, buildGif, fixture, loadedJpeg, loadedPng, ordinaryPng } from '@drawbridge/testkit/images'
import { describe, expect, test } from 'vitest'
import { verify, VerifyError } from './index.ts'

const gif = () => animatedGif(24, 3)
const OUTPUTS = [
  ['jpeg', () => fixture('jpeg')],
  ['png', () => ordinaryPng()],
  ['webp', () => fixture('webp')],
  ['webp', () => fixture('webpLossless')],
  ['webp', () => fixture('webpAnimated')],
  ['gif', gif],
] as const

function insert(bytes: Buffer, at: number, what: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)])
}

describe('what the encoder made is checked before it is served', () => {
  test.each(OUTPUTS)('an ordinary %s passes with its size', (format, make) => {
    const { widthPx, heightPx, frames } = verify(format, make())
    expect([widthPx, heightPx]).toEqual(format === 'gif' ? [24, 24] : [64, 48])
    expect(frames).toBeGreaterThanOrEqual(1)
  })

  test.each(OUTPUTS)('one byte behind the end of a %s is refused', (format, make) => {
    expect(() => verify(format, Buffer.concat([make(), Buffer.alloc(1)]))).toThrow(VerifyError)
  })

  test.each(OUTPUTS)('a %s cut anywhere is refused', (format, make) => {
    const bytes = make()
    for (let length = 0; length < bytes.length; length++) {
      expect(() => verify(format, bytes.subarray(0, length))).toThrow(VerifyError)
    }
  })

  test('segments that our encoder does not write are refused', () => {
    const comment = Buffer.from('fffe0006abcd', 'hex')
    expect(() => verify('jpeg', insert(fixture('jpeg'), 2, comment))).toThrow('marker fe')
    expect(() => verify('jpeg', loadedJpeg())).toThrow('marker e1')
    expect(() => verify('jpeg', fixture('jpegP3'))).toThrow(VerifyError)
    expect(() => verify('jpeg', fixture('jpegProgressive'))).toThrow('marker c2')
    expect(() => verify('png', loadedPng())).toThrow('chunk eXIf')
    const gifComment = Buffer.from('21fe0261620000', 'hex')
    expect(() => verify('gif', insert(gif(), gif().length - 1, gifComment))).toThrow(VerifyError)
  })

  test('a wrong checksum in a PNG is refused', () => {
    const png = ordinaryPng()
    const at = png.indexOf('IDAT') + 10
    png[at] = (png[at] ?? 0) ^ 1
    expect(() => verify('png', png)).toThrow('checksum of IDAT')
  })

  test('a WebP with a metadata flag or chunk is refused', () => {
    const webp = fixture('webp')
    const flagged = Buffer.from(webp).fill(0x1c, 20, 21)
    expect(() => verify('webp', flagged)).toThrow('flags')
    const withExif = insert(webp, webp.length, Buffer.from('EXIF\x02\0\0\0ab', 'latin1'))
    withExif.writeUInt32LE(withExif.length - 8, 4)
    expect(() => verify('webp', withExif)).toThrow('chunk EXIF')
  })

  test('a GIF without an image is refused', () => {
    expect(() => verify('gif', buildGif({ widthPx: 1, heightPx: 1, frames: [] }))).toThrow('no image')
  })
})
