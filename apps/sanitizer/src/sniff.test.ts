import { fixture, HOSTILE_IMAGES } from '@drawbridge/testkit/images'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { sniff } from './sniff.ts'

const wrongTypes = HOSTILE_IMAGES.filter(({ group }) => group === 'F')

describe('UP-06: the content decides what a file is', () => {
  test.each(wrongTypes.map((image) => [image.name, image] as const))('%s', (_, { bytes, inputFormat }) => {
    const expected = inputFormat === undefined ? { kind: 'not-an-image' } : { kind: 'forbidden', format: inputFormat }
    expect(sniff(bytes())).toEqual(expected)
  })

  test.each(['jpeg', 'png', 'webp', 'gif'] as const)(
    'a damaged %s is still an image, never some other file',
    (format) => {
      const starts = {
        jpeg: 'ffd8ff00',
        png: '89504e470a',
        webp: `${Buffer.from('RIFF').toString('hex')}00000000${Buffer.from('WEBP').toString('hex')}`,
        gif: Buffer.from('GIF88').toString('hex'),
      }
      expect(sniff(Buffer.from(starts[format], 'hex'))).toEqual({ kind: 'accepted', format })
    },
  )

  test('gzip with a long file name hides no SVG', () => {
    const svgz = HOSTILE_IMAGES.find(({ name }) => name === 'SVGZ of 300 MB')?.bytes() ?? Buffer.alloc(0)
    const header = Buffer.from(svgz.subarray(0, 10))
    header[3] = 8
    const named = Buffer.concat([header, Buffer.alloc(5_000, 'a'), Buffer.alloc(1), svgz.subarray(10)])
    expect(sniff(named)).toEqual({ kind: 'forbidden', format: 'svgz' })
  })

  const head = (bytes: string | number[]) =>
    typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes)
  const rest = Buffer.alloc(100, 7)
  test.each([
    ['ani', head('RIFF\x40\0\0\0ACON')],
    ['bmp', head('BA\0\0\0\0\0\0\0\0\0\0\0\0BM')],
    ...[12, 40, 44, 48, 60, 80, 124].map(
      (size) => ['bmp', head(`BM${'\0'.repeat(8)}\x36\0\0\0${String.fromCharCode(size)}\0\0\0`)] as const,
    ),
    ['sun', head('\x59\xa6\x6a\x95')],
    ['pcx', head('\x0a\x05\x01\x01')],
    ['pict', Buffer.concat([Buffer.alloc(512), head('\0\0\0\0\0\0\0\x10\0\x10\0\x11\x02\xff')])],
    ['tga', head([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 4, 0, 24, 0])],
    ['wbmp', head([0, 0, 0x10, 0x30])],
    ['heic', head('\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x40meta\0\0\0\0\0\0\0\x21hdlr\0\0\0\0\0\0\0\0pict')],
  ] as const)('%s is known by what its decoders go by', (format, start) => {
    expect(sniff(Buffer.concat([start, rest]))).toEqual({ kind: 'forbidden', format })
  })

  test.each([
    ['a film', head('\0\0\0\x18ftypisom\0\0\x02\0isommp41')],
    ['zeros', Buffer.alloc(4_000)],
    ['a font', head([0, 1, 0, 0, 0, 12, 0, 128])],
    ['a film of MPEG', head([0, 0, 1, 0xba, 0x44, 0, 4, 0])],
    ['a text', head('BMW and BASIC, CITY and CPU')],
  ])('%s is none', (_name, start) => {
    expect(sniff(Buffer.concat([start, Buffer.alloc(3_000, 'some text of it. ')]))).toEqual({ kind: 'not-an-image' })
  })

  test('a long comment in gzip hides no SVG', () => {
    const comment = (bytes: number) => `<!--${randomBytes(bytes).toString('hex')}-->`
    for (const bytes of [5_000, 100_000]) {
      const svg = gzipSync(`${comment(bytes)}<svg xmlns="http://www.w3.org/2000/svg"/>`)
      expect(sniff(svg)).toEqual({ kind: 'forbidden', format: 'svgz' })
    }
    expect(sniff(gzipSync(`${comment(1_000)}<html/>`))).toEqual({ kind: 'not-an-image' })
    expect(sniff(gzipSync('just a text'))).toEqual({ kind: 'not-an-image' })
  })

  test('a document type with brackets and quotes hides no SVG', () => {
    const svg = `<!DOCTYPE svg [<!ENTITY a "]>"><!-- ' --><!ENTITY b '<svg2'>]>\n<svg/>`
    expect(sniff(Buffer.from(svg))).toEqual({ kind: 'forbidden', format: 'svg' })
  })

  test('markup that never ends is no image, and takes no time', () => {
    for (const open of ['<!--', '<?xml ', '<!DOCTYPE svg [', '<!DOCTYPE "', '<']) {
      expect(sniff(Buffer.from(open.padEnd(2_000_000, ' ')))).toEqual({ kind: 'not-an-image' })
    }
  })

  test('a picture from a window into a larger buffer is read from its own start', () => {
    const file = Buffer.concat([Buffer.from('xyz'), fixture('avif')])
    expect(sniff(file.subarray(3))).toEqual({ kind: 'forbidden', format: 'avif' })
  })
})
