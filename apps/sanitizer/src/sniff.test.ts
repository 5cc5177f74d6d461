import { fixture, HOSTILE_IMAGES } from '@drawbridge/testkit/images'
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
