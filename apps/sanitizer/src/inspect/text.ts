import { HTML, RTF, SCRIPT, TEXT, type Kind } from './kinds.ts'

/** What browsers take for a page (WHATWG MIME Sniffing §7.1), and SVG and XHTML, which run as well. */
const PAGE =
  /^(?:<\?xml[^>]{0,200}>|<!--[\s\S]{0,2000}?-->|\s)*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg|img|meta|link|frameset|object|embed|form)(?=[\s>/])/i
const XHTML = /xmlns\s*=\s*["']http:\/\/www\.w3\.org\/(?:1999\/xhtml|2000\/svg)["']/i
/** Texts that a desktop or a shell runs. */
const RUNS =
  /^(?:#!|\[internetshortcut\]|\[desktop entry\]|windows registry editor|regedit4|\[shell\]|@echo off|<\?php|<%|<job\b|<package>\s*<job|web\s*\r?\n\d)/i
const SETTINGS =
  /^(?:<\?xml[^>]{0,200}>|\s)*<(?:PCSettings|libraryDescription|persistedQuery|searchConnectorDescription|jnlp)\b/i

const LOOKED_AT = 65_536
/** Tab, line feed, form feed, carriage return, and the escape of terminals and Asian encodings. */
const LAYOUT = [0x09, 0x0a, 0x0c, 0x0d, 0x1b]
const RTF_OBJECTS = ['\\objdata', '\\objupdate', '\\objclass', '\\objautlink', '\\*\\template']

/** The kind of a text; undefined when the bytes are none. */
export function matchText(bytes: Buffer): Kind | undefined {
  const text = decode(bytes)
  if (text === undefined) return undefined
  const start = text.trimStart()
  if (/^\{\\rtf/i.test(start)) return isLoadedRtf(bytes) ? { ...RTF, classes: ['document', 'macros'] } : RTF
  if (RUNS.test(start) || SETTINGS.test(start)) return SCRIPT
  return PAGE.test(start) || XHTML.test(start.slice(0, 2_048)) ? HTML : TEXT
}

/** Objects in RTF are how code comes in it; a document that only looks like one has none. */
function isLoadedRtf(bytes: Buffer): boolean {
  return RTF_OBJECTS.some((word) => bytes.includes(word, 0, 'latin1'))
}

/** The start of a text: UTF-16 with its mark, or 8 bits without control characters anywhere in the file. */
function decode(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, LOOKED_AT)
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return start.toString('utf16le', 2)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    return Buffer.from(start.subarray(2, start.length & ~1))
      .swap16()
      .toString('utf16le')
  }
  return hasControls(bytes) ? undefined : start.toString('utf8').replace(/^\ufeff/, '')
}

/** C0 controls but those of layout, and DEL: no text has them. */
function hasControls(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if ((byte < 0x20 || byte === 0x7f) && !LAYOUT.includes(byte)) return true
  }
  return false
}
