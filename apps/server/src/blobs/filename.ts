import type { ImageFormat } from '@drawbridge/contract'

/** Longest display name, in bytes of UTF-8 (images §7 I). */
const MAX_BYTES = 120
/** Controls, bidirectional overrides, zero-width and other invisible characters, tags. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu
/** What a file system, a shell, a URL or a header could read as something else. */
const AMBIGUOUS = /[<>:"|?*%;`$&=+,#{}[\]^~]/g
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i

/** Extensions under which an image would be looked at, whatever the declared type says. */
const IMAGE_EXTENSIONS = new Set(
  (
    'jpg jpeg jpe jfif pjpeg pjp png apng gif webp svg svgz avif avifs heic heif hif jxl jp2 j2k jpf jpx jpm bmp dib ico ' +
    'cur tif tiff psd psb eps ai tga dds exr hdr pcx ppm pgm pbm pnm xbm xpm wmf emf mvg qoi cr2 nef arw dng raw ' +
    'ani wbmp wbm pict pct sgi ras sun jxr wdp hdp icns xcf dcm mng jng ff djvu djv fits ktx ktx2 rw2 raf orf pef srw'
  ).split(' '),
)

/** The extension that files of our encoder have. */
export const EXTENSIONS: Readonly<Record<ImageFormat, string>> = { jpeg: 'jpg', png: 'png', webp: 'webp', gif: 'gif' }

/** Extensions of the formats that are accepted, with that of the file that will come of them. An animation becomes WebP. */
const PREDICTED: Readonly<Record<string, string>> = {
  jpg: 'jpg',
  jpeg: 'jpg',
  jpe: 'jpg',
  jfif: 'jpg',
  png: 'png',
  webp: 'webp',
  gif: 'webp',
}

/**
 * The name a file is shown and served under: its last component, composed (NFC), without anything that misleads a
 * reader or another program, at most 120 bytes. It is never a path: files are stored under their hash.
 */
export function displayName(name: string): string {
  const last = name.split(/[/\\\0]/).at(-1) ?? ''
  const plain = last
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(AMBIGUOUS, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '')
  const safe = RESERVED.test(plain) ? `_${plain}` : plain
  const extension = extensionOf(safe)
  if (extension === '') return truncated(safe, MAX_BYTES) || 'file'
  return `${truncated(safe.slice(0, -extension.length - 1), MAX_BYTES - extension.length - 1) || 'file'}.${extension}`
}

/** In lower case, without the dot; empty when there is none. One that is long or not plain is part of the name. */
export function extensionOf(name: string): string {
  return /\.([A-Za-z0-9]{1,10})$/.exec(name)?.[1]?.toLowerCase() ?? ''
}

/** Whether a file would be taken for an image by its name or by what its sender says it is. */
export function claimsImage(name: string, type: string): boolean {
  return /^image\//i.test(type) || IMAGE_EXTENSIONS.has(extensionOf(name))
}

/** Whether an image of this name and type can be cleaned at all; the bytes decide later what it is. */
export function isAcceptedImage(name: string, type: string): boolean {
  const subtype = /^image\/([\w.+-]+)$/i.exec(type)?.[1]?.toLowerCase()
  const extension = extensionOf(name)
  if (subtype !== undefined && !/^(?:jpe?g|pjpeg|png|x-png|apng|webp|gif|\*)$/.test(subtype)) return false
  return !IMAGE_EXTENSIONS.has(extension) || extension in PREDICTED || extension === 'apng'
}

/** The name with the extension that our encoder will most likely give the image: the slot's URL has to be said now. */
export function predictedName(name: string, type: string): string {
  const subtype = /^image\/(?:x-|p(?=jpe))?(\w+)$/i.exec(type)?.[1]?.toLowerCase() ?? ''
  const extension = PREDICTED[extensionOf(name)] ?? PREDICTED[subtype]
  return extension === undefined ? name : withExtension(name, extension)
}

/** The same name with another extension. */
export function withExtension(name: string, extension: string): string {
  const old = extensionOf(name)
  if (old === extension) return name
  const stem = old === '' ? name : name.slice(0, -old.length - 1)
  return `${truncated(stem, MAX_BYTES - extension.length - 1) || 'file'}.${extension}`
}

/** `Content-Disposition` with the name in the one form that holds any (RFC 8187). */
export function dispositionOf(kind: 'inline' | 'attachment', name: string): string {
  const encoded = encodeURIComponent(name).replace(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename*=UTF-8''${encoded}`
}

function truncated(text: string, maxBytes: number): string {
  let bytes = 0
  let end = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    bytes += Buffer.byteLength(segment)
    if (bytes > maxBytes) break
    end += segment.length
  }
  return text.slice(0, end).replace(/[. ]+$/, '')
}
