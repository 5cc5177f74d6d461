import { inflateRawSync } from 'node:zlib'
import type { ImageFormat } from '@drawbridge/contract'

/** What the first bytes say. `forbidden` is an image, or claims to be one, that is never decoded. */
export type Sniffed =
  | { readonly kind: 'accepted'; readonly format: ImageFormat }
  | { readonly kind: 'forbidden'; readonly format: string }
  | { readonly kind: 'not-an-image' }

interface Magic {
  readonly format: string
  readonly offset?: number
  /** Latin-1 text; `.` stands for any byte. */
  readonly bytes: string
}

/**
 * First match wins. The accepted four come by the shortest prefix that any decoder takes for the format, so that a
 * damaged one is refused as an image and not passed on as an unknown file.
 */
const MAGIC: readonly Magic[] = [
  { format: 'jpeg', bytes: '\xff\xd8\xff' },
  { format: 'png', bytes: '\x89PNG' },
  { format: 'gif', bytes: 'GIF8' },
  { format: 'webp', bytes: 'RIFF....WEBP' },
  { format: 'ani', bytes: 'RIFF....ACON' },
  { format: 'bmp', bytes: 'RIFF....RDIB' },
  { format: 'tiff', bytes: 'II*\0' },
  { format: 'tiff', bytes: 'MM\0*' },
  { format: 'tiff', bytes: 'II+\0' },
  { format: 'tiff', bytes: 'MM\0+' },
  { format: 'jpeg-xr', bytes: 'II\xbc' },
  { format: 'raw', bytes: 'IIRO' },
  { format: 'raw', bytes: 'IIRS' },
  { format: 'raw', bytes: 'MMOR' },
  { format: 'raw', bytes: 'IIU\0' },
  { format: 'raw', bytes: 'FUJIFILMCCD-RAW' },
  { format: 'jxl', bytes: '\xff\x0a' },
  { format: 'jxl', bytes: '\0\0\0\x0cJXL \r\n\x87\n' },
  { format: 'jp2', bytes: '\0\0\0\x0cjP  \r\n\x87\n' },
  { format: 'jp2', bytes: '\xff\x4f\xff\x51' },
  { format: 'psd', bytes: '8BPS' },
  { format: 'eps', bytes: '%!PS' },
  { format: 'eps', bytes: '\xc5\xd0\xd3\xc6' },
  { format: 'dds', bytes: 'DDS ' },
  { format: 'exr', bytes: 'v/1\x01' },
  { format: 'hdr', bytes: '#?RADIANCE' },
  { format: 'hdr', bytes: '#?RGBE' },
  { format: 'xcf', bytes: 'gimp xcf' },
  { format: 'qoi', bytes: 'qoif' },
  { format: 'fits', bytes: 'SIMPLE  =' },
  { format: 'wmf', bytes: '\xd7\xcd\xc6\x9a' },
  { format: 'emf', offset: 40, bytes: ' EMF' },
  { format: 'mng', bytes: '\x8aMNG' },
  { format: 'jng', bytes: '\x8bJNG' },
  { format: 'flif', bytes: 'FLIF' },
  { format: 'bpg', bytes: 'BPG\xfb' },
  { format: 'icns', bytes: 'icns' },
  { format: 'dicom', offset: 128, bytes: 'DICM' },
  { format: 'vips', bytes: '\x08\xf2\xa6\xb6' },
  { format: 'vips', bytes: '\xb6\xa6\xf2\x08' },
  { format: 'farbfeld', bytes: 'farbfeld' },
  { format: 'djvu', bytes: 'AT&TFORM' },
  { format: 'xpm', bytes: '/* XPM */' },
  { format: 'sgi', bytes: '\x01\xda\x00\x01' },
  { format: 'sgi', bytes: '\x01\xda\x01\x01' },
  { format: 'sun', bytes: '\x59\xa6\x6a\x95' },
  { format: 'pict', offset: 522, bytes: '\0\x11\x02\xff' },
  { format: 'pict', offset: 10, bytes: '\0\x11\x02\xff' },
  { format: 'miff', bytes: 'id=ImageMagick' },
  { format: 'ktx', bytes: '\xabKTX' },
]

/** Brands of the ISO base media format that hold pictures (ISO/IEC 23008-12 §10, AVIF §6). Films have others. */
const BRANDS: Readonly<Record<string, string>> = {
  avif: 'avif',
  avis: 'avif',
  heic: 'heic',
  heix: 'heic',
  heim: 'heic',
  heis: 'heic',
  hevc: 'heic',
  hevx: 'heic',
  hevm: 'heic',
  hevs: 'heic',
  mif1: 'heic',
  mif2: 'heic',
  msf1: 'heic',
  miaf: 'heic',
  'crx ': 'raw',
  'jxl ': 'jxl',
  'jp2 ': 'jp2',
}

/**
 * What kind of file this is, by its content alone; names and labels are never asked. Decodes nothing; the beginning of a
 * gzip file is inflated, to find compressed SVG.
 */
export function sniff(bytes: Uint8Array): Sniffed {
  const format = matchMagic(bytes) ?? matchWeakMagic(bytes) ?? matchText(bytes) ?? matchGzip(bytes)
  if (format === undefined) return { kind: 'not-an-image' }
  return isAccepted(format) ? { kind: 'accepted', format } : { kind: 'forbidden', format }
}

/** Bytes that a decoder without a magic number would ignore behind a picture. */
const MAX_SURPLUS = 64
/** Of a gzip file, what is inflated to find its root element; at most a thousand times of it comes out. */
const GZIP_START_BYTES = 16_384

/** A table of its own: the inspector child sniffs, too, and can read no other package. */
const ACCEPTED: Readonly<Record<ImageFormat, true>> = { jpeg: true, png: true, webp: true, gif: true }

function isAccepted(format: string): format is ImageFormat {
  return Object.hasOwn(ACCEPTED, format)
}

function matchMagic(bytes: Uint8Array): string | undefined {
  for (const { format, offset = 0, bytes: magic } of MAGIC) if (startsWith(bytes, magic, offset)) return format
  if (!startsWith(bytes, 'ftyp', 4)) return undefined
  // The major brand may be a generic one; then a compatible brand tells.
  const boxEnd = Math.min(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0),
    bytes.length,
    256,
  )
  for (let at = 8; at + 4 <= boxEnd; at += at === 8 ? 8 : 4) {
    const brand = BRANDS[latin1(bytes, at, at + 4)]
    if (brand !== undefined) return brand
  }
  return holdsPictures(bytes) ? 'heic' : undefined
}

/** Whether a file of the ISO base media format, whatever its brand, holds pictures beside or without films (§8.4.3). */
function holdsPictures(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0, boxes = 0; at + 16 <= bytes.length && boxes < 256; boxes++) {
    if (startsWith(bytes, 'meta', at + 4) && /hdlr[^]{8}pict/.test(latin1(bytes, at, at + 256))) return true
    const size = view.getUint32(at)
    const length = size === 1 ? Number(view.getBigUint64(at + 8)) : size
    if (length < 8) return false
    at += length
  }
  return false
}

/** Whether these characters are at this place, each a byte; a dot is any byte. */
export function startsWith(bytes: Uint8Array, magic: string, offset = 0): boolean {
  if (bytes.length < offset + magic.length) return false
  for (let i = 0; i < magic.length; i++) {
    if (magic[i] !== '.' && bytes[offset + i] !== magic.charCodeAt(i)) return false
  }
  return true
}

/** Formats whose magic is two or four common bytes: a second field must fit as well. */
function matchWeakMagic(bytes: Uint8Array): string | undefined {
  if (bytes.length < 18) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (/^(?:BM|CI|CP|IC|PT)$/.test(latin1(bytes, 0, 2)) && isDibHeader(view.getUint32(14, true))) return 'bmp'
  if (startsWith(bytes, 'BA', 0) && /^(?:BM|CI|CP|IC|PT)$/.test(latin1(bytes, 14, 16))) return 'bmp'
  const entries = view.getUint16(4, true)
  if (startsWith(bytes, '\0\0\x01\0', 0) && entries > 0 && entries < 256 && bytes[9] === 0) return 'ico'
  if (startsWith(bytes, '\0\0\x02\0', 0) && entries > 0 && entries < 256 && bytes[9] === 0) return 'cur'
  if (/^P[1-7fF][\s#]/.test(latin1(bytes, 0, 3)) && /^P.\s*(#[^\n]*\n\s*)*(\d|WIDTH)/.test(latin1(bytes, 0, 256)))
    return 'ppm'
  if (
    startsWith(bytes, '\x0a', 0) &&
    (bytes[1] ?? 9) <= 5 &&
    (bytes[2] ?? 9) <= 1 &&
    [1, 2, 4, 8].includes(bytes[3] ?? 0)
  )
    return 'pcx'
  if (startsWith(bytes, 'TRUEVISION-XFILE.\0', bytes.length - 18) || isTarga(view)) return 'tga'
  return isWbmp(bytes) ? 'wbmp' : undefined
}

/** Decoders take more sizes of this header than any table of them has. */
function isDibHeader(size: number): boolean {
  return size >= 12 && size < 256
}

/** By its header, which has no magic: kind, color map, size and depth fit together. */
function isTarga(view: DataView): boolean {
  const [hasMap, kind, depth] = [view.getUint8(1), view.getUint8(2), view.getUint8(16)]
  const [mapLength, mapDepth] = [view.getUint16(5, true), view.getUint8(7)]
  const [width, height] = [view.getUint16(12, true), view.getUint16(14, true)]
  if (![1, 2, 3, 9, 10, 11].includes(kind) || hasMap > 1 || ((kind & 7) === 1) !== (hasMap === 1)) return false
  if (hasMap === 1 ? ![15, 16, 24, 32].includes(mapDepth) : view.getUint16(3, true) + mapLength + mapDepth > 0)
    return false
  if (width === 0 || height === 0 || ![8, 15, 16, 24, 32].includes(depth) || view.getUint8(17) > 0x3f) return false
  const start = 18 + view.getUint8(0) + mapLength * Math.ceil(mapDepth / 8)
  return kind > 8 || view.byteLength >= start + width * height * Math.ceil(depth / 8)
}

/** Zeros for the type and the header, two numbers of seven bits a byte, and as many bits as they say. */
function isWbmp(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes[1] !== 0) return false
  let at = 2
  const sides = [0, 0].map(() => {
    let side = 0
    for (let byte = 0x80; byte & 0x80 && at < 8; at++) {
      byte = bytes[at] ?? 0
      side = side * 128 + (byte & 0x7f)
    }
    return side
  })
  const [width = 0, height = 0] = sides
  const surplus = bytes.length - at - Math.ceil(width / 8) * height
  return width > 0 && height > 0 && surplus >= 0 && surplus <= MAX_SURPLUS
}

/** SVG in all its disguises, and the text formats that ImageMagick runs as programs (MVG, MSL). */
function matchText(bytes: Uint8Array): string | undefined {
  const text = decodeText(bytes)
  if (text === undefined) return undefined
  const start = skipSpace(text, 0)
  if (/^(push\s+graphic-context|viewbox\s+-?\d)/i.test(text.slice(start, start + 64))) return 'mvg'
  if (/^#define\s+\S+_width\s/.test(text.slice(start, start + 256))) return 'xbm'
  if (text[start] !== '<') return undefined
  return ROOTS[rootName(text, start) ?? '']
}

/** Whether it is markup of which no element has begun yet. */
function isRootless(bytes: Uint8Array): boolean {
  const text = decodeText(bytes) ?? ''
  const start = skipSpace(text, 0)
  return /^<[!?]/.test(text.slice(start, start + 2)) && rootName(text, start) === undefined
}

const ROOTS: Readonly<Record<string, string>> = { svg: 'svg', msl: 'msl', image: 'msl' }

/** Text if it may begin with markup or a program: by a byte order mark, or by a first `<` in 8 or 16 bits. */
function decodeText(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes
  if (first === 0xff && second === 0xfe) return Buffer.from(bytes.subarray(2)).toString('utf16le')
  if (first === 0xfe && second === 0xff) return bigEndian(bytes.subarray(2))
  if (first === 0xef && second === 0xbb && third === 0xbf) return latin1(bytes, 3, bytes.length)
  if (second === 0 && isTextStart(first)) return Buffer.from(bytes).toString('utf16le')
  if (first === 0 && isTextStart(second)) return bigEndian(bytes)
  return isTextStart(first) ? latin1(bytes, 0, bytes.length) : undefined
}

/** Whitespace, `<`, `#` or the first letter of an MVG command. */
function isTextStart(byte: number | undefined): boolean {
  return byte !== undefined && ' \t\r\n\f\v<#pPvV'.includes(String.fromCharCode(byte))
}

function bigEndian(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le')
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'latin1',
    from,
    Math.min(to, bytes.length),
  )
}

/** Local name of the root element, in lower case, behind prolog, comments, instructions and document type. */
function rootName(text: string, from: number): string | undefined {
  let at = from
  for (;;) {
    at = skipSpace(text, at)
    let end: number
    if (text.startsWith('<!--', at)) end = after(text, '-->', at + 4)
    else if (text.startsWith('<?', at)) end = after(text, '?>', at + 2)
    else if (text.startsWith('<!', at)) end = afterDoctype(text, at)
    else return /^<(?:[^\s<>:/]{1,64}:)?([A-Za-z]+)(?=[\s/>]|$)/.exec(text.slice(at, at + 160))?.[1]?.toLowerCase()
    if (end === -1) return undefined
    at = end
  }
}

/** Declarations nest in an internal subset; a quoted text may hold anything. */
function afterDoctype(text: string, from: number): number {
  let depth = 0
  for (let at = from; at !== -1 && at < text.length; at++) {
    const char = text[at]
    if (text.startsWith('<!--', at)) at = after(text, '-->', at + 4) - 1
    else if (char === '"' || char === "'") at = text.indexOf(char, at + 1)
    else if (char === '<') depth += 1
    else if (char === '>') depth -= 1
    if (at < 0) return -1
    if (depth === 0) return at + 1
  }
  return -1
}

function after(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from)
  return at === -1 ? -1 : at + what.length
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n\f\v\ufeff'.includes(text[at] ?? '')) at += 1
  return at
}

/** RFC 1952: skips the header, inflates the beginning and looks for SVG. Markup without a root there is taken for it. */
function matchGzip(bytes: Uint8Array): string | undefined {
  if (bytes.length < 18 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined
  const flags = bytes[3] ?? 0
  let at = 10
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)
  for (const flag of [8, 16]) if (flags & flag) at = bytes.indexOf(0, at) + 1 || bytes.length
  if (flags & 2) at += 2
  try {
    const text = inflateRawSync(bytes.subarray(at, at + GZIP_START_BYTES), {
      finishFlush: 2,
      maxOutputLength: GZIP_START_BYTES * 1_100,
    })
    const format = matchText(text)
    return format === 'svg' || (format === undefined && isRootless(text)) ? 'svgz' : undefined
  } catch {
    return undefined // not gzip after all
  }
}
