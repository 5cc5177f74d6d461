import { animatedGif, fixture, HOSTILE_IMAGES, loadedJpeg, loadedPng, ordinaryPng } from '@drawbridge/testkit/images'
import { describe, expect, test } from 'vitest'
import { sniff } from '../sniff.ts'
import { BoundsError, readBounds } from './index.ts'
import { pngEssentials } from './png.ts'

function reasonOf(format: 'jpeg' | 'png' | 'webp' | 'gif', bytes: Uint8Array): string {
  try {
    readBounds(format, bytes)
    return 'accepted'
  } catch (error) {
    if (error instanceof BoundsError) return error.reason
    throw error
  }
}

describe('size and frames from the header', () => {
  test.each([
    ['jpeg', fixture('jpeg'), 1, false],
    ['jpeg', fixture('jpegProgressive'), 1, false],
    ['jpeg', loadedJpeg(6), 1, false],
    ['png', ordinaryPng(64, 48), 1, true],
    ['webp', fixture('webp'), 1, false],
    ['webp', fixture('webpLossless'), 1, true],
    ['webp', fixture('webpAnimated'), 3, false],
  ] as const)('%s', (format, bytes, frames, isLossless) => {
    const { features, ...bounds } = readBounds(format, bytes)
    expect(bounds).toMatchObject({ widthPx: 64, heightPx: 48, frames })
    expect(features.has('lossless')).toBe(isLossless)
  })

  test('every frame of a GIF is counted', () => {
    expect(readBounds('gif', animatedGif(40, 7))).toMatchObject({ widthPx: 40, heightPx: 40, frames: 7 })
  })

  test.each([
    ['jpeg', fixture('jpeg')],
    ['png', ordinaryPng()],
    ['webp', fixture('webp')],
    ['gif', animatedGif(8, 2)],
  ] as const)('what follows the end of a %s is not shown to the decoder', (format, bytes) => {
    const file = Buffer.concat([bytes, Buffer.from('<script>')])
    expect(readBounds(format, file).endOffset).toBe(bytes.length)
  })

  test('a loaded PNG ends where its picture ends', () => {
    const file = loadedPng()
    expect(readBounds('png', file).endOffset).toBe(file.indexOf('IEND') + 8)
  })

  test.each(['jpeg', 'webp', 'webpAnimated', 'jpegProgressive'] as const)(
    '%s cut anywhere is read or refused, never a fault of ours',
    (name) => {
      const bytes = fixture(name)
      const format = name.startsWith('jpeg') ? 'jpeg' : 'webp'
      for (let length = 12; length < bytes.length; length++) {
        expect(['accepted', 'corrupt']).toContain(reasonOf(format, bytes.subarray(0, length)))
      }
    },
  )

  test('every file of the catalog is read or refused, never a fault of ours', () => {
    for (const { bytes } of HOSTILE_IMAGES.filter((image) => !image.isHeavy)) {
      const file = bytes()
      const sniffed = sniff(file)
      if (sniffed.kind === 'accepted') expect(reasonOf(sniffed.format, file)).toBeTypeOf('string')
    }
  })

  test('arithmetic coding and 12 bits are not supported', () => {
    const jpeg = fixture('jpeg')
    const at = jpeg.indexOf(Buffer.from('ffc0', 'hex'))
    expect(reasonOf('jpeg', Buffer.from(jpeg).fill(0xc9, at + 1, at + 2))).toBe('unsupported')
    expect(reasonOf('jpeg', Buffer.from(jpeg).fill(12, at + 4, at + 5))).toBe('unsupported')
  })
})

describe('what of a PNG the decoder gets', () => {
  const typesOf = (png: Uint8Array) => {
    const types: string[] = []
    const file = Buffer.from(png)
    for (let at = 8; at + 12 <= file.length; at += 12 + file.readUInt32BE(at))
      types.push(file.toString('latin1', at + 4, at + 8))
    return types
  }

  test('an ordinary file is passed on as it is', () => {
    const png = ordinaryPng(64, 48)
    expect(pngEssentials(png)).toBe(png)
  })

  test('texts, provenance and what nobody knows stay behind, before anything is inflated', () => {
    const before = typesOf(loadedPng(64, 48))
    const after = typesOf(pngEssentials(loadedPng(64, 48)))
    expect(before).toContain('iTXt')
    expect(after).toEqual(before.filter((type) => !['iTXt', 'tEXt', 'zTXt', 'tIME', 'caBX'].includes(type)))
    expect(after).toEqual(expect.arrayContaining(['IHDR', 'IDAT', 'IEND']))
  })

  test('UP-07: 200 texts that inflate to 1.4 GB are gone, and a profile that nobody has, too', () => {
    const bomb = HOSTILE_IMAGES.find(({ name }) => name === '200 iTXt of 7 MB each')!.bytes()
    expect(typesOf(bomb)).toHaveLength(203)
    expect(typesOf(pngEssentials(bomb))).toEqual(['IHDR', 'IDAT', 'IEND'])
    const png = ordinaryPng(64, 48)
    const profile = Buffer.alloc(12 + 131_073)
    profile.writeUInt32BE(131_073)
    profile.write('iCCP', 4, 'latin1')
    expect(typesOf(pngEssentials(Buffer.concat([png.subarray(0, 33), profile, png.subarray(33)])))).toEqual(
      typesOf(png),
    )
  })

  test('a file that ends in a chunk is passed on to its end', () => {
    const png = loadedPng(64, 48)
    const cut = png.subarray(0, png.length - 20)
    expect(Buffer.from(pngEssentials(cut)).subarray(-8)).toEqual(Buffer.from(cut.subarray(-8)))
  })
})
