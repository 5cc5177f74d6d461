import { propertiesOf } from './properties.ts'
import { COMPATIBILITY, DECOMPOSITIONS, LOWER, WIDTH } from './tables.ts'

const SIGMA = 0x3a3
const SMALL_SIGMA = '\u03c3'
const SMALL_FINAL_SIGMA = '\u03c2'

type Decompositions = ReadonlyMap<number, readonly number[]>

interface Mappings {
  readonly lower: ReadonlyMap<number, string>
  readonly width: ReadonlyMap<number, string>
  readonly canonical: Decompositions
  /** The canonical ones with those of compatibility. */
  readonly compatible: Decompositions
  /** Second code point → first → what both become. */
  readonly compositions: ReadonlyMap<number, ReadonlyMap<number, number>>
}

let mappings: Mappings | undefined

function mapped(): Mappings {
  return (mappings ??= unpack())
}

/** Full-width and half-width forms become what they are compatible with (RFC 8264 §5.2.1). */
export function mapWidth(text: string): string {
  return text.replace(/[\uff00-\uffef\u3000]/g, (form) => mapped().width.get(form.charCodeAt(0)) ?? form)
}

/** Unicode's toLowerCase without locale (RFC 8264 §5.2.3), with the small sigma that ends a word. */
export function lowerCase(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase()
  const points = codePoints(text)
  let out = ''
  for (const [at, c] of points.entries()) {
    if (c < 0x80) out += String.fromCharCode(c).toLowerCase()
    else if (c === SIGMA) out += isFinalSigma(points, at) ? SMALL_FINAL_SIGMA : SMALL_SIGMA
    else out += mapped().lower.get(c) ?? String.fromCodePoint(c)
  }
  return out
}

/** The Unicode Standard §3.13, table 3-17, Final_Sigma: a cased letter before it, none after it. */
function isFinalSigma(points: readonly number[], at: number): boolean {
  const isLetter = (step: 1 | -1) => {
    let next = at + step
    while (points[next] !== undefined && propertiesOf(points[next]!).isCaseIgnorable) next += step
    return points[next] !== undefined && propertiesOf(points[next]!).isCased
  }
  return isLetter(-1) && !isLetter(1)
}

/** Every space of Unicode becomes the space (RFC 8265 §4.2.2, RFC 8266 §2.1). */
export function mapSpaces(text: string): string {
  return [...text].map((character) => (propertiesOf(character.codePointAt(0)!).isSpace ? ' ' : character)).join('')
}

/** The code points of a text. A lone surrogate counts as one, which no profile allows. */
export function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!)
}

// --- normalization (UAX #15) ------------------------------------------------------------------------------------------------

const HANGUL = {
  syllable: 0xac00,
  leading: 0x1100,
  vowel: 0x1161,
  trailing: 0x11a7,
  vowels: 21,
  trailings: 28,
} as const
const HANGUL_SYLLABLES = 11_172

/** Normalization Form C by the pinned tables; the runtime's own would change with the runtime. */
export function normalize(text: string): string {
  // Before U+0300 nothing is decomposed that would not be composed again.
  if (!/[^\0-\u02ff]/.test(text)) return text
  return compose(inOrder(codePoints(text).flatMap((c) => decompose(c, mapped().canonical))))
}

/** Normalization Form KC: what looks or means the same becomes the same. For comparing nicknames only. */
export function normalizeCompatible(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text
  return compose(inOrder(codePoints(text).flatMap((c) => decompose(c, mapped().compatible))))
}

function decompose(c: number, by: Decompositions): readonly number[] {
  const index = c - HANGUL.syllable
  if (index >= 0 && index < HANGUL_SYLLABLES) {
    const { leading, vowel, trailing, vowels, trailings } = HANGUL
    const parts = [
      leading + Math.floor(index / (vowels * trailings)),
      vowel + Math.floor((index % (vowels * trailings)) / trailings),
    ]
    const last = index % trailings
    return last === 0 ? parts : [...parts, trailing + last]
  }
  return by.get(c)?.flatMap((part) => decompose(part, by)) ?? [c]
}

/** The canonical order: marks between two starters by their combining class, equal ones as they come. */
function inOrder(points: number[]): number[] {
  const out: number[] = []
  let marks: { readonly c: number; readonly order: number }[] = []
  const flush = () => {
    if (marks.length > 1) marks.sort((a, b) => a.order - b.order)
    for (const { c } of marks) out.push(c)
    marks = []
  }
  for (const c of points) {
    const order = c < 0x300 ? 0 : propertiesOf(c).combiningClass
    if (order > 0) {
      marks.push({ c, order })
      continue
    }
    flush()
    out.push(c)
  }
  flush()
  return out
}

function compose(points: readonly number[]): string {
  const out: number[] = []
  let starter = -1
  let lastOrder = 0
  for (const c of points) {
    const order = c < 0x300 ? 0 : propertiesOf(c).combiningClass
    // A mark of equal or higher class in between blocks (UAX #15 D115).
    const isBlocked = out.length - 1 > starter && lastOrder >= order
    const together = starter >= 0 && !isBlocked ? composite(out[starter]!, c) : undefined
    if (together !== undefined) {
      out[starter] = together
      continue
    }
    if (order === 0) starter = out.length
    lastOrder = order
    out.push(c)
  }
  return out.map((c) => String.fromCodePoint(c)).join('')
}

function composite(first: number, second: number): number | undefined {
  const { syllable, leading, vowel, trailing, vowels, trailings } = HANGUL
  const l = first - leading
  const v = second - vowel
  if (l >= 0 && l < 19 && v >= 0 && v < vowels) return syllable + (l * vowels + v) * trailings
  const s = first - syllable
  const t = second - trailing
  if (s >= 0 && s < HANGUL_SYLLABLES && s % trailings === 0 && t > 0 && t < trailings) return first + t
  return mapped().compositions.get(second)?.get(first)
}

// --- unpacking --------------------------------------------------------------------------------------------------------------

function unpack(): Mappings {
  const canonical = new Map<number, readonly number[]>()
  const compositions = new Map<number, Map<number, number>>()
  for (const [c, to, isExcluded] of entries(DECOMPOSITIONS)) {
    canonical.set(c, to)
    const [first = 0, second] = to
    if (isExcluded || second === undefined) continue
    const firsts = compositions.get(second) ?? new Map<number, number>()
    compositions.set(second, firsts.set(first, c))
  }
  const compatible = new Map(canonical)
  for (const [c, to] of [...entries(COMPATIBILITY), ...entries(WIDTH)]) compatible.set(c, to)
  const texts = (packed: string) =>
    new Map(Array.from(entries(packed), ([c, to]) => [c, String.fromCodePoint(...to)] as const))
  return { lower: texts(LOWER), width: texts(WIDTH), canonical, compatible, compositions }
}

function* entries(packed: string): Generator<[c: number, to: number[], isExcluded: boolean]> {
  let c = 0
  for (const entry of packed.split(' ')) {
    const isExcluded = entry.endsWith('!')
    const [distance = 0, ...to] = (isExcluded ? entry.slice(0, -1) : entry)
      .split(',')
      .map((v) => Number.parseInt(v, 36))
    c += distance
    yield [c, to, isExcluded]
  }
}
