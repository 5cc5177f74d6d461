import { photoPixels, ssim } from '@drawbridge/testkit/images'
import * as fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { verify } from '../verify/index.ts'
import { encodeIndexedPng } from './indexed-png.ts'
import { rgbaOf, type Picture } from './rgba.ts'

const OPTIONS = { quantizer: 1, dither: 0.3, level: 3 } as const
const SIDE_PX = 64

/** A square picture, each pixel by its place. */
function picture(pixelAt: (x: number, y: number) => readonly [number, number, number, number]): Picture {
  const pixels = Uint8Array.from(
    Array.from({ length: SIDE_PX ** 2 }, (_, at) => pixelAt(at % SIDE_PX, Math.floor(at / SIDE_PX))).flat(),
  )
  return { pixels, widthPx: SIDE_PX, heightPx: SIDE_PX, channels: 4 }
}

const decoded = (png: Buffer) => sharp(png).ensureAlpha().raw().toBuffer()
/** A photo that fades out to the right. */
const fading = () => {
  const photo = photoPixels(SIDE_PX, SIDE_PX)
  return picture((x, y) => {
    const at = 3 * (y * SIDE_PX + x)
    return [photo[at] ?? 0, photo[at + 1] ?? 0, photo[at + 2] ?? 0, Math.max(0, 255 - 5 * x)]
  })
}

describe('a PNG with a palette', () => {
  test('of 256 colors or fewer keeps every pixel, also half transparent ones', async () => {
    const logo = picture((x, y) => [x & 0xf0, y & 0xf0, 7, x > 32 ? 255 : 9])
    expect((await decoded(encodeIndexedPng(logo, OPTIONS))).equals(logo.pixels)).toBe(true)
  })

  test('a gray photo keeps all of its 256 grays', async () => {
    const gray: Picture = {
      pixels: Uint8Array.from({ length: SIDE_PX ** 2 }, (_, at) => (at * 7) % 256),
      widthPx: SIDE_PX,
      heightPx: SIDE_PX,
      channels: 1,
    }
    expect((await decoded(encodeIndexedPng(gray, OPTIONS))).equals(rgbaOf(gray))).toBe(true)
  })

  test('a photo looks as before', async () => {
    const pixels = photoPixels(192, 192)
    const png = encodeIndexedPng({ pixels, widthPx: 192, heightPx: 192, channels: 3 }, OPTIONS)
    expect(png.length).toBeLessThan(32_768)
    expect(ssim(pixels, await sharp(png).removeAlpha().raw().toBuffer(), 192)).toBeGreaterThanOrEqual(0.97)
  })

  test('what is transparent stays so, what is opaque stays so, and what is in between hardly changes', async () => {
    const sent = fading()
    const { pixels } = sent
    const got = await decoded(encodeIndexedPng(sent, OPTIONS))
    let furthest = 0
    for (let at = 3; at < pixels.length; at += 4)
      furthest = Math.max(furthest, Math.abs((pixels[at] ?? 0) - (got[at] ?? 0)))
    expect(furthest).toBeLessThan(40)
    expect([got[3], got.at(-1)]).toEqual([255, 0])
  })

  test('the same pixels make the same file', () => {
    expect(encodeIndexedPng(fading(), OPTIONS).equals(encodeIndexedPng(fading(), OPTIONS))).toBe(true)
  })

  test('any pixels make a file that is right', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(1, 2, 3, 4),
        fc.integer(),
        async (widthPx, heightPx, channels, seed) => {
          const pixels = Uint8Array.from(
            { length: widthPx * heightPx * channels },
            (_, at) => Math.imul(at + seed, 0x9e3779b1) >>> 24,
          )
          const png = encodeIndexedPng({ pixels, widthPx, heightPx, channels }, OPTIONS)
          expect(verify('png', png)).toEqual({ widthPx, heightPx, frames: 1 })
          expect(await decoded(png)).toHaveLength(widthPx * heightPx * 4)
        },
      ),
      { numRuns: 40 },
    )
  })
})
