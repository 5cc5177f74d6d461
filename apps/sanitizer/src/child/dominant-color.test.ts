import { expect, test } from 'vitest'
import { dominantColorOf } from './dominant-color.ts'

const pixels = (...colors: readonly (readonly number[])[]) => Uint8Array.from(colors.flat())

test('the color of most pixels wins, not the average of all', () => {
  expect(dominantColorOf(pixels([200, 30, 30, 255], [202, 30, 30, 255], [0, 0, 255, 255]))).toBe(0xc91e1e)
})

test('what is transparent has no color', () => {
  expect(dominantColorOf(pixels([255, 0, 0, 0], [255, 0, 0, 10], [0, 255, 0, 255]))).toBe(0x00ff00)
  expect(dominantColorOf(pixels([255, 0, 0, 0]))).toBe(0x808080)
  expect(dominantColorOf(new Uint8Array())).toBe(0x808080)
})
