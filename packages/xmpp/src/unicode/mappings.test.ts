import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codePoints, lowerCase, mapWidth, normalize, normalizeCompatible } from './mappings.ts'
import { propertiesOf } from './properties.ts'

// The runtime's tables, of another version of Unicode, are the oracle: what was assigned once keeps its normalization for
// ever (Unicode Character Encoding Stability Policies), so both must agree on all that ours knows.

/** Every character that some address may hold. */
const KNOWN = Array.from({ length: 0x110000 }, (_, c) => c)
  .filter((c) => propertiesOf(c).precis === 'valid' || propertiesOf(c).precis === 'free')
  .map((c) => String.fromCodePoint(c))

/** The characters for which two functions differ. */
const differing = (a: (text: string) => string, b: (text: string) => string, texts = KNOWN) =>
  texts.filter((text) => a(text) !== b(text))

describe('our tables and those of the runtime agree', () => {
  test('on about as many characters as Unicode 16 has', () => {
    expect(KNOWN.length).toBeGreaterThan(153_000)
    expect(KNOWN.filter((text) => /\p{Cn}/u.test(text))).toEqual([])
  })

  test('on normalization, composed and taken apart', () => {
    expect(differing(normalize, (text) => text.normalize('NFC'))).toEqual([])
    expect(differing(normalizeCompatible, (text) => text.normalize('NFKC'))).toEqual([])
    expect(
      differing(
        (text) => normalize(text.normalize('NFD')),
        (text) => text.normalize('NFC'),
      ),
    ).toEqual([])
  })

  test('on lower case, and on the sigma that ends a word', () => {
    expect(differing(lowerCase, (text) => text.toLowerCase())).toEqual([])
    for (const text of ['ΣΑΣ', 'ΑΣΑ', 'ΑΣ.', 'ΑΣ.Α', 'Σ', 'ΑΣ́', "A'Σ'", '1Σ', 'ΑΣ ΑΣ']) {
      expect(lowerCase(text)).toBe(text.toLowerCase())
    }
  })

  test('on widths', () => {
    const forms = KNOWN.filter((text) => /[\uff01-\uffef\u3000]/.test(text))
    expect(forms.length).toBeGreaterThan(200)
    expect(differing(mapWidth, (text) => text.replace(/./gu, widthBy), forms)).toEqual([])
  })

  test('on whatever marks follow each other, and on Hangul', () => {
    const marks = KNOWN.filter((text) => /\p{M}/u.test(text))
    const unit = fc.oneof(
      fc.constantFrom(...marks),
      fc.constantFrom('a', 'A', '\u1ebf', '\u0958', '\u2126', '\u0344', '\u{1d15e}', '\ufdfa'),
      fc.integer({ min: 0x1100, max: 0x11ff }).map((c) => String.fromCodePoint(c)),
      fc.integer({ min: 0xac00, max: 0xd7a3 }).map((c) => String.fromCodePoint(c)),
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), (text) => {
        expect(normalize(text)).toBe(text.normalize('NFC'))
        expect(normalizeCompatible(text)).toBe(text.normalize('NFKC'))
      }),
      { seed: 15, numRuns: 20_000 },
    )
  })
})

/** One step of compatibility; the runtime has only all of them at once. */
function widthBy(character: string): string {
  const [c = 0] = codePoints(character)
  // The half-width filler and its kind stand for jamo that are compatible with others again.
  const isHangul = c >= 0xffa0 && c <= 0xffdc
  if (isHangul || c === 0xffe3) return mapWidth(character)
  return character.normalize('NFKC')
}
