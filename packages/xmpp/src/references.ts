import {
  isNameCharBeyondAscii,
  isNameStartBeyondAscii,
  isXmlChar,
  CLASSES,
  NAME_CHAR,
  NAME_START,
} from './characters.ts'
import { StreamFault } from './errors.ts'

/**
 * The value of an attribute: references replaced, white space normalized (XML 1.0 §3.3.3).
 * @throws StreamFault
 */
export function decodeValue(raw: string): string {
  return decode(raw, true)
}

/**
 * The characters of a text between two tags: references replaced, line ends normalized (XML 1.0 §2.11).
 * @throws StreamFault
 */
export function decodeText(raw: string): string {
  if (raw.includes(']]>')) throw new StreamFault('not-well-formed', ']]> in text')
  return decode(raw, false)
}

/**
 * The content of a CDATA section.
 * @throws StreamFault
 */
export function decodeCdata(raw: string): string {
  let out = ''
  let done = 0
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charCodeAt(i)
    if (c >= 0x20 && c < 0xfffe) continue
    if (c === 0x09 || c === 0x0a) continue
    if (c !== 0x0d) throw illegalCharacter(c)
    out += raw.slice(done, i)
    if (raw.charCodeAt(i + 1) !== 0x0a) out += '\n'
    done = i + 1
  }
  return done === 0 ? raw : out + raw.slice(done)
}

function decode(raw: string, isValue: boolean): string {
  let out = ''
  let done = 0
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charCodeAt(i)
    if (c >= 0x20 && c !== 0x26) {
      if (c >= 0xfffe) throw illegalCharacter(c)
      continue
    }
    if (c === 0x26) {
      const end = endOfReference(raw, i)
      out += raw.slice(done, i) + resolve(raw, i + 1, end)
      done = end + 1
      i = end
    } else if (c === 0x0d) {
      // The line feed after it, if any, stands for both.
      out += raw.slice(done, i)
      if (raw.charCodeAt(i + 1) !== 0x0a) out += isValue ? ' ' : '\n'
      done = i + 1
    } else if (c === 0x09 || c === 0x0a) {
      if (!isValue) continue
      out += `${raw.slice(done, i)} `
      done = i + 1
    } else throw illegalCharacter(c)
  }
  return done === 0 ? raw : out + raw.slice(done)
}

/** The index of the `;`. Stops at the first character that no reference can hold, so that nothing is scanned twice. */
function endOfReference(raw: string, ampersand: number): number {
  let i = ampersand + 1
  let c = raw.charCodeAt(i)
  if (c === 0x23) {
    i++
    const isHex = raw.charCodeAt(i) === 0x78
    if (isHex) i++
    const digits = i
    for (; ; i++) {
      c = raw.charCodeAt(i)
      const isDigit = (c >= 0x30 && c <= 0x39) || (isHex && ((c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)))
      if (!isDigit) break
    }
    if (i === digits || c !== 0x3b) throw new StreamFault('not-well-formed', 'malformed character reference')
    return i
  }
  for (let isStart = true; i < raw.length; isStart = false) {
    c = raw.codePointAt(i) ?? 0
    if (c === 0x3b && !isStart) return i
    const isLegal =
      c < 128
        ? ((CLASSES[c] ?? 0) & (isStart ? NAME_START : NAME_CHAR)) !== 0
        : isStart
          ? isNameStartBeyondAscii(c)
          : isNameCharBeyondAscii(c)
    if (!isLegal) break
    i += c > 0xffff ? 2 : 1
  }
  throw new StreamFault('not-well-formed', 'ampersand without reference')
}

function resolve(raw: string, from: number, to: number): string {
  if (raw.charCodeAt(from) === 0x23) {
    const isHex = raw.charCodeAt(from + 1) === 0x78
    const digits = raw.slice(from + (isHex ? 2 : 1), to)
    const codePoint = Number.parseInt(digits, isHex ? 16 : 10)
    if (!isXmlChar(codePoint)) throw new StreamFault('not-well-formed', 'reference to an illegal character')
    return String.fromCodePoint(codePoint)
  }
  switch (raw.slice(from, to)) {
    case 'amp':
      return '&'
    case 'lt':
      return '<'
    case 'gt':
      return '>'
    case 'quot':
      return '"'
    case 'apos':
      return "'"
    default:
      // RFC 6120 §11.1: entity references other than the five predefined ones are prohibited.
      throw new StreamFault('restricted-xml', 'undefined entity')
  }
}

function illegalCharacter(c: number): StreamFault {
  return new StreamFault('not-well-formed', `illegal character U+${c.toString(16).toUpperCase().padStart(4, '0')}`)
}
