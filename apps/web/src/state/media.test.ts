import { expect, test } from 'vitest'
import { imageBox, isShownAsImage } from './media.ts'

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
