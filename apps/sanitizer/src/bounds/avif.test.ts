import { fixture } from '@drawbridge/testkit/images'
import { describe, expect, test } from 'vitest'
import { sniff } from '../sniff.ts'
import { BoundsError, readBounds } from './index.ts'

function reasonOf(bytes: Uint8Array): string {
  try {
    readBounds('avif', bytes)
    return 'accepted'
  } catch (error) {
    if (error instanceof BoundsError) return error.reason
    throw error
  }
}

/** A box with its length. */
function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body])
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const full = (type: string, ...parts: readonly Uint8Array[]) => box(type, hex('00000000'), ...parts)
const u32 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index))
  return bytes
}

interface Parts {
  readonly brand?: string
  readonly item?: string
  readonly size?: readonly [number, number]
  /** More properties of the picture, numbered from 2. */
  readonly properties?: readonly Buffer[]
  readonly handler?: string
  readonly after?: readonly Buffer[]
}

/** The header of an AVIF, by the letter; there is no picture in it. */
function avif({
  brand = 'avif',
  item = 'av01',
  size = [80, 60],
  properties = [],
  handler = 'pict',
  after = [],
}: Parts) {
  const own = properties.map((_, index) => index + 2)
  return Buffer.concat([
    box('ftyp', Buffer.from(`${brand}\0\0\0\0${brand}mif1`, 'latin1')),
    full(
      'meta',
      full('hdlr', u32(0), Buffer.from(handler), Buffer.alloc(13)),
      full('pitm', hex('0001')),
      full('iinf', hex('0001'), box('infe', hex('02000000 0001 0000'), Buffer.from(`${item}\0`))),
      box(
        'iprp',
        box('ipco', full('ispe', u32(...size)), ...properties),
        full('ipma', u32(1), hex('0001'), Buffer.from([own.length + 1, 1, ...own])),
      ),
    ),
    box('mdat', Buffer.alloc(8)),
    ...after,
  ])
}

describe('size and features of an AVIF from its boxes', () => {
  test('a real one', () => {
    expect(readBounds('avif', fixture('avif'))).toMatchObject({ widthPx: 8, heightPx: 8, frames: 1 })
  })

  test('one turned by a quarter has its sides swapped', () => {
    expect(readBounds('avif', avif({ properties: [box('irot', hex('01'))] }))).toMatchObject({
      widthPx: 60,
      heightPx: 80,
    })
    expect(readBounds('avif', avif({ properties: [box('irot', hex('02'))] }))).toMatchObject({
      widthPx: 80,
      heightPx: 60,
    })
  })

  test('alpha, a profile, deep color and a sequence are seen', () => {
    const alpha = full('auxC', Buffer.from('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0'))
    const deep = full('pixi', hex('03 0a 0a 0a'))
    const file = avif({ properties: [alpha, deep, box('colr', Buffer.from('prof'))], after: [box('moov')] })
    expect([...readBounds('avif', file).features].sort()).toEqual(['alpha', 'animation', 'icc', 'sixteenBit'])
  })
})

describe('UP-07: a hostile AVIF is refused before a decoder sees it', () => {
  test.each([
    ['no picture inside', avif({ handler: 'vide' }), 'corrupt'],
    ['HEVC in an AVIF', avif({ item: 'hvc1' }), 'unsupported'],
    ['uncompressed data in an AVIF', avif({ item: 'unci' }), 'unsupported'],
    ['a JPEG in an AVIF', avif({ item: 'jpeg' }), 'unsupported'],
    ['an overlay that derives from others', avif({ item: 'iovl' }), 'unsupported'],
    ['a side of 0', avif({ size: [0, 60] }), 'corrupt'],
    ['a part larger than the picture', avif({ properties: [full('ispe', u32(60_000, 60_000))] }), 'corrupt'],
    ['two meta boxes', avif({ after: [full('meta')] }), 'corrupt'],
    ['10,000 boxes', avif({ after: Array.from({ length: 10_000 }, () => box('free')) }), 'corrupt'],
    ['10,000 boxes inside', avif({ properties: Array.from({ length: 10_000 }, () => box('free')) }), 'corrupt'],
    ['a box that is longer than the file', Buffer.concat([avif({}), u32(0x7fffffff), Buffer.from('free')]), 'corrupt'],
    ['a box shorter than its own head', Buffer.concat([avif({}), u32(4), Buffer.from('free')]), 'corrupt'],
    [
      'a box of 2^64 bytes',
      Buffer.concat([avif({}), u32(1), Buffer.from('free'), u32(0xffffffff, 0xffffffff)]),
      'corrupt',
    ],
  ])('%s', (_name, file, reason) => {
    expect(reasonOf(avif({}))).toBe('accepted')
    expect(reasonOf(file)).toBe(reason)
  })

  test('cut anywhere it is refused, never a fault of ours', () => {
    const file = fixture('avif')
    for (let length = 12; length < file.length; length++) {
      expect(['accepted', 'corrupt', 'unsupported']).toContain(reasonOf(file.subarray(0, length)))
    }
  })

  test('with any byte changed it is read or refused, never a fault of ours', () => {
    const file = fixture('avif')
    for (let at = 12; at < file.length; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(file).fill(value, at, at + 1)
        expect(['accepted', 'corrupt', 'unsupported']).toContain(reasonOf(changed))
      }
    }
  })

  test('HEIC does not pass as AVIF by naming it as a second brand', () => {
    const heic = avif({ brand: 'heic' })
    heic.write('avif', heic.indexOf('mif1'), 'latin1')
    expect(sniff(heic)).toEqual({ kind: 'forbidden', format: 'heic' })
  })
})
