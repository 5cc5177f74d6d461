import {
  animatedGif,
  buildPng,
  fixture,
  loadedJpeg,
  loadedPng,
  ordinaryPng,
  quadrants,
  SECRET,
} from '@drawbridge/testkit/images'
import type { ImageProfile } from '@drawbridge/contract'
import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sanitizer } from '../src/server.ts'
import { cleanedBy, startInProcess } from './process.ts'

let sanitizer: Sanitizer
beforeAll(async () => void (sanitizer = await startInProcess({})))
afterAll(() => sanitizer[Symbol.asyncDispose]())

const clean = (bytes: Uint8Array, profile?: ImageProfile) => cleanedBy(sanitizer, bytes, profile)

/** Pixels as RGBA. */
const rgba = (bytes: Uint8Array) => sharp(bytes).ensureAlpha().raw().toBuffer()

/** Color in the middle of each quadrant, as the nearest of red, green, blue and yellow. */
async function quadrantsOf(bytes: Uint8Array): Promise<string> {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number) => {
    const offset = 3 * (Math.floor(info.height * y) * info.width + Math.floor(info.width * x))
    const [r = 0, g = 0, b = 0] = data.subarray(offset, offset + 3)
    return r > 120 ? (g > 120 ? 'Y' : 'R') : g > 120 ? 'G' : b > 120 ? 'B' : '?'
  }
  return at(0.25, 0.25) + at(0.75, 0.25) + at(0.25, 0.75) + at(0.75, 0.75)
}

describe('UP-08: nothing but pixels survives', () => {
  test('a PNG with EXIF, trailing bytes and a script becomes a PNG with the same pixels and none of that', async () => {
    const sent = loadedPng(300, 200)
    const { bytes, format } = await clean(sent)
    expect(format).toBe('png')
    for (const gone of [SECRET, 'script', 'eXIf', 'tEXt', 'iTXt']) expect(Buffer.from(bytes).includes(gone)).toBe(false)
    expect((await rgba(bytes)).equals(await rgba(sent))).toBe(true)
  })

  test('a photo loses its position, its thumbnail and its maker note', async () => {
    const { bytes } = await clean(loadedJpeg())
    const { exif, xmp, iptc, icc } = await sharp(bytes).metadata()
    expect([exif, xmp, iptc, icc]).toEqual([undefined, undefined, undefined, undefined])
    expect(Buffer.from(bytes).includes(SECRET)).toBe(false)
  })

  test.each([
    [1, 'RGBY'],
    [2, 'GRYB'],
    [3, 'YBGR'],
    [4, 'BYRG'],
    [5, 'RBGY'],
    [6, 'BRYG'],
    [7, 'YGBR'],
    [8, 'GYRB'],
  ] as const)('orientation %i is applied', async (orientation, upright) => {
    expect(await quadrantsOf((await clean(loadedJpeg(orientation))).bytes)).toBe(upright)
  })

  test('a Display P3 photo keeps its colors in sRGB, without the profile', async () => {
    const { bytes } = await clean(fixture('jpegP3'))
    const [r = 0, g = 0, b = 0] = await sharp(bytes).raw().toBuffer()
    expect(Math.abs(r - 220) + Math.abs(g - 30) + Math.abs(b - 30)).toBeLessThan(24)
    expect((await sharp(bytes).metadata()).hasProfile).toBe(false)
  })

  test('a CMYK photo becomes an RGB one with its colors', async () => {
    const { bytes } = await clean(fixture('jpegCmyk'))
    expect((await sharp(bytes).metadata()).channels).toBe(3)
    expect(await quadrantsOf(bytes)).toBe('RGBY')
  })

  test('the same picture gives the same file', async () => {
    const [first, second] = [await clean(loadedPng()), await clean(ordinaryPng())]
    expect(Buffer.from(first.bytes).equals(Buffer.from(second.bytes))).toBe(true)
  })

  test('what is clean stays clean: a second pass changes no pixel of a PNG', async () => {
    const once = await clean(ordinaryPng())
    const twice = await clean(once.bytes)
    expect(Buffer.from(twice.bytes).equals(Buffer.from(once.bytes))).toBe(true)
  })
})

describe('transparency and animation are kept', () => {
  test('a PNG with alpha', async () => {
    const sent = buildPng({
      widthPx: 40,
      heightPx: 40,
      colorType: 6,
      pixelAt: quadrants(40, 40, (x, y) => (x * y) & 255),
    })
    expect((await rgba((await clean(sent)).bytes)).equals(await rgba(sent))).toBe(true)
  })

  test('a lossless WebP stays lossless', async () => {
    const sent = fixture('webpLossless')
    const { bytes, format } = await clean(sent)
    expect(format).toBe('webp')
    const [before, after] = [await rgba(sent), await rgba(bytes)]
    // The color of a pixel that nobody can see is free.
    const visible = (pixels: Buffer) => Buffer.from(pixels.map((value, at) => (before[at | 3] === 0 ? 0 : value)))
    expect(visible(after).equals(visible(before))).toBe(true)
  })

  test('a lossy WebP with alpha', async () => {
    const alphaOf = async (bytes: Uint8Array) => (await rgba(bytes)).filter((_, at) => at % 4 === 3)
    expect(await alphaOf((await clean(fixture('webp'))).bytes)).toEqual(await alphaOf(fixture('webp')))
  })

  test('an animated WebP keeps frames, delays and repetitions', async () => {
    const { bytes, frames } = await clean(fixture('webpAnimated'))
    const { pages, delay, loop } = await sharp(bytes, { animated: true }).metadata()
    expect([frames, pages, delay, loop]).toEqual([3, 3, [40, 80, 120], 3])
  })

  test('an animated GIF becomes an animated WebP that looks the same', async () => {
    const sent = animatedGif(160, 10)
    const { bytes, format, frames } = await clean(sent)
    expect([format, frames]).toEqual(['webp', 10])
    const visible = async (file: Uint8Array) => {
      const pixels = await sharp(file, { animated: true }).ensureAlpha().raw().toBuffer()
      return Buffer.from(pixels.map((value, at) => (pixels[at | 3] === 0 ? 0 : value)))
    }
    expect((await visible(bytes)).equals(await visible(sent))).toBe(true)
  })

  test('a small animated GIF stays one, for clients without WebP', async () => {
    const { bytes, format, frames } = await clean(animatedGif(96, 6), 'inline')
    expect([format, frames]).toEqual(['gif', 6])
    expect((await sharp(bytes, { animated: true }).metadata()).delay).toEqual(Array(6).fill(100))
  })

  test('a frame without a delay gets one', async () => {
    const { bytes } = await clean(animatedGif(160, 4, 0))
    const { delay = [] } = await sharp(bytes, { animated: true }).metadata()
    expect(Math.min(...delay)).toBeGreaterThanOrEqual(20)
  })

  test('a GIF of one frame becomes a PNG', async () => {
    expect(await clean(animatedGif(40, 1))).toMatchObject({ format: 'png', frames: 1 })
  })
})

describe('profiles', () => {
  test('an avatar becomes a small palette PNG', async () => {
    const { bytes, format, widthPx, heightPx } = await clean(ordinaryPng(800, 600), 'avatar')
    expect([format, widthPx, heightPx]).toEqual(['png', 192, 144])
    expect((await sharp(bytes).metadata()).isPalette).toBe(true)
  })

  test('an animated avatar becomes its first frame, transparent where it was', async () => {
    const { bytes, format, frames, widthPx } = await clean(animatedGif(300, 5), 'avatar')
    expect([format, frames, widthPx]).toEqual(['png', 1, 192])
    const pixels = await rgba(bytes)
    expect(pixels[3]).toBe(255)
    expect(pixels[4 * 191 + 3]).toBe(0)
    expect(pixels[0]).toBeGreaterThan(180)
  })

  test('a small avatar is not blown up', async () => {
    expect(await clean(ordinaryPng(32, 32), 'avatar')).toMatchObject({ widthPx: 32, heightPx: 32 })
  })

  test('an image inside a stanza has smaller limits', async () => {
    expect(await sanitizer.sanitize(ordinaryPng(2_500, 2_000), 'inline')).toMatchObject({ reason: 'too-large' })
    expect(await sanitizer.sanitize(animatedGif(8, 101), 'inline')).toMatchObject({ reason: 'too-many-frames' })
    expect(await clean(animatedGif(8, 101))).toMatchObject({ frames: 101 })
  })

  test('an emote fits into 256 pixels and 256 KiB', async () => {
    expect(await clean(ordinaryPng(600, 300), 'emote')).toMatchObject({ widthPx: 256, heightPx: 128, thumbnails: [] })
    const { bytes } = await clean(animatedGif(128, 12), 'emote')
    expect(bytes.length).toBeLessThan(256 * 1024)
    expect(await sanitizer.sanitize(ordinaryPng(1_200, 1_200), 'emote')).toMatchObject({ reason: 'too-large' })
    const noise = randomBytes(256 * 256 * 4)
    const sent = await sharp(noise, { raw: { width: 256, height: 256, channels: 4 } })
      .png()
      .toBuffer()
    expect(await sanitizer.sanitize(sent, 'emote')).toMatchObject({ outcome: 'refused', reason: 'too-large' })
  })

  test('an image with a side over 4096 pixels is scaled down', async () => {
    expect(await clean(ordinaryPng(5_000, 100))).toMatchObject({ widthPx: 4_096, heightPx: 82 })
  })
})
