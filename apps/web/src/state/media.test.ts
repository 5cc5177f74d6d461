import { expect, test } from 'vitest'
import type { Media } from '../protocol/media.ts'
import { imageBox, isShownAsImage, ownThumbnails, sourceSet } from './media.ts'

const ORIGIN = 'https://im.test'
/** Of files, where they have an origin of their own. */
const MEDIA = 'https://files.im.test'
const shown = (url: string, type?: string) => isShownAsImage({ url, type }, [ORIGIN, MEDIA])

test('a picture from our own upload path is shown', () => {
  expect(shown('https://im.test/upload/x/photo.png', 'image/png')).toBe(true)
  // As the server hands links out: bound to this session.
  expect(shown('https://im.test/upload/x/photo.png?s=Zm9y_dXM-', 'image/png')).toBe(true)
})

test('and from the origin of files, where the server names one', () => {
  expect(shown('https://files.im.test/upload/x/photo.png', 'image/png')).toBe(true)
})

test.each([
  'https://evil.test/upload/x/photo.png',
  'https://im.test:8443/upload/x/photo.png',
  'https://user@im.test/upload/x/photo.png',
  'https://im.test/other/photo.png',
  'https://im.test/upload/../admin/photo.png',
  'https://im.test/upload/x/photo.svg',
  'data:image/png;base64,AAAA',
  'blob:https://im.test/x.png',
])('%s is not loaded', (url) => {
  expect(shown(url)).toBe(false)
})

test('a file that is no picture by its type is not loaded', () => {
  expect(shown('https://im.test/upload/x/photo.png', 'application/pdf')).toBe(false)
})

test('the reserved box keeps the shape and never grows', () => {
  expect(imageBox({ widthPx: 4000, heightPx: 2000 })).toEqual({ widthPx: 400, heightPx: 200 })
  expect(imageBox({ widthPx: 100, heightPx: 50 })).toEqual({ widthPx: 100, heightPx: 50 })
  expect(imageBox({ widthPx: undefined, heightPx: 3 })).toEqual({ widthPx: 320, heightPx: 240 })
  expect(imageBox({ widthPx: 1_000_000_000, heightPx: 1 })).toEqual({ widthPx: 400, heightPx: 48 })
})

test('a sticker is no larger than words would be, of whatever size it is', () => {
  expect(imageBox({ widthPx: 960, heightPx: 480, isSticker: true })).toEqual({ widthPx: 160, heightPx: 80 })
  expect(imageBox({ isSticker: true })).toEqual({ widthPx: 160, heightPx: 160 })
})

test('the browser may choose among the image and its thumbnails, those of our server only', () => {
  const small = { url: 'https://im.test/upload/s/a.webp', widthPx: 128 }
  const large = { url: 'https://files.im.test/upload/l/a.webp', widthPx: 512 }
  const media: Media = {
    url: 'https://im.test/upload/x/a.webp',
    name: 'a.webp',
    type: 'image/webp',
    bytes: 9,
    widthPx: 1600,
    heightPx: 1250,
    thumbnails: [small, { url: 'https://evil.test/upload/s/a.webp', widthPx: 256 }, large],
  }
  const own = ownThumbnails(media, [ORIGIN, MEDIA])
  expect(own).toEqual([large, small])
  expect(sourceSet(media, own)).toBe(`${large.url} 512w, ${small.url} 128w, ${media.url} 1600w`)
  // Without a width nothing can be chosen by it.
  expect(sourceSet({ ...media, widthPx: undefined }, own)).toBe('')
  expect(sourceSet(media, [])).toBe('')
})
