import type { ImageFeature } from '@drawbridge/contract'
import { ByteReader } from '../byte-reader.ts'
import { BoundsError, type Bounds } from './bounds.ts'

/** A still has a handful; a grid of tiles some hundred. */
const MAX_BOXES = 4_096

interface Box {
  readonly type: string
  readonly body: ByteReader
}

interface Size {
  readonly widthPx: number
  readonly heightPx: number
}

/** What the properties of one file say, by their number in `ipco`, from 1. */
interface Properties {
  readonly sizes: ReadonlyMap<number, Size>
  readonly quarterTurns: ReadonlySet<number>
}

/** Kinds of items that a picture in AVIF is made of; any other codec in the same container is none of ours. */
const ITEMS: Readonly<Record<string, ImageFeature | undefined>> = {
  av01: undefined,
  grid: undefined,
  Exif: 'exif',
  mime: 'xmp',
  tmap: 'gainMap',
}
const ALPHA = 'urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0'

/**
 * AVIF 1.2 on ISO/IEC 23008-12: the size of the primary item, from its `ispe` property. Every other item (tiles, alpha,
 * thumbnails) has to be no larger than it. A sequence (`avis`) is read for its still.
 */
export function readAvifBounds(bytes: Uint8Array): Bounds {
  const boxes = new BoxCounter()
  const features = new Set<ImageFeature>()
  const top = boxes.list(new ByteReader(bytes))
  const [meta, ...others] = top.filter(({ type }) => type === 'meta')
  if (meta === undefined || others.length > 0) throw new BoundsError('corrupt', 'AVIF without one meta box')
  if (top.some(({ type }) => type === 'moov')) features.add('animation')
  if (top.some(({ type }) => type === 'uuid' || type === 'jumb')) features.add('c2pa')

  meta.body.skip(4)
  const inside = boxes.list(meta.body)
  const child = (type: string, of: readonly Box[] = inside): ByteReader => {
    const box = of.find((candidate) => candidate.type === type)
    if (box === undefined) throw new BoundsError('corrupt', `AVIF without ${type}`)
    return box.body
  }
  if (handlerOf(child('hdlr')) !== 'pict') throw new BoundsError('corrupt', 'AVIF whose meta box holds no picture')
  noteItems(child('iinf'), boxes, features)
  const properties = boxes.list(child('iprp'))
  const { sizes, quarterTurns } = readProperties(boxes.list(child('ipco', properties)), features)
  const own = propertiesOf(primaryItem(child('pitm')), child('ipma', properties))
  const size = own.map((number) => sizes.get(number)).find((found) => found !== undefined)
  if (size === undefined) throw new BoundsError('corrupt', 'AVIF whose primary item has no size')
  for (const { widthPx, heightPx } of sizes.values()) {
    if (widthPx > size.widthPx || heightPx > size.heightPx)
      throw new BoundsError('corrupt', 'AVIF with a part larger than the picture')
  }
  const isTurned = own.some((number) => quarterTurns.has(number))
  return {
    widthPx: isTurned ? size.heightPx : size.widthPx,
    heightPx: isTurned ? size.widthPx : size.heightPx,
    frames: 1,
    features,
    endOffset: bytes.length,
  }
}

/** Splits boxes, of which a file may have only so many, whatever their nesting. */
class BoxCounter {
  #left = MAX_BOXES

  list(reader: ByteReader): Box[] {
    const boxes: Box[] = []
    while (reader.left > 0) {
      if (this.#left-- === 0) throw new BoundsError('corrupt', 'AVIF with too many boxes')
      boxes.push(readBox(reader))
    }
    return boxes
  }
}

/** ISO/IEC 14496-12 §4.2: 32-bit length, type; length 1 says that 64 bits follow, 0 that the box goes on to the end. */
function readBox(reader: ByteReader): Box {
  const at = reader.offset
  const length = reader.u32be()
  const type = reader.text(4)
  let end = at + length
  if (length === 0) end = reader.bytes.length
  if (length === 1) end = at + reader.u32be() * 2 ** 32 + reader.u32be()
  if (end < reader.offset || end > reader.bytes.length) throw new BoundsError('corrupt', 'AVIF box of a wrong length')
  const body = new ByteReader(reader.bytes.subarray(0, end), reader.offset)
  reader.offset = end
  return { type, body }
}

function handlerOf(hdlr: ByteReader): string {
  hdlr.skip(8)
  return hdlr.text(4)
}

/** ISO/IEC 14496-12 §8.11.6: the items by their kinds. */
function noteItems(iinf: ByteReader, boxes: BoxCounter, features: Set<ImageFeature>): void {
  const version = iinf.u8()
  iinf.skip(version === 0 ? 5 : 7)
  for (const { body } of boxes.list(iinf)) {
    const entryVersion = body.u8()
    body.skip(3)
    if (entryVersion < 2) throw new BoundsError('corrupt', 'AVIF with an item of no kind')
    body.skip(entryVersion === 2 ? 4 : 6)
    const kind = body.text(4)
    if (!Object.hasOwn(ITEMS, kind)) throw new BoundsError('unsupported', `AVIF with an item of the kind ${kind}`)
    const feature = ITEMS[kind]
    if (feature !== undefined) features.add(feature)
  }
}

function primaryItem(pitm: ByteReader): number {
  const version = pitm.u8()
  pitm.skip(3)
  return version === 0 ? pitm.u16be() : pitm.u32be()
}

function readProperties(ipco: readonly Box[], features: Set<ImageFeature>): Properties {
  const sizes = new Map<number, Size>()
  const quarterTurns = new Set<number>()
  for (const [index, { type, body }] of ipco.entries()) {
    if (type === 'ispe') {
      body.skip(4)
      sizes.set(index + 1, { widthPx: body.u32be(), heightPx: body.u32be() })
    } else if (type === 'irot') {
      if ((body.u8() & 1) === 1) quarterTurns.add(index + 1)
    } else if (type === 'colr') {
      if (['prof', 'rICC'].includes(body.text(4))) features.add('icc')
    } else if (type === 'auxC') {
      body.skip(4)
      if (body.left >= ALPHA.length && body.text(ALPHA.length) === ALPHA) features.add('alpha')
    } else if (type === 'pixi') {
      body.skip(4)
      for (let channels = body.u8(); channels > 0; channels--) if (body.u8() > 8) features.add('sixteenBit')
    }
  }
  return { sizes, quarterTurns }
}

/** ISO/IEC 23008-12 §9.3: numbers of the properties of one item. */
function propertiesOf(item: number, ipma: ByteReader): number[] {
  const version = ipma.u8()
  ipma.skip(2)
  const isWide = (ipma.u8() & 1) === 1
  const numbers: number[] = []
  for (let entries = ipma.u32be(); entries > 0; entries--) {
    const owner = version === 0 ? ipma.u16be() : ipma.u32be()
    for (let count = ipma.u8(); count > 0; count--) {
      const number = isWide ? ipma.u16be() & 0x7fff : ipma.u8() & 0x7f
      if (owner === item) numbers.push(number)
    }
  }
  return numbers
}
