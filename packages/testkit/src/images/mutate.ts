import { crc32 } from 'node:zlib'
import { apng, loadedJpeg, loadedPng } from './catalog-content.ts'
import { deepInterlacedPng, palettePng } from './catalog-png.ts'
import { fixture } from './fixtures.ts'
import { animatedGif } from './gif.ts'
import { jpegSegment } from './metadata.ts'
import { partsOf, type Part, type PartedFormat } from './parts.ts'
import { ordinaryPng, pngChunk } from './png.ts'
import { pick, randomFrom, type Random } from './random.ts'
import { webpChunk } from './webp.ts'

/** A valid image that was damaged, the same for the same seed. */
export interface Mutant {
  readonly seed: number
  /** What it was made from. */
  readonly source: string
  readonly format: PartedFormat
  /** What was done to it, in order. */
  readonly damage: readonly string[]
  readonly bytes: Buffer
}

interface Source {
  readonly name: string
  readonly format: PartedFormat
  readonly bytes: Buffer
  readonly parts: readonly Part[]
}

const MAKERS: readonly (readonly [name: string, format: PartedFormat, make: () => Buffer])[] = [
  ['avif', 'avif', () => fixture('avif')],
  ['png', 'png', () => ordinaryPng()],
  ['png with metadata', 'png', () => loadedPng()],
  ['palette png', 'png', palettePng],
  ['interlaced 16 bit png', 'png', deepInterlacedPng],
  ['apng', 'png', apng],
  ['jpeg', 'jpeg', () => fixture('jpeg')],
  ['jpeg with metadata', 'jpeg', () => loadedJpeg()],
  ['progressive jpeg', 'jpeg', () => fixture('jpegProgressive')],
  ['cmyk jpeg', 'jpeg', () => fixture('jpegCmyk')],
  ['webp', 'webp', () => fixture('webp')],
  ['lossless webp', 'webp', () => fixture('webpLossless')],
  ['animated webp', 'webp', () => fixture('webpAnimated')],
  ['gif', 'gif', () => animatedGif(24, 1)],
  ['animated gif', 'gif', () => animatedGif(32, 3)],
]

let made: readonly Source[] | undefined
const sources = (): readonly Source[] => (made ??= MAKERS.map(([name, format, make]) => sourceOf(name, format, make())))

function sourceOf(name: string, format: PartedFormat, bytes: Buffer): Source {
  return { name, format, bytes, parts: partsOf(format, bytes) }
}

/** What holds a remark in each format: readers pass over it. */
const REMARKS: Readonly<Record<PartedFormat, (text: Buffer) => Buffer>> = {
  png: (text) => pngChunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), text])),
  jpeg: (text) => jpegSegment(0xfe, text),
  webp: (text) => webpChunk('NOTE', text),
  gif: (text) => Buffer.from([0x21, 0xfe, text.length, ...text, 0]),
  avif: (text) => Buffer.concat([Buffer.from([0, 0, 0, 8 + text.length]), Buffer.from('free'), text]),
}

/** The same picture with a remark of random bytes somewhere in its file, so that no two seeds have one file. */
function withRemark({ name, format, bytes, parts }: Source, random: Random): Source {
  const remark = REMARKS[format](randomBytes(random, 1 + (random() % 64)))
  // Not first, where the header is; what points into an AVIF counts from the start of the file.
  const at = format === 'avif' ? bytes.length : (parts[1 + (random() % parts.length)]?.start ?? parts.at(-1)?.end ?? 0)
  const remarked = Buffer.concat([bytes.subarray(0, at), remark, bytes.subarray(at)])
  if (format === 'webp') remarked.writeUInt32LE(remarked.length - 8, 4)
  return sourceOf(name, format, remarked)
}

function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random() & 0xff))
}

/** Values at which readers go wrong: nothing, one, the largest, the largest with a sign, and their neighbors. */
const EXTREMES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0xffffff, 0x7fffffff, 0x80000000, 0xffffffff]
/** Bytes of a part in which its fields are. */
const FIELDS_BYTES = 24

const FLIPPED = 'bits flipped'

type Damage = (bytes: Buffer, random: Random, source: Source) => Buffer

/** What may happen to a file. Parts are those of the file before any damage. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  [FLIPPED]: (bytes, random) => {
    for (let flips = 1 + (random() % 8); flips > 0; flips--) {
      const at = random() % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() & 7))
    }
    return bytes
  },
  'cut off': (bytes, random) => bytes.subarray(0, 1 + (random() % bytes.length)),
  'a run overwritten': (bytes, random) => {
    const from = random() % bytes.length
    const to = Math.min(from + 1 + (random() % 64), bytes.length)
    return bytes.fill(pick(random, [0, 0xff, random() & 0xff]), from, to)
  },
  'bytes put in': (bytes, random) => {
    const at = random() % bytes.length
    return Buffer.concat([bytes.subarray(0, at), randomBytes(random, 1 + (random() % 64)), bytes.subarray(at)])
  },
  'a field at its extreme': (bytes, random, { parts }) => {
    const { start } = pick(random, [{ start: 0 }, ...parts])
    const width = pick(random, [1, 2, 3, 4])
    const at = start + (random() % FIELDS_BYTES)
    if (at + width > bytes.length) return bytes
    const value = pick(random, EXTREMES) % 2 ** (8 * width)
    if (random() & 1) bytes.writeUIntBE(value, at, width)
    else bytes.writeUIntLE(value, at, width)
    return bytes
  },
  'a length that lies': (bytes, random, { parts }) => {
    const { length } = pick(random, parts)
    if (!length || length.at + length.bytes > bytes.length) return bytes
    const { at, bytes: width, isLittleEndian } = length
    const most = 2 ** (8 * width)
    const old = isLittleEndian ? bytes.readUIntLE(at, width) : bytes.readUIntBE(at, width)
    const value = pick(random, [(old + 1) % most, Math.max(0, old - 1), pick(random, EXTREMES) % most])
    if (isLittleEndian) bytes.writeUIntLE(value, at, width)
    else bytes.writeUIntBE(value, at, width)
    return bytes
  },
  'a part twice': (bytes, random, { parts }) => {
    const { start, end } = pick(random, parts)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end)])
  },
  'a part missing': (bytes, random, { parts }) => {
    const { start, end } = pick(random, parts)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  'two parts swapped': (bytes, random, { parts }) => {
    const [first, second] = [random() % parts.length, random() % parts.length].toSorted((a, b) => a - b)
    const [a, b] = [parts[first ?? 0], parts[second ?? 0]]
    if (a === undefined || b === undefined || a === b) return bytes
    return Buffer.concat([
      bytes.subarray(0, a.start),
      bytes.subarray(b.start, b.end),
      bytes.subarray(a.end, b.start),
      bytes.subarray(a.start, a.end),
      bytes.subarray(b.end),
    ])
  },
  'a part of another file': (bytes, random, { parts, format }) => {
    // Mostly of the same format, where it has a meaning.
    const alike = sources().filter((other) => random() % 4 === 0 || other.format === format)
    const other = pick(random, alike.length > 0 ? alike : sources())
    const { start, end } = pick(random, other.parts)
    const at = pick(random, parts).start
    return Buffer.concat([bytes.subarray(0, at), other.bytes.subarray(start, end), bytes.subarray(at)])
  },
}
const DAMAGE_NAMES = Object.keys(DAMAGES)
/** Most damages of one file. Most files have a single one: of those with many, few come past the header. */
const MAX_DAMAGES = 4
/** An AVIF that is refused costs a decoder in WebAssembly, two seconds of work: one file in so many is enough of them. */
const AVIF_EVERY = 100

/** The damaged image of this seed, a whole number from 0. Which image it was takes turns. */
export function mutantOf(seed: number): Mutant {
  const [avif, ...others] = sources()
  const plain = seed % AVIF_EVERY === AVIF_EVERY - 1 ? avif : others[seed % others.length]
  if (plain === undefined) throw new Error('seeds are whole numbers from 0')
  const random = randomFrom(seed)
  const source = withRemark(plain, random)
  const damages = random() % 3 === 0 ? 1 + (random() % MAX_DAMAGES) : 1
  const damage = Array.from({ length: damages }, () => pick(random, DAMAGE_NAMES))
  let bytes: Buffer = Buffer.from(source.bytes)
  for (const name of damage) if (bytes.length > 0) bytes = Buffer.from(DAMAGES[name]?.(bytes, random, source) ?? bytes)
  // A length may have lied with the truth, and two parts be the same one.
  if (bytes.equals(source.bytes)) {
    damage.push(FLIPPED)
    DAMAGES[FLIPPED]?.(bytes, random, source)
  }
  // Behind a wrong checksum nothing is read: half of the files get right ones, so that the damage is met.
  const isMended = source.format === 'png' && (random() & 1) === 1
  if (isMended) mendChecksums(bytes)
  return {
    seed,
    source: source.name,
    format: source.format,
    damage: isMended ? [...damage, 'checksums mended'] : damage,
    bytes,
  }
}

function mendChecksums(png: Buffer): void {
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 8 + png.readUInt32BE(at)
    if (end + 4 > png.length) return
    png.writeUInt32BE(crc32(png.subarray(at + 4, end)), end)
    at = end + 4
  }
}
