import { expect, test } from 'vitest'
import { CLASSES, BEYOND_ASCII, LESS_THAN, SPECIAL_IN_TEXT, SPECIAL_IN_VALUE } from './characters.ts'
import { findInText, findInValue, firstFound, hasBeyondAscii, wordOf } from './words.ts'

const NOTHING = 4
const ENDS_TEXT = LESS_THAN | SPECIAL_IN_TEXT | BEYOND_ASCII
const ENDS_VALUE = LESS_THAN | SPECIAL_IN_VALUE | BEYOND_ASCII

/** Where the first of four bytes is that one may not pass over; 4 if there is none. */
function firstOf(bytes: Uint8Array, isPlain: (byte: number) => boolean): number {
  const at = bytes.findIndex((byte) => !isPlain(byte))
  return at === -1 ? NOTHING : at
}

test('what ends a plain text or value is found at each place, whatever follows it', () => {
  const bytes = new Uint8Array(4)
  const view = new DataView(bytes.buffer)
  const followers = [0x61, 0x20, 0x7f, 0x00, 0x01, 0x26, 0x3c, 0x5d, 0x80, 0xef, 0xff]
  const found = (bits: number) => (bits === 0 ? NOTHING : firstFound(bits))
  for (let at = 0; at < 4; at++) {
    for (let byte = 0; byte < 256; byte++) {
      for (const follower of followers) {
        bytes.fill(0x78, 0, at).fill(follower, at)
        bytes[at] = byte
        const word = view.getInt32(0, true)
        const what = [...bytes].join(' ')
        // A tab and a line feed may stand in a text, but are looked at, as all controls are.
        const isPlainText = (c: number) => c >= 0x20 && (CLASSES[c]! & ENDS_TEXT) === 0
        if (found(findInText(word)) !== firstOf(bytes, isPlainText)) expect.fail(`text ${what}`)
        for (const quote of ['"', "'"]) {
          const isPlainValue = (c: number) => c !== quote.charCodeAt(0) && (CLASSES[c]! & ENDS_VALUE) === 0
          if (found(findInValue(word, wordOf(quote))) !== firstOf(bytes, isPlainValue)) expect.fail(`value ${what}`)
        }
        expect(hasBeyondAscii(word)).toBe(bytes.some((c) => c >= 0x80))
      }
    }
  }
})
