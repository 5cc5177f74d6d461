// PRECIS (RFC 8264, RFC 8265): how addresses are compared. Everything that depends on a version of Unicode is in this
// file; it asks the runtime's tables.

/** A string that a PRECIS profile does not allow. */
export class PrecisFault extends Error {
  override readonly name = 'PrecisFault'
}

/** RFC 8265 §3.3, for localparts: width and case mapped, NFC, only letters, digits and printable ASCII. */
export function prepareUsernameCaseMapped(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text.toLowerCase()
  const prepared = untilStable(text, (value) => mapWidth(value).toLowerCase().normalize('NFC'))
  assertNotEmpty(prepared)
  for (const character of prepared) {
    if (!isInIdentifierClass(character)) throw new PrecisFault(`not allowed: ${codeOf(character)}`)
  }
  assertContext(prepared)
  assertBidi(prepared)
  return prepared
}

/** RFC 8265 §4.2, for resourceparts: spaces mapped to the space, NFC, case kept; controls and the like refused. */
export function prepareOpaqueString(text: string): string {
  if (/^[\x20-\x7e]+$/.test(text)) return text
  const prepared = untilStable(text, (value) => value.replace(/\p{Zs}/gu, ' ').normalize('NFC'))
  assertNotEmpty(prepared)
  for (const character of prepared) {
    if (!isInFreeformClass(character)) throw new PrecisFault(`not allowed: ${codeOf(character)}`)
  }
  assertContext(prepared)
  return prepared
}

/** Full-width and half-width forms become what they are compatible with (RFC 8264 §5.2.1). */
export function mapWidth(text: string): string {
  return text.replace(/[\uff01-\uffef\u3000]/g, (character) => character.normalize('NFKC'))
}

/**
 * The Bidi Rule (RFC 5893 §2), for strings with right-to-left characters. The classes of the rule are taken from the
 * script of a character, which agrees with them for letters, marks and digits.
 * @throws PrecisFault
 */
export function assertBidi(text: string): void {
  if (!RIGHT_TO_LEFT.test(text)) return
  const characters = [...text]
  const first = characters[0] ?? ''
  if (!RIGHT_TO_LEFT.test(first) || /\p{M}/u.test(first)) throw new PrecisFault('right-to-left text must begin so')
  const last = characters.findLast((character) => !/\p{M}/u.test(character)) ?? ''
  if (!RIGHT_TO_LEFT.test(last) && !/\p{Nd}/u.test(last)) throw new PrecisFault('right-to-left text must end so')
  if (LEFT_TO_RIGHT.test(text)) throw new PrecisFault('two writing directions')
  if (/[\u0660-\u0669\u06dd]/.test(text) && /[0-9\u06f0-\u06f9]/.test(text))
    throw new PrecisFault('two kinds of digits')
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Samaritan}\p{Script=Mandaic}\p{Script=Adlam}\u0660-\u0669]/u
const LEFT_TO_RIGHT =
  /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Devanagari}\p{Script=Thai}\p{Script=Armenian}\p{Script=Georgian}]/u
/** After these (canonical combining class 9) a joiner is visible: RFC 5892 appendix A.1 and A.2. */
const VIRAMA =
  /[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039\u103a\u1714\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua8c4\ua953\ua9c0\uaaf6\uabed]/u
const OLD_HANGUL_JAMO = /[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]/u
const ALWAYS_ALLOWED = /[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]/u
const BY_CONTEXT = /[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9\u200c\u200d]/u
const NEVER_ALLOWED = /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]/u

// RFC 8264 §8, in its order.
function isInIdentifierClass(character: string): boolean {
  if (ALWAYS_ALLOWED.test(character) || BY_CONTEXT.test(character)) return true
  if (isNeverAllowed(character)) return false
  if (/^[\x21-\x7e]$/.test(character)) return true
  if (character.normalize('NFKC') !== character) return false
  return /[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]/u.test(character)
}

function isInFreeformClass(character: string): boolean {
  if (ALWAYS_ALLOWED.test(character) || BY_CONTEXT.test(character)) return true
  if (isNeverAllowed(character)) return false
  return character.normalize('NFKC') !== character || /[\p{L}\p{M}\p{N}\p{Zs}\p{S}\p{P}]/u.test(character)
}

function isNeverAllowed(character: string): boolean {
  return (
    NEVER_ALLOWED.test(character) ||
    OLD_HANGUL_JAMO.test(character) ||
    /[\p{Cn}\p{Cc}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u.test(character)
  )
}

/** The contextual rules of RFC 5892 appendix A. A zero-width non-joiner is accepted after a virama only. */
function assertContext(text: string): void {
  if (!BY_CONTEXT.test(text)) return
  const characters = [...text]
  const has = (pattern: RegExp) => pattern.test(text)
  characters.forEach((character, at) => {
    const before = characters[at - 1] ?? ''
    const after = characters[at + 1] ?? ''
    let isAllowed = true
    if (character === '\u200c' || character === '\u200d') isAllowed = VIRAMA.test(before)
    else if (character === '\u00b7') isAllowed = before === 'l' && after === 'l'
    else if (character === '\u0375') isAllowed = /\p{Script=Greek}/u.test(after)
    else if (character === '\u05f3' || character === '\u05f4') isAllowed = /\p{Script=Hebrew}/u.test(before)
    else if (character === '\u30fb') isAllowed = has(/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u)
    else if (/[\u0660-\u0669]/.test(character)) isAllowed = !has(/[\u06f0-\u06f9]/)
    else if (/[\u06f0-\u06f9]/.test(character)) isAllowed = !has(/[\u0660-\u0669]/)
    if (!isAllowed) throw new PrecisFault(`not allowed here: ${codeOf(character)}`)
  })
}

/** Preparation must be idempotent; RFC 8264 §7 has it repeated, and what never settles refused. */
function untilStable(text: string, prepare: (value: string) => string): string {
  let value = prepare(text)
  for (let round = 0; round < 3; round++) {
    const next = prepare(value)
    if (next === value) return value
    value = next
  }
  throw new PrecisFault('unstable under preparation')
}

function assertNotEmpty(text: string): void {
  if (text === '') throw new PrecisFault('empty')
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
