import { assertBidi } from './unicode/bidi.ts'
import { assertContext } from './unicode/context.ts'
import { codePoints, lowerCase, mapSpaces, mapWidth, normalize, normalizeCompatible } from './unicode/mappings.ts'
import { propertiesOf } from './unicode/properties.ts'
import { named, PrecisFault } from './unicode/fault.ts'

// PRECIS (RFC 8264 to RFC 8266): how addresses and names are prepared and compared, by the tables of one pinned version of
// Unicode. With another version an account could become somebody else; changing it is a migration.

export { PrecisFault }

/** RFC 8265 §3.3, for localparts: width and case mapped, NFC, only letters, digits and printable ASCII. */
export function prepareUsernameCaseMapped(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text.toLowerCase()
  const prepared = untilStable(text, (value) => normalize(lowerCase(mapWidth(value))))
  assertNotEmpty(prepared)
  for (const c of codePoints(prepared)) {
    const { precis } = propertiesOf(c)
    if (precis === 'never' || precis === 'free') throw new PrecisFault(`not allowed: ${named(c)}`)
  }
  assertContext(prepared)
  assertBidi(prepared)
  return prepared
}

/** RFC 8265 §4.2, for resourceparts and passwords: spaces mapped to the space, NFC, case and width kept. */
export function prepareOpaqueString(text: string): string {
  if (/^[\x20-\x7e]+$/.test(text)) return text
  const prepared = untilStable(text, (value) => normalize(mapSpaces(value)))
  assertNotEmpty(prepared)
  assertFreeform(prepared)
  return prepared
}

/** RFC 8266 §2.3, for names in rooms: one space where there were several, none around; what looks alike becomes alike. */
export function prepareNickname(text: string): string {
  const prepared = untilStable(text, (value) => normalizeCompatible(tidySpaces(value)))
  assertNotEmpty(prepared)
  assertFreeform(prepared)
  return prepared
}

/** RFC 8266 §2.4: two nicknames are one exactly if these are equal. @throws PrecisFault */
export function nicknameKey(text: string): string {
  return untilStable(prepareNickname(text), (value) => normalizeCompatible(lowerCase(tidySpaces(value))))
}

function tidySpaces(text: string): string {
  return mapSpaces(text).replace(/ +/g, ' ').replace(/^ | $/g, '')
}

function assertFreeform(text: string): void {
  for (const c of codePoints(text)) {
    if (propertiesOf(c).precis === 'never') throw new PrecisFault(`not allowed: ${named(c)}`)
  }
  assertContext(text)
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
