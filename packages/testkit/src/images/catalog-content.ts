import { deflateRawSync } from 'node:zlib'
import { buildOffice, buildZip } from '../files/index.ts'
import { fixture } from './fixtures.ts'
import { animatedGif, buildGif } from './gif.ts'
import type { HostileImage } from './hostile-image.ts'
import { exif, exifSegment, iccSegment, jpegSegment, SECRET, withSegments, xmp, xmpSegment } from './metadata.ts'
import { buildPng, ordinaryPng, pngChunk, quadrants } from './png.ts'
import { randomFrom } from './random.ts'
import { webpChunk } from './webp.ts'

const png = (...before: readonly Uint8Array[]) =>
  buildPng({ widthPx: 64, heightPx: 48, pixelAt: quadrants(64, 48), before })
const after = (image: Buffer, ...rest: readonly (string | Uint8Array)[]) =>
  Buffer.concat([image, ...rest.map((part) => Buffer.from(part))])
const gif = () =>
  buildGif({ widthPx: 16, heightPx: 16, frames: [{ widthPx: 16, heightPx: 16, pixelAt: (x) => x & 3 }] })

const HTML = '<html><script>alert("PAYLOAD")</script></html>'
const PHP = '<?php system($_GET["PAYLOAD"]); ?>'
const ZIP = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(26), Buffer.from('PAYLOAD')])

/**
 * A picture as a careless camera and a careful attacker make it: EXIF with a position, a text, an XMP packet, and behind
 * its end bytes and a script.
 */
export function loadedPng(widthPx = 64, heightPx = 48): Buffer {
  const image = buildPng({
    widthPx,
    heightPx,
    pixelAt: quadrants(widthPx, heightPx),
    before: [
      pngChunk('eXIf', exif()),
      pngChunk('tEXt', Buffer.from(`Comment\0${SECRET}`)),
      pngChunk('iTXt', Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\0\0\0\0'), xmp()])),
    ],
  })
  return after(image, Buffer.alloc(2_000, SECRET), `<script>alert("${SECRET}")</script>`)
}

/** A photo with everything that phones add: position, orientation, maker note and a thumbnail of another picture. */
export function loadedJpeg(orientation = 1): Buffer {
  return withSegments(
    fixture('jpeg'),
    exifSegment({
      orientation,
      thumbnail: withSegments(fixture('jpegProgressive'), jpegSegment(0xfe, Buffer.from(SECRET))),
    }),
    xmpSegment(),
    jpegSegment(0xed, Buffer.from(`Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0${SECRET}`)),
    jpegSegment(0xeb, Buffer.from(`JP\0\0jumbc2pa${SECRET}`)),
  )
}

const flat = { widthPx: 8, heightPx: 8, pixelAt: () => 1 } as const

/** What cannot be compressed is stored as it is (RFC 1951 §3.2.4), in the sender's file and in ours. */
function noisyPhp(): Buffer {
  const random = randomFrom(7)
  const code = Buffer.from(PHP)
  return buildPng({
    widthPx: 64,
    heightPx: 64,
    pixelAt: (x, y) => [0, 1, 2].map((c) => (y === 32 ? code[3 * x + c] : undefined) ?? random() & 0xff),
  })
}

const polyglot = (name: string, bytes: () => Buffer, expect: HostileImage['expect'] = 'clean'): HostileImage => ({
  group: 'D',
  name,
  bytes,
  expect,
  payload: 'PAYLOAD',
})

/** Group D. */
export const POLYGLOT_IMAGES: readonly HostileImage[] = [
  polyglot('GIF and JavaScript', () => after(gif(), '/*', '*/=1;alert("PAYLOAD")//')),
  polyglot('PNG and HTML', () => after(ordinaryPng(), HTML)),
  polyglot('PNG with HTML in a text chunk', () => png(pngChunk('tEXt', Buffer.from(`Comment\0${HTML}`)))),
  polyglot('JPEG and ZIP', () => after(fixture('jpeg'), ZIP)),
  polyglot('PNG and ZIP', () => after(ordinaryPng(), ZIP)),
  polyglot('JPEG and PHAR', () =>
    withSegments(fixture('jpeg'), jpegSegment(0xfe, Buffer.from(`${PHP}__HALT_COMPILER(); ?>`))),
  ),
  polyglot('GIF and RAR', () => after(gif(), 'Rar!\x1a\x07\x00PAYLOAD')),
  polyglot('JPEG with a script in its comment', () =>
    withSegments(fixture('jpeg'), jpegSegment(0xfe, Buffer.from('*/=alert("PAYLOAD")/*'))),
  ),
  polyglot('PHP in tEXt', () => png(pngChunk('tEXt', Buffer.from(`Comment\0${PHP}`)))),
  polyglot('PHP as pixels', () => {
    const code = Buffer.from(PHP)
    return buildPng({
      widthPx: 32,
      heightPx: 32,
      pixelAt: (x, y) => [0, 1, 2].map((c) => code[(3 * (y * 32 + x) + c) % code.length] ?? 0),
    })
  }),
  {
    group: 'D',
    name: 'PHP in noise, which no compression changes',
    bytes: noisyPhp,
    expect: 'clean',
    note: 'the code is in the pixels and stays there: type, name and headers of a served file are the control',
  },
  {
    group: 'D',
    name: 'GIF whose width opens a JavaScript comment',
    bytes: () => after(buildGif({ widthPx: 0x2a2f, heightPx: 8, frames: [flat] }), '*/=1;alert("PAYLOAD")//'),
    expect: 'clean',
    payload: 'PAYLOAD',
    size: [8, 8],
    note: 'libnsgif does not believe screens above 2,048 px: the first frame is the size',
  },
  polyglot(
    'PDF in PNG',
    () => after(png(pngChunk('tEXt', Buffer.from('a\0%PDF-1.4 PAYLOAD'))), '%PDF-1.4 PAYLOAD %%EOF'),
    'either',
  ),
  polyglot('JAR in JPEG', () => after(fixture('jpeg'), ZIP, deflateRawSync('META-INF/MANIFEST.MF PAYLOAD')), 'either'),
]

const secret = (name: string, bytes: () => Buffer, more: Partial<HostileImage> = {}): HostileImage => ({
  group: 'E',
  name,
  bytes,
  expect: 'clean',
  payload: SECRET,
  ...more,
})

/** Group E. */
export const METADATA_IMAGES: readonly HostileImage[] = [
  secret('PNG with EXIF, XMP, trailing bytes and a script', () => loadedPng()),
  secret('JPEG with EXIF, XMP, IPTC, C2PA and another thumbnail', () => loadedJpeg()),
  ...[2, 3, 4].map((value) => secret(`orientation ${value}`, () => loadedJpeg(value))),
  ...[5, 6, 7, 8].map((value) => secret(`orientation ${value}`, () => loadedJpeg(value), { size: [48, 64] })),
  ...[0, 9, 65_535].map((value) => secret(`orientation ${value}`, () => loadedJpeg(value))),
  secret('Display P3 profile', () => fixture('jpegP3'), { payload: 'acsp' }),
  secret('CMYK', () => fixture('jpegCmyk')),
  secret('gain map', () =>
    after(
      withSegments(fixture('jpeg'), xmpSegment(), jpegSegment(0xe2, Buffer.from('MPF\0MM\0*\0\0\0\x08'))),
      loadedJpeg(),
    ),
  ),
  secret('WebP with EXIF, XMP and ICC chunks', () => {
    // VP8X says what is there: ICC 0x20, Exif 0x08, XMP 0x04 (RFC 9649 §2.7.1).
    const webp = fixture('webp')
    webp[20] = (webp[20] ?? 0) | 0x2c
    const file = after(
      webp.subarray(0, 30),
      webpChunk('ICCP', Buffer.from(SECRET)),
      webp.subarray(30),
      webpChunk('EXIF', exif()),
      webpChunk('XMP ', xmp()),
    )
    file.writeUInt32LE(file.length - 8, 4)
    return file
  }),
  secret('GIF with a comment, a text to be drawn, and XMP', () => {
    const block = (label: number, ...blocks: readonly Buffer[]) =>
      Buffer.concat([
        Buffer.from([0x21, label]),
        ...blocks.map((data) => Buffer.from([data.length, ...data])),
        Buffer.alloc(1),
      ])
    const image = animatedGif(160, 2)
    const at = image.indexOf(Buffer.from('21f904', 'hex'))
    return after(
      image.subarray(0, at),
      block(0xfe, Buffer.from(SECRET)),
      block(0x01, Buffer.alloc(12), Buffer.from(SECRET)),
      block(0xff, Buffer.from('XMP DataXMP'), xmp().subarray(0, 255)),
      image.subarray(at),
    )
  }),
  secret('malformed ICC profile', () => withSegments(fixture('jpeg'), iccSegment(Buffer.from(SECRET))), {
    expect: 'either',
  }),
  secret(
    'EXIF that points out of bounds (CVE-2026-35590)',
    () => withSegments(fixture('jpeg'), exifSegment({ gpsOffset: 0x7ffffff0 })),
    {
      expect: 'either',
    },
  ),
]

const wrong = (name: string, bytes: () => Buffer, inputFormat?: string): HostileImage => ({
  group: 'F',
  name,
  bytes,
  ...(inputFormat === undefined
    ? { expect: 'not-an-image' as const }
    : { expect: 'refused' as const, reason: 'unsupported' as const, inputFormat }),
})

const text = (value: string) => () => Buffer.from(value)
const latin = (value: string) => () => Buffer.concat([Buffer.from(value, 'latin1'), Buffer.alloc(64)])
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
const box = (brand: string) => latin(`\0\0\0\x18ftyp${brand}\0\0\0\0${brand}mif1`)

/** Group F: what is not, or must not be taken for, an image. */
export const WRONG_TYPE_IMAGES: readonly HostileImage[] = [
  wrong('HTML', text(`<!DOCTYPE html>${HTML}`)),
  wrong('HTML with an SVG inside', text(`<html><body>${SVG}</body></html>`)),
  wrong('a picture in a ZIP', () => buildZip([{ name: 'a.png', content: ordinaryPng() }])),
  wrong('a picture in a document', () => buildOffice('word', [{ name: 'word/media/a.png', content: ordinaryPng() }])),
  wrong('EXE', latin('MZ\x90\0\x03\0\0\0')),
  wrong('ELF', latin('\x7fELF\x02\x01\x01')),
  wrong('PDF', text('%PDF-1.7\n')),
  wrong('empty', text('')),
  wrong('one byte', text('\0')),
  wrong('a megabyte of zeros', () => Buffer.alloc(1_000_000)),
  wrong('plain text', text('Bob said: <svg> is a tag')),
  wrong('a film', latin('\0\0\0\x18ftypisom\0\0\0\0mp42')),
  wrong('TIFF', latin('II*\0\x08\0\0\0'), 'tiff'),
  wrong('TIFF, big-endian', latin('MM\0*\0\0\0\x08'), 'tiff'),
  wrong('EPS', text('%!PS-Adobe-3.0 EPSF-3.0\n'), 'eps'),
  wrong('MVG (ImageTragick)', text('push graphic-context\nfill \'url(https://"|id;")\'\n'), 'mvg'),
  wrong('MSL (ImageTragick)', text('<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>'), 'msl'),
  wrong('AVIF', () => fixture('avif'), 'avif'),
  wrong('HEIC', box('heic'), 'heic'),
  wrong('HEIC under a generic brand', latin('\0\0\0\x1cftypisom\0\0\0\0mp41heic\0\0\0\0'), 'heic'),
  wrong('JPEG XL', latin('\xff\x0a\x00'), 'jxl'),
  wrong('JPEG XL in a box', latin('\0\0\0\x0cJXL \r\n\x87\n'), 'jxl'),
  wrong('JPEG 2000', latin('\0\0\0\x0cjP  \r\n\x87\n'), 'jp2'),
  wrong('PSD', latin('8BPS\0\x01'), 'psd'),
  wrong('BMP', latin('BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'), 'bmp'),
  wrong('ICO', latin('\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0'), 'ico'),
  wrong('SVG with a script', text(SVG), 'svg'),
  wrong('SVG behind spaces', text(`\r\n\t  ${SVG}`), 'svg'),
  wrong('SVG behind a byte order mark', text(`\ufeff${SVG}`), 'svg'),
  wrong('SVG in UTF-16', () => Buffer.from(`\ufeff${SVG}`, 'utf16le'), 'svg'),
  wrong('SVG in big-endian UTF-16', () => Buffer.from(`\ufeff${SVG}`, 'utf16le').swap16(), 'svg'),
  wrong('SVG in UTF-16 without a mark', () => Buffer.from(SVG, 'utf16le'), 'svg'),
  wrong(
    'SVG behind prolog, comment and document type',
    text(`<?xml version='1.0'?><!-- > --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x>">${SVG}`),
    'svg',
  ),
  wrong(
    'SVG with an external entity',
    text(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg>&e;</svg>`),
    'svg',
  ),
  wrong(
    'SVG with an external image',
    text('<svg xmlns="http://www.w3.org/2000/svg"><image href="http://169.254.169.254/"/></svg>'),
    'svg',
  ),
  wrong('SVG with a prefix', text('<s:svg xmlns:s="http://www.w3.org/2000/svg"/>'), 'svg'),
  wrong('SVG behind a comment of 100 KB', text(`<!--${' '.repeat(100_000)}-->${SVG}`), 'svg'),
]

/** An APNG that announces four billion frames and has two that no canvas holds; its default image is in order. */
export function apng(): Buffer {
  const control = (sequence: number, side: number) => {
    const data = Buffer.alloc(26)
    data.writeUInt32BE(sequence, 0)
    data.writeUInt32BE(side, 4)
    data.writeUInt32BE(side, 8)
    return pngChunk('fcTL', data)
  }
  return buildPng({
    widthPx: 64,
    heightPx: 48,
    pixelAt: quadrants(64, 48),
    before: [pngChunk('acTL', Buffer.from('ffffffff00000000', 'hex'))],
    after: [control(0, 60_000), pngChunk('fdAT', Buffer.alloc(600, 'PAYLOAD'))],
  })
}

const animation = (name: string, bytes: () => Buffer): HostileImage => ({
  group: 'G',
  name,
  bytes,
  expect: 'clean',
  payload: 'PAYLOAD',
})

/** Group G. */
export const ANIMATION_IMAGES: readonly HostileImage[] = [
  animation('GIF of 10 frames', () => animatedGif(160, 10)),
  animation('sticker', () => animatedGif(96, 6)),
  animation('GIF without delays', () => animatedGif(160, 5, 0)),
  animation('animated WebP', () => fixture('webpAnimated')),
  animation('animated WebP that neither blends nor keeps', () => {
    const webp = fixture('webpAnimated')
    for (let at = webp.indexOf('ANMF'); at !== -1; at = webp.indexOf('ANMF', at + 4)) webp[at + 23] = 3
    return webp
  }),
  animation('animated WebP without delays', () => {
    const webp = fixture('webpAnimated')
    for (let at = webp.indexOf('ANMF'); at !== -1; at = webp.indexOf('ANMF', at + 4)) webp.fill(0, at + 20, at + 23)
    return webp
  }),
  {
    ...animation('APNG with hidden frames', apng),
    note: 'its default image; the sender is told that it no longer moves',
  },
]

/** Group H. */
export const STEGANOGRAPHY_IMAGES: readonly HostileImage[] = [
  {
    group: 'H',
    name: 'a text in the lowest bits of a PNG',
    bytes: () => {
      const text = Buffer.from('PAYLOAD')
      const bit = (at: number) => ((text[(at >> 3) % text.length] ?? 0) >> (at & 7)) & 1
      const color = quadrants(64, 48)
      return buildPng({
        widthPx: 64,
        heightPx: 48,
        pixelAt: (x, y) => color(x, y).map((value, c) => (value & 0xfe) | bit(3 * (y * 64 + x) + c)),
      })
    },
    expect: 'clean',
    note: 'it stays: what pixels say is outside the promise',
  },
]
