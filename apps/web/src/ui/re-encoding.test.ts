import { expect, test } from 'vitest'
import type { Media } from '../protocol/media.ts'
import { TEXTS } from '../texts/index.ts'
import { isWorthTelling, reEncodingText } from './re-encoding.ts'

const media = (change: Partial<NonNullable<Media['reEncoding']>>): Media => ({
  url: 'https://im.test/upload/x/a.png',
  name: 'a.png',
  type: 'image/png',
  bytes: 1_100_000,
  widthPx: 8,
  heightPx: 6,
  reEncoding: { fromBytes: 4_200_000, removed: [], isAnimationDropped: false, frames: 1, ...change },
})

test('what was removed is named, in the language of the person', () => {
  const lost = media({ removed: ['exif', 'comment'], isAnimationDropped: true })
  expect(reEncodingText(lost, TEXTS.en, 'en')).toBe(
    'Re-encoded. Removed: camera data with any location and comments. The animation became a still image. 4.2 MB → 1.1 MB',
  )
  expect(reEncodingText(lost, TEXTS.de, 'de')).toMatch(/^Neu kodiert\. Entfernt: Kameradaten .* und Kommentare\./)
  expect(reEncodingText(media({}), TEXTS.en, 'en')).toBe('Re-encoded. 4.2 MB → 1.1 MB')
  expect(reEncodingText({ ...lost, reEncoding: undefined }, TEXTS.en, 'en')).toBe('')
})

test('who lost nothing is not told of it in the timeline', () => {
  expect([media({}), media({ removed: ['xmp'] }), media({ isAnimationDropped: true })].map(isWorthTelling)).toEqual([
    false,
    true,
    true,
  ])
})
