import type { ImageProfile } from '@drawbridge/contract'
import {
  animatedGif,
  buildPng,
  fixture,
  loadedJpeg,
  loadedPng,
  ordinaryPng,
  photoPixels,
  ssim,
} from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { thumbHashToRGBA } from 'thumbhash'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sanitizer } from '../src/server.ts'
import { verify } from '../src/verify/index.ts'
import { cleanedBy, startInProcess } from './process.ts'

/** Below this, people see the difference at the default profile. */
const LEAST_SSIM = 0.97

let sanitizer: Sanitizer
beforeAll(async () => void (sanitizer = await startInProcess({})))
afterAll(() => sanitizer[Symbol.asyncDispose]())

const clean = (bytes: Uint8Array, profile?: ImageProfile) => cleanedBy(sanitizer, bytes, profile)

const RAW = { width: 640, height: 480, channels: 3 } as const
const photo = () => sharp(photoPixels(RAW.width, RAW.height), { raw: RAW })
const rgb = (bytes: Uint8Array) => sharp(bytes).removeAlpha().raw().toBuffer()

/** A screenshot as far as an encoder sees: flat areas, and text with sharp edges in two colors. */
function screenshot(): Buffer {
  const isInk = (x: number, y: number) => y % 18 < 11 && ((x * 7919 + Math.floor(y / 18) * 104_729) >> 3) % 5 === 0
  return buildPng({
    widthPx: 500,
    heightPx: 300,
    colorType: 2,
    pixelAt: (x, y) => (x < 120 ? [240, 244, 250] : isInk(x, y) ? [28, 30, 36] : [255, 255, 255]),
  })
}

describe('what people see is what was sent', () => {
  test.each([
    ['JPEG', () => photo().jpeg({ quality: 92 }).toBuffer()],
    ['JPEG without subsampling', () => photo().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()],
    ['WebP', () => photo().webp({ quality: 92 }).toBuffer()],
    ['progressive JPEG', () => photo().jpeg({ quality: 92, progressive: true }).toBuffer()],
  ])('a photo as %s keeps an SSIM of 0.97', async (_format, make) => {
    const sent = await make()
    const { bytes } = await clean(sent)
    expect(ssim(await rgb(sent), await rgb(bytes), RAW.width)).toBeGreaterThanOrEqual(LEAST_SSIM)
  })

  test('an animation of photos keeps an SSIM of 0.97 in each frame', async () => {
    const frames = await Promise.all([0, 90].map((turn) => photo().resize(320, 320).rotate(turn).toBuffer()))
    const raw = { width: 320, height: 320, channels: 3 } as const
    const sent = await sharp(Buffer.concat(frames), { raw: { ...raw, height: 640, pageHeight: 320 } })
      .webp({ quality: 92, delay: [100, 100] })
      .toBuffer()
    const pixelsOf = (bytes: Uint8Array) => sharp(bytes, { animated: true }).removeAlpha().raw().toBuffer()
    const { bytes } = await clean(sent)
    expect(ssim(await pixelsOf(sent), await pixelsOf(bytes), raw.width)).toBeGreaterThanOrEqual(LEAST_SSIM)
  })

  test('an avatar keeps an SSIM of 0.97 with 256 colors', async () => {
    const sent = await photo().resize(192, 192).png().toBuffer()
    const { bytes } = await clean(sent, 'avatar')
    expect(ssim(await rgb(sent), await rgb(bytes), 192)).toBeGreaterThanOrEqual(LEAST_SSIM)
  })

  test('a screenshot keeps every pixel', async () => {
    const sent = screenshot()
    expect((await rgb((await clean(sent)).bytes)).equals(await rgb(sent))).toBe(true)
  })
})

describe('what comes with an image', () => {
  test('two thumbnails, clean files of their own', async () => {
    const sent = await photo().resize(1_200, 900).jpeg({ quality: 92 }).toBuffer()
    const { thumbnails } = await clean(sent)
    expect(thumbnails).toMatchObject([
      { maxSidePx: 512, format: 'jpeg', widthPx: 512, heightPx: 384 },
      { maxSidePx: 128, format: 'jpeg', widthPx: 128, heightPx: 96 },
    ])
    for (const { bytes, widthPx } of thumbnails) {
      expect(verify('jpeg', bytes).widthPx).toBe(widthPx)
      const small = await sharp(sent).resize(widthPx).raw().toBuffer()
      expect(ssim(small, await rgb(bytes), widthPx)).toBeGreaterThan(0.95)
    }
  })

  test('thumbnails of a transparent image are transparent', async () => {
    const sent = await photo().ensureAlpha(0.5).png().toBuffer()
    const { thumbnails } = await clean(sent)
    expect(thumbnails.map(({ format }) => format)).toEqual(['webp', 'webp'])
    for (const { bytes } of thumbnails) expect((await sharp(bytes).ensureAlpha().raw().toBuffer())[3]).toBeLessThan(130)
  })

  test('no thumbnail larger than the image, and a still for every animation', async () => {
    expect((await clean(ordinaryPng(300, 200))).thumbnails.map(({ maxSidePx }) => maxSidePx)).toEqual([128])
    expect((await clean(ordinaryPng(100, 80))).thumbnails).toEqual([])
    expect((await clean(animatedGif(160, 5))).thumbnails).toMatchObject([
      { maxSidePx: 512, widthPx: 160 },
      { maxSidePx: 128, widthPx: 128 },
    ])
  })

  test('a placeholder that looks like it, and its color', async () => {
    const red = (x: number) => (x < 30 ? [20, 40, 60] : [200, 30, 30])
    const sent = buildPng({ widthPx: 200, heightPx: 100, colorType: 2, pixelAt: red })
    const { placeholder, dominantColor } = await clean(sent)
    expect(dominantColor).toBe('#c81e1e')
    const { w, h, rgba } = thumbHashToRGBA(Buffer.from(placeholder, 'base64'))
    expect(w / h).toBeCloseTo(2, 0)
    const [r = 0, g = 0, b = 0] = rgba.subarray(4 * (w - 2), 4 * (w - 2) + 3)
    expect(r).toBeGreaterThan(Math.max(g, b) + 80)
  })

  test('the same picture has the same files, thumbnails and versions', async () => {
    const [first, second] = [await clean(loadedPng(600, 400)), await clean(loadedPng(600, 400))]
    expect(second).toEqual(first)
    expect(first.profileVersion).toMatch(/^[0-9a-f]{16}$/)
    expect(first.encoder).toMatch(/^sharp \d+\.\d+\.\d+, libvips \d+\.\d+\.\d+$/)
  })

  test('other settings have another version', async () => {
    await using other = await startInProcess({ DRAWBRIDGE_SANITIZER_AVATAR_SIDE: '96' })
    const verdict = await other.sanitize(ordinaryPng(), 'image')
    expect(verdict).toMatchObject({ outcome: 'clean' })
    const versionOf = (of: object) => ('profileVersion' in of ? of.profileVersion : undefined)
    expect(versionOf(verdict)).not.toBe(versionOf(await clean(ordinaryPng())))
  })
})

describe('the census sees what was in the file', () => {
  test.each([
    ['a photo with its data', () => loadedJpeg(6), ['exif', 'xmp', 'iptc', 'c2pa']],
    ['a photo in Display P3', () => fixture('jpegP3'), ['icc']],
    ['a progressive photo', () => fixture('jpegProgressive'), ['progressive']],
    ['a photo for print', () => fixture('jpegCmyk'), ['cmyk']],
    ['a picture with a tail', () => Buffer.concat([ordinaryPng(), Buffer.from('tail')]), ['lossless', 'trailingBytes']],
    ['a lossless WebP', () => fixture('webpLossless'), ['alpha', 'lossless']],
    ['a WebP that moves', () => fixture('webpAnimated'), ['alpha', 'animation']],
    ['a GIF that moves', () => animatedGif(40, 3), ['animation', 'palette', 'lossless']],
  ])('%s', async (_what, make, features) => {
    expect((await clean(make())).features).toEqual(expect.arrayContaining(features))
  })

  test('an APNG becomes a still, and says so', async () => {
    const actl = Buffer.from('000000086163544c0000000200000000f38d9370', 'hex')
    const png = ordinaryPng(64, 48)
    const sent = Buffer.concat([png.subarray(0, 33), actl, png.subarray(33)])
    const verdict = await clean(sent)
    expect(verdict).toMatchObject({ frames: 1, isAnimationDropped: true })
    expect(verdict.features).toEqual(expect.arrayContaining(['animation', 'apng']))
    expect(await clean(png)).toMatchObject({ isAnimationDropped: false })
    expect(await clean(animatedGif(160, 3))).toMatchObject({ isAnimationDropped: false })
    expect(await clean(animatedGif(160, 3), 'avatar')).toMatchObject({ isAnimationDropped: true })
  })
})
