import type { DecodedBuffer } from './decoded-buffer.ts'
import { MAX_INTERNED } from './intern.ts'
import type { XmlLimits } from './limits.ts'
import { findInValue, firstFound, hasBeyondAscii, wordOf } from './words.ts'

// Nearly every start tag has the form of one that came before: the same bytes, but for the values of its attributes. So
// forms are remembered, and a tag of a known form is compared four bytes at a time instead of being read; its namespace
// is part of the form. Whoever sent the first one, it was read strictly, so what fits would be read to the same end. The
// table has a fixed size, and what comes once does not enter it: a sender of ever new forms costs the others speed, never
// memory.

/** By the first four bytes of the tag, so that forms of one name are together. */
const SLOTS = 128
const WAYS = 8
const MAX_WORDS = 64
const MAX_ATTRIBUTES = 16
/** Where a form is written that may be remembered. */
const SCRATCH = SLOTS * WAYS * MAX_WORDS
const SEEN = 1024

const DOUBLE_QUOTES = wordOf('"')
const SINGLE_QUOTES = wordOf("'")

/** What start tags have in common that differ in the values of attributes only. None of the names has a prefix but `xml`. */
export interface TagForm {
  readonly name: string
  readonly isEmpty: boolean
  /** The value of `xmlns`; `undefined` without that attribute. */
  readonly namespace: string | undefined
  /** The other attributes, in their order. */
  readonly attrNames: readonly string[]
}

export class TagForms {
  /** Where the tag that was found last ends. */
  end = 0
  /** Of the tag that may be learned: where the value of each attribute begins, and ends. */
  readonly valueEnds = new Int32Array(2 * MAX_ATTRIBUTES)

  private readonly forms: (TagForm | undefined)[] = Array.from({ length: SLOTS * WAYS }, () => undefined)
  // Of each form, the bytes before, between and behind the values: how many they are, then the bytes in words, of which
  // the last may have less than four, at its upper end.
  private readonly words = new Int32Array(SCRATCH + MAX_WORDS)
  private readonly hashes = new Int32Array(SLOTS * WAYS)
  /** Hashes of forms that came once. */
  private readonly seen = new Int32Array(SEEN)
  private turn = 0

  /**
   * The form of the tag whose name begins at `from`, if it is known, complete and within the limits. Its values, which
   * need no decoding, are put into `values`.
   */
  find(buffer: DecodedBuffer, from: number, end: number, values: string[], limits: XmlLimits): TagForm | undefined {
    if (from + 4 > end) return undefined
    const { forms } = this
    const slot = slotOf(buffer.view.getInt32(from, true))
    for (let i = slot; i < slot + WAYS; i++) {
      const form = forms[i]
      if (form === undefined) return undefined
      this.end = this.follow(i, form.attrNames.length, buffer, from, end, values)
      if (this.end !== -1) return isWithin(form, limits) ? form : undefined
    }
    return undefined
  }

  /** Where the tag ends if it has the form at `index`; -1 if not. */
  private follow(
    index: number,
    count: number,
    buffer: DecodedBuffer,
    from: number,
    end: number,
    values: string[],
  ): number {
    const { bytes, view } = buffer
    const { words } = this
    let w = index * MAX_WORDS
    let i = from
    for (let a = 0; ; a++) {
      const stop = i + words[w++]!
      if (stop > end) return -1
      for (; i + 4 <= stop; i += 4) if (view.getInt32(i, true) !== words[w++]) return -1
      if (i < stop && (view.getInt32(stop - 4, true) ^ words[w++]!) >>> upper(stop - i) !== 0) return -1
      if (a === count) return stop
      const quotes = bytes[stop - 1] === 0x22 ? DOUBLE_QUOTES : SINGLE_QUOTES
      let found = 0
      for (i = stop; found === 0; i += 4) {
        if (i + 4 > end) return -1
        found = findInValue(view.getInt32(i, true), quotes)
      }
      // What comes next begins with the quote, so a value that ended otherwise does not fit.
      i += firstFound(found) - 4
      values[a] = buffer.slice(stop, i)
    }
  }

  /** Takes notice of the form of the tag from `from` to `to`, and remembers it if it came before. */
  learn({ view }: DecodedBuffer, from: number, to: number, form: TagForm): void {
    const { forms, words, valueEnds } = this
    const count = form.attrNames.length
    if (count > MAX_ATTRIBUTES || longestName(form) > MAX_INTERNED) return
    let w = SCRATCH
    let hash = 0
    for (let a = 0; a <= count; a++) {
      const start = a === 0 ? from : valueEnds[2 * a - 1]!
      const stop = a === count ? to : valueEnds[2 * a]!
      if ((a === 0 && stop < start + 4) || w + 2 + (stop - start) / 4 > words.length) return
      words[w++] = stop - start
      for (let i = start; i < stop; i += 4) {
        const isWhole = i + 4 <= stop
        const word = view.getInt32(isWhole ? i : stop - 4, true)
        const own = isWhole ? word : (word >> upper(stop - i)) << upper(stop - i)
        if (hasBeyondAscii(own)) return
        words[w++] = own
        hash = Math.imul(hash ^ own, 0x85ebca6b) ^ (hash >>> 13)
      }
    }
    if (this.seen[hash & (SEEN - 1)] !== hash) {
      this.seen[hash & (SEEN - 1)] = hash
      return
    }
    const slot = slotOf(words[SCRATCH + 1]!)
    let i = slot
    while (i < slot + WAYS && forms[i] !== undefined && this.hashes[i] !== hash) i++
    // All are taken: each in its turn.
    if (i === slot + WAYS) i = slot + (this.turn++ & (WAYS - 1))
    words.copyWithin(i * MAX_WORDS, SCRATCH, w)
    this.hashes[i] = hash
    forms[i] = form
  }
}

/** The index of the first form that begins with this word. */
function slotOf(word: number): number {
  return (Math.imul(word, 0x9e3779b1) >>> 25) * WAYS
}

/** How far to shift a word so that of its bytes the last `count` are left. */
function upper(count: number): number {
  return 32 - 8 * count
}

function isWithin(form: TagForm, limits: XmlLimits): boolean {
  const attributes = form.attrNames.length + (form.namespace === undefined ? 0 : 1)
  return (
    attributes <= limits.maxAttributes &&
    (MAX_INTERNED <= limits.maxNameBytes || longestName(form) <= limits.maxNameBytes)
  )
}

function longestName({ name, namespace = '', attrNames }: TagForm): number {
  return Math.max(name.length, namespace.length, ...attrNames.map(({ length }) => length))
}
