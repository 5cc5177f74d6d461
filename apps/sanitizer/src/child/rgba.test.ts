import { expect, test } from 'vitest'
import { averaged, rgbaOf } from './rgba.ts'

test('gray becomes a color, and what has no alpha is opaque', () => {
  const of = (channels: 1 | 2 | 3 | 4, ...pixels: number[]) => [
    ...rgbaOf({ pixels: Uint8Array.from(pixels), widthPx: 1, heightPx: 1, channels }),
  ]
  expect(of(1, 9)).toEqual([9, 9, 9, 255])
  expect(of(2, 9, 7)).toEqual([9, 9, 9, 7])
  expect(of(3, 1, 2, 3)).toEqual([1, 2, 3, 255])
  expect(of(4, 1, 2, 3, 4)).toEqual([1, 2, 3, 4])
})

test('an average counts what is transparent for nothing', () => {
  const pixels = Uint8Array.from([200, 0, 0, 255, 0, 255, 0, 0, 100, 0, 0, 255, 0, 0, 255, 0])
  expect(averaged({ pixels, widthPx: 4, heightPx: 1, channels: 4 }, 1)).toEqual({
    pixels: Uint8Array.from([150, 0, 0, 128]),
    widthPx: 1,
    heightPx: 1,
    channels: 4,
  })
})

test('a picture is never enlarged, and never without a side', () => {
  const line = { pixels: new Uint8Array(300), widthPx: 100, heightPx: 1, channels: 3 } as const
  expect(averaged(line, 10)).toMatchObject({ widthPx: 10, heightPx: 1 })
  expect(averaged({ ...line, widthPx: 10, heightPx: 10 }, 32)).toMatchObject({ widthPx: 10, heightPx: 10 })
})
