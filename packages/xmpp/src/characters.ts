// Which characters XML 1.0 (fifth edition) allows where. One table for ASCII; beyond it, the ranges of §2.2 and §2.3.

/** May begin a name. The colon is not among them: it separates prefix and local name. */
export const NAME_START = 1
/** May be inside a name. */
export const NAME_CHAR = 2
/** White space of XML: tab, line feed, carriage return, space. */
export const SPACE = 4
/** Needs a closer look in an attribute value: `&`, controls other than the space, and what may be U+FFFE or U+FFFF. */
export const SPECIAL_IN_VALUE = 8
/** Needs a closer look in text: `&`, `]`, controls other than tab and line feed, and what may be U+FFFE or U+FFFF. */
export const SPECIAL_IN_TEXT = 16
/** `<`, which no attribute value may hold. */
export const LESS_THAN = 32
/** A byte of a character beyond ASCII. */
export const BEYOND_ASCII = 64

/** Classes of the ASCII characters by code, and of the bytes of UTF-8 above them. */
export const CLASSES: Uint8Array = characterClasses()

function characterClasses(): Uint8Array {
  const table = new Uint8Array(256)
  for (let c = 0; c < 128; c++) {
    const isLetter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)
    const isDigit = c >= 0x30 && c <= 0x39
    let flags = 0
    if (isLetter || c === 0x5f) flags |= NAME_START | NAME_CHAR
    if (isDigit || c === 0x2d || c === 0x2e) flags |= NAME_CHAR
    if (c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d) flags |= SPACE
    if (c < 0x20 || c === 0x26) flags |= SPECIAL_IN_VALUE
    if ((c < 0x20 && c !== 0x09 && c !== 0x0a) || c === 0x26 || c === 0x5d) flags |= SPECIAL_IN_TEXT
    if (c === 0x3c) flags |= LESS_THAN
    table[c] = flags
  }
  table.fill(BEYOND_ASCII, 128)
  // U+FFFE and U+FFFF begin with this byte, as do many good characters.
  table[0xef] = BEYOND_ASCII | SPECIAL_IN_VALUE | SPECIAL_IN_TEXT
  return table
}

/** Whether a code point beyond ASCII may begin a name (XML 1.0 §2.3, NameStartChar). */
export function isNameStartBeyondAscii(c: number): boolean {
  return (
    (c >= 0xc0 && c <= 0x2ff && c !== 0xd7 && c !== 0xf7) ||
    (c >= 0x370 && c <= 0x1fff && c !== 0x37e) ||
    c === 0x200c ||
    c === 0x200d ||
    (c >= 0x2070 && c <= 0x218f) ||
    (c >= 0x2c00 && c <= 0x2fef) ||
    (c >= 0x3001 && c <= 0xd7ff) ||
    (c >= 0xf900 && c <= 0xfdcf) ||
    (c >= 0xfdf0 && c <= 0xfffd) ||
    (c >= 0x10000 && c <= 0xeffff)
  )
}

/** Whether a code point beyond ASCII may be inside a name (XML 1.0 §2.3, NameChar). */
export function isNameCharBeyondAscii(c: number): boolean {
  return isNameStartBeyondAscii(c) || c === 0xb7 || (c >= 0x300 && c <= 0x36f) || c === 0x203f || c === 0x2040
}

/** Whether a code point is a character of XML 1.0 (§2.2, Char). */
export function isXmlChar(c: number): boolean {
  return (
    (c >= 0x20 && c <= 0xd7ff) ||
    c === 0x09 ||
    c === 0x0a ||
    c === 0x0d ||
    (c >= 0xe000 && c <= 0xfffd) ||
    (c >= 0x10000 && c <= 0x10ffff)
  )
}

/** Whether a text is a name with at most one colon inside, that is a QName of Namespaces in XML. */
export function isName(text: string): boolean {
  if (text === '') return false
  let isStart = true
  let colons = 0
  for (const character of text) {
    const c = character.codePointAt(0) ?? 0
    if (c === 0x3a) {
      if (isStart || ++colons > 1) return false
      isStart = true
      continue
    }
    const legal =
      c < 128
        ? ((CLASSES[c] ?? 0) & (isStart ? NAME_START : NAME_CHAR)) !== 0
        : isStart
          ? isNameStartBeyondAscii(c)
          : isNameCharBeyondAscii(c)
    if (!legal) return false
    isStart = false
  }
  return !isStart
}

/** The bytes that a part of a string takes in UTF-8. Lone surrogates count as three. */
export function utf8Bytes(text: string, from = 0, to: number = text.length): number {
  let bytes = 0
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x80) bytes += 1
    else if (c < 0x800) bytes += 2
    else if (c >= 0xd800 && c < 0xdc00 && i + 1 < to && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}
