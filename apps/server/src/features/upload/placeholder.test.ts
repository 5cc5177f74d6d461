import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { pausedImage, prefersImage } from './placeholder.ts'

test('the picture is a PNG of four chunks with a pause sign in the middle', () => {
  const png = pausedImage()
  expect(png.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
  const chunks: [string, Buffer][] = []
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    chunks.push([png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length)])
    at += length + 12
  }
  expect(chunks.map(([type]) => type)).toEqual(['IHDR', 'PLTE', 'IDAT', 'IEND'])
  const pixels = inflateSync(chunks[2]![1])
  const line = pixels.subarray(60 * 161, 61 * 161)
  expect([line[0], line[1], line[81 - 10], line[81], line[81 + 10], line[160]]).toEqual([0, 0, 1, 0, 1, 0])
  expect(png.length).toBeLessThan(1_000)
})

test('an image is preferred by the <img> of browsers, and by nobody who does not say so', () => {
  for (const [accept, expected] of [
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', true],
    ['image/*', true],
    ['image/png;q=0.5, application/json;q=0.4', true],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8', false],
    ['text/html,image/*', false],
    ['*/*', false],
    ['image/*;q=0', false],
    ['', false],
    [undefined, false],
  ] as const) {
    expect([accept, prefersImage(accept)]).toEqual([accept, expected])
  }
})
