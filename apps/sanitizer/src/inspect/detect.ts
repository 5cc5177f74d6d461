import type { FileClass } from '@drawbridge/contract'
import { sniff } from '../sniff.ts'
import { looksRandom } from './entropy.ts'
import { type Kind, matchMagic, OPAQUE, PDF, TAR, UNKNOWN } from './kinds.ts'
import { beginsWithTar } from './tar.ts'
import { matchText } from './text.ts'

const PDF_WITHIN = 1_024
/** As far as they are not in a packed stream: an indication, and no proof of absence. */
const PDF_CODE = ['/JavaScript', '/JS ', '/JS(', '/JS<', '/Launch', '/EmbeddedFile', '/RichMedia', '/XFA ']
const PDF_ENCRYPTED = '/Encrypt '
const MP3_FRAME = [0xfb, 0xf3, 0xf2, 0xfa]
const TS_PACKET = 188

/** What a file is by its content alone; nothing is unpacked. */
export function detect(bytes: Buffer): Kind {
  const sniffed = sniff(bytes)
  if (sniffed.kind !== 'not-an-image') return imageKind(sniffed.format)
  const magic = matchMagic(bytes)
  // "MZ" and the like are letters, too: a text is no program for beginning with them, and no program is all text.
  const isWord = magic !== undefined && /^[A-Za-z0-9-]{2,4}$/.test(magic.magic)
  if (magic && !(isWord && matchText(bytes))) return magic
  if (beginsWithTar(bytes)) return TAR
  return matchPdf(bytes) ?? matchSound(bytes) ?? matchText(bytes) ?? unnamed(bytes)
}

/** A picture inside something else; SVG is a page as well. */
function imageKind(format: string): Kind {
  const isPage = format === 'svg' || format === 'svgz'
  return { name: format, classes: isPage ? ['image', 'active-content'] : ['image'] }
}

/** Readers look for the header within the first KiB, whatever is before it. */
function matchPdf(bytes: Buffer): Kind | undefined {
  const at = bytes.subarray(0, PDF_WITHIN).indexOf('%PDF-', 0, 'latin1')
  if (at === -1) return undefined
  const extra: FileClass[] = []
  if (PDF_CODE.some((word) => bytes.includes(word, 0, 'latin1'))) extra.push('active-content')
  if (bytes.includes(PDF_ENCRYPTED, 0, 'latin1')) extra.push('encrypted-archive')
  return extra.length === 0 ? PDF : { ...PDF, classes: [...PDF.classes, ...extra] }
}

function matchSound(bytes: Buffer): Kind | undefined {
  if (bytes[0] === 0xff && MP3_FRAME.includes(bytes[1] ?? 0)) {
    return { name: 'mp3', classes: ['audio'], extensions: ['mp3', 'mp2'] }
  }
  if (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0) {
    return { name: 'aac', classes: ['audio'], extensions: ['aac'] }
  }
  if (bytes[0] === 0x47 && bytes[TS_PACKET] === 0x47 && bytes[2 * TS_PACKET] === 0x47) {
    return { name: 'mpeg-ts', classes: ['video'], extensions: ['ts', 'm2ts', 'mts'] }
  }
  return undefined
}

function unnamed(bytes: Buffer): Kind {
  return looksRandom(bytes) ? OPAQUE : UNKNOWN
}
