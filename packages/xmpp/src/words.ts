// Four bytes at a time: how tags and texts are searched for what ends them, at a fraction of what looking at each byte
// costs. A word is four bytes, the first of them lowest. Each test sets the high bits of the bytes it finds; the lowest of
// these bits is exact, those above a byte beyond ASCII may not be.

const EACH = 0x01010101
const HIGHS = 0x80 * EACH
/** Added to seven bits, sets the eighth unless all are 0. */
const UNLESS_ZERO = 0x7f * EACH
/** Added to seven bits, sets the eighth from the space on. */
const FROM_SPACE = 0x60 * EACH

const LESS_THANS = wordOf('<')
const AMPERSANDS = wordOf('&')
const BRACKETS = wordOf(']')

/** A word of four times the same ASCII character. */
export function wordOf(character: string): number {
  return character.charCodeAt(0) * EACH
}

/** Finds what an attribute value cannot be copied with: the quote that ends it, `<`, `&`, controls, beyond ASCII. */
export function findInValue(word: number, quotes: number): number {
  const isPlain =
    ((word ^ quotes) + UNLESS_ZERO) &
    ((word ^ LESS_THANS) + UNLESS_ZERO) &
    ((word ^ AMPERSANDS) + UNLESS_ZERO) &
    (word + FROM_SPACE) &
    ~word
  return ~isPlain & HIGHS
}

/** Finds what a text cannot be copied with: the `<` that ends it, `&`, `]`, controls, beyond ASCII. */
export function findInText(word: number): number {
  const isPlain =
    ((word ^ LESS_THANS) + UNLESS_ZERO) &
    ((word ^ AMPERSANDS) + UNLESS_ZERO) &
    ((word ^ BRACKETS) + UNLESS_ZERO) &
    (word + FROM_SPACE) &
    ~word
  return ~isPlain & HIGHS
}

/** The first of the four bytes that was found: 0 to 3. */
export function firstFound(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3
}

/** Whether one of the bytes is part of a character beyond ASCII. */
export function hasBeyondAscii(word: number): boolean {
  return (word & HIGHS) !== 0
}
