import {
  BEYOND_ASCII,
  CLASSES,
  LESS_THAN,
  NAME_CHAR,
  NAME_START,
  SPACE,
  SPECIAL_IN_TEXT,
  SPECIAL_IN_VALUE,
  isNameCharBeyondAscii,
  isNameStartBeyondAscii,
} from './characters.ts'
import { DecodedBuffer } from './decoded-buffer.ts'
import type { Element } from './element.ts'
import { StreamFault } from './errors.ts'
import { InternCache } from './intern.ts'
import { isNameOfFourthEdition } from './fourth-edition.ts'
import type { XmlLimits } from './limits.ts'
import { decodeCdata, decodeText, decodeValue } from './references.ts'
import { TagForms } from './tag-forms.ts'
import { duplicateAttribute, TreeBuilder } from './tree-builder.ts'
import { codePointAt, completeLength, concatBytes, sequenceLength, validLength } from './utf8.ts'
import { findInText, firstFound } from './words.ts'

// How it works. Chunks are decoded strictly, then `run` reads tokens: a tag, a text up to the next `<`, a CDATA section.
// A token that is cut off by the end of the chunk is kept, unread; further chunks are only searched for its end (each
// byte once), and when that has come the token is read as if it had arrived in one piece. So events and verdict are a
// function of the bytes, never of their chunking, and time is linear. For the same reason a fault is thrown at the first
// byte that makes the input illegal, or at the end of the token, and nothing behind the byte limit of a stanza is looked
// at: `visible` is set to the limit when the stanza begins.

/** Receives what a stream consists of. Elements have no parent: each is a tree of its own. */
export interface StreamHandlers {
  /**
   * The stream header. `root` has no children and `attrs.xmlns` is its own namespace; `contentNamespace` is the default
   * namespace that the header declares for what follows, `''` if none.
   */
  open(root: Element, contentNamespace: string): void
  /** A complete first-level element. */
  element(element: Element): void
  /** The end tag of the stream. */
  close(): void
  /** White space between first-level elements: a keep-alive (RFC 6120 §4.6.1). */
  whitespace?(): void
}

/** Parses one stream. After a throw, or `stop`, it ignores all further input. */
export interface StreamParser {
  /**
   * Takes the next bytes and calls the handlers for what is complete.
   * @throws StreamFault at the first violation; what came before it has been handed over
   */
  write(chunk: Uint8Array): void
  /**
   * Says that no more bytes come.
   * @throws StreamFault if they end inside a stanza or a character
   */
  end(): void
  /** Replaces the limits, from the next first-level element on. */
  setLimits(limits: XmlLimits): void
  /** Drops what follows, even in the chunk that is being parsed: what came before TLS must not count after it. */
  stop(): void
  /** Bytes of the unfinished first-level element so far. */
  readonly pendingBytes: number
}

/** Makes a parser for an XML stream (RFC 6120 §4.2), with XML declaration, header and end tag. */
export function createStreamParser(limits: XmlLimits, handlers: StreamHandlers): StreamParser {
  return new Tokenizer(limits, handlers, true)
}

/**
 * Parses a text that is exactly one element: a WebSocket message (RFC 7395 §3.3), a stored or imported element.
 * White space may follow it, nothing may precede it, an XML declaration neither.
 * @throws StreamFault
 */
export function parseElement(source: Uint8Array | string, limits: XmlLimits): Element {
  let result: Element | undefined
  const handlers = { open() {}, close() {}, element: (element: Element) => (result = element) }
  const parser = new Tokenizer(limits, handlers, false)
  if (typeof source === 'string' && !source.isWellFormed()) throw new StreamFault('not-well-formed', 'lone surrogate')
  parser.write(typeof source === 'string' ? new TextEncoder().encode(source) : source)
  parser.end()
  if (result === undefined) throw new StreamFault('not-well-formed', 'no element')
  return result
}

/** The longest XML declaration accepted, in bytes. */
const MAX_DECLARATION_BYTES = 256
/** A buffer of up to this size is kept for the next unfinished token; a larger one is given back. */
const MAX_KEPT_BYTES = 16 * 1024
const CDATA_START = '<![CDATA['
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][A-Za-z0-9._-]*)"|'([A-Za-z][A-Za-z0-9._-]*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>$/

/** What an unfinished token is, which decides what its end looks like. */
type PendingKind = 'none' | 'text' | 'tag' | 'cdata' | 'undecided'

const NO_BYTES = new Uint8Array(0)
const names = new InternCache()
const forms = new TagForms()
// Never used for a part of a character, so it has no state and can be shared.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

class Tokenizer implements StreamParser {
  private limits: XmlLimits
  private readonly handlers: StreamHandlers
  private readonly tree: TreeBuilder
  private readonly buffer = new DecodedBuffer()

  // The level of the parent of stanzas: 1 in a stream, 0 in a document.
  private readonly base: number
  private isAtStart = true
  private isFinished = false
  private isStopped = false

  // The unfinished part of the input: the beginning of a character, and of a token.
  private carry = NO_BYTES
  private pending = NO_BYTES
  private pendingLength = 0
  private pendingKind: PendingKind = 'none'
  private quote = 0
  private brackets = 0

  // Of the present stanza, `used` bytes lie before `mark` in the buffer; nothing from `visible` on is read.
  private isInStanza = false
  private used = 0
  private mark = 0
  private visible = 0

  // Of the name read last.
  private nameColon = -1
  private isNameBeyondAscii = false

  constructor(limits: XmlLimits, handlers: StreamHandlers, isStream: boolean) {
    this.limits = limits
    this.handlers = handlers
    this.base = isStream ? 1 : 0
    this.tree = new TreeBuilder(limits, this.base)
  }

  get pendingBytes(): number {
    return this.used + this.carry.length
  }

  setLimits(limits: XmlLimits): void {
    this.limits = limits
    this.tree.limits = limits
  }

  stop(): void {
    this.isStopped = true
    this.isInStanza = false
    this.used = 0
    this.carry = this.pending = NO_BYTES
    this.pendingLength = 0
    this.buffer.set(NO_BYTES, '')
  }

  write(chunk: Uint8Array): void {
    if (this.isStopped) return
    try {
      this.feed(chunk)
    } catch (error) {
      this.stop()
      throw error
    }
  }

  end(): void {
    if (this.isStopped) return
    try {
      if (this.pendingKind !== 'none') this.read(this.takePending(NO_BYTES))
      if (this.carry.length > 0) throw illFormed()
      // Whatever is still pending is the beginning of something, even behind the element: no token is.
      const isCutOff = this.isInStanza || this.pendingLength > 0
      if (isCutOff || (this.base === 0 && !this.isFinished)) {
        throw new StreamFault('not-well-formed', 'unexpected end')
      }
    } finally {
      this.stop()
    }
  }

  private feed(chunk: Uint8Array): void {
    const bytes = this.carry.length > 0 ? concatBytes(this.carry, chunk) : chunk
    const cut = completeLength(bytes)
    const complete = cut === bytes.length ? bytes : bytes.subarray(0, cut)
    this.carry = cut === bytes.length ? NO_BYTES : new Uint8Array(bytes.subarray(cut))
    if (cut === 0) return

    let whole = complete
    this.mark = 0
    if (this.pendingKind !== 'none') {
      const isOverLimit = this.isInStanza && this.used + cut > this.limits.maxStanzaBytes
      if (!isOverLimit && !this.completes(complete, 0) && validLength(complete) === cut) {
        this.append(complete)
        if (this.isInStanza) this.used += cut
        return
      }
      whole = this.takePending(complete)
    }
    const text = this.decode(whole)
    if (text !== undefined) this.read(whole, text)
    else {
      // What precedes the bad byte counts first: it may hold stanzas, or a fault of its own.
      this.read(whole.subarray(0, validLength(whole)))
      if (!this.isStopped) throw illFormed()
    }
  }

  private decode(bytes: Uint8Array): string | undefined {
    try {
      return decoder.decode(bytes)
    } catch {
      return undefined
    }
  }

  private append(bytes: Uint8Array): void {
    const length = this.pendingLength + bytes.length
    if (length > this.pending.length) {
      const larger = new Uint8Array(Math.max(256, length * 2))
      larger.set(this.pending.subarray(0, this.pendingLength))
      this.pending = larger
    }
    this.pending.set(bytes, this.pendingLength)
    this.pendingLength = length
  }

  /** What is pending, and more. The result is good until something else is appended. */
  private takePending(more: Uint8Array): Uint8Array {
    const length = this.pendingLength + more.length
    this.mark = this.pendingLength
    // Nothing will be added, so no room for it is needed.
    if (length > this.pending.length) this.pending = concatBytes(this.pending.subarray(0, this.mark), more)
    else this.pending.set(more, this.mark)
    const whole = this.pending.subarray(0, length)
    this.pendingLength = 0
    this.pendingKind = 'none'
    return whole
  }

  /** Reads legal UTF-8, of which the first `mark` bytes were counted before, as far as it goes. */
  private read(bytes: Uint8Array, text = decoder.decode(bytes)): void {
    this.buffer.set(bytes, text)
    this.visible = bytes.length
    if (this.isInStanza) this.limitStanza()
    const at = this.run(bytes)
    if (this.isStopped) return
    if (this.visible < bytes.length) throw new StreamFault('policy-violation', 'stanza too large')
    if (this.isInStanza) this.used += bytes.length - this.mark
    if (at < bytes.length) this.keep(bytes, at)
    else if (this.pending.length > MAX_KEPT_BYTES) this.pending = NO_BYTES
    this.buffer.set(NO_BYTES, '')
  }

  private limitStanza(): void {
    const end = this.mark + this.limits.maxStanzaBytes - this.used
    if (end < this.visible) this.visible = end
  }

  /** Keeps an unfinished token and finds out what its end will look like. */
  private keep(bytes: Uint8Array, at: number): void {
    if (this.pending.length > MAX_KEPT_BYTES) this.pending = NO_BYTES
    this.append(at === 0 ? bytes : bytes.subarray(at))
    const second = bytes[at + 1]
    if (bytes[at] !== 0x3c) this.pendingKind = 'text'
    else if (second === undefined || second === 0x3f) this.pendingKind = 'undecided'
    else if (second === 0x21) {
      if (bytes.length - at < CDATA_START.length) this.pendingKind = 'undecided'
      else {
        this.pendingKind = 'cdata'
        this.brackets = 0
        this.completes(bytes, at + CDATA_START.length)
      }
    } else {
      this.pendingKind = 'tag'
      this.quote = 0
      this.completes(bytes, at + 1)
    }
  }

  /** Whether the pending token ends in `bytes`, or must end with a fault there. Remembers how far it got. */
  private completes(bytes: Uint8Array, from: number): boolean {
    if (this.pendingKind === 'text') return bytes.includes(0x3c, from)
    if (this.pendingKind === 'cdata') {
      let { brackets } = this
      for (let i = from; i < bytes.length; i++) {
        const byte = bytes[i]
        if (byte === 0x5d) brackets++
        else if (byte === 0x3e && brackets >= 2) return true
        else brackets = 0
      }
      this.brackets = brackets
      return false
    }
    if (this.pendingKind !== 'tag') return true
    let { quote } = this
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i]!
      if (byte === 0x3c) return true
      if (quote === 0) {
        if (byte === 0x3e) return true
        if (byte === 0x22 || byte === 0x27) quote = byte
      } else if (byte === quote) quote = 0
    }
    this.quote = quote
    return false
  }

  /** Reads tokens up to `visible`. Returns where an unfinished one begins. */
  private run(bytes: Uint8Array): number {
    let i = 0
    while (i < this.visible) {
      let next: number
      if (bytes[i] !== 0x3c) next = this.tree.level > this.base ? this.text(bytes, i) : this.between(bytes, i)
      else {
        if (!this.isInStanza && !this.isFinished) this.enterStanza(i)
        if (i + 1 >= this.visible) return i
        const second = bytes[i + 1]
        if (second === 0x2f) next = this.endTag(bytes, i)
        else if (second === 0x21) next = this.cdata(bytes, i)
        else if (second === 0x3f) next = this.declaration(bytes, i)
        else next = this.startTag(bytes, i)
        if (next !== -1) this.isAtStart = false
      }
      if (next === -1) return i
      i = next
      if (this.isStopped) return i
    }
    return i
  }

  private enterStanza(at: number): void {
    this.isInStanza = true
    this.used = 0
    this.mark = at
    this.tree.startStanza()
    this.limitStanza()
  }

  /** A first-level element, the XML declaration, the header or the end of the stream is complete. */
  private leaveStanza(): void {
    this.isInStanza = false
    this.used = 0
    this.visible = this.buffer.bytes.length
  }

  /** Characters outside first-level elements: white space, or a fault. */
  private between(bytes: Uint8Array, from: number): number {
    let i = from
    for (; i < this.visible; i++) {
      const byte = bytes[i]!
      if ((CLASSES[byte]! & SPACE) !== 0) continue
      if (byte === 0x3c) break
      if (this.isFinished) throw new StreamFault('not-well-formed', 'content after the end')
      if (this.tree.level > 0) throw new StreamFault('bad-format', 'text between stanzas')
      // UTF-16 and UTF-32 show themselves by a zero byte.
      if (byte === 0) throw new StreamFault('unsupported-encoding', 'not UTF-8')
      throw new StreamFault('not-well-formed', 'text before the root element')
    }
    if (this.base === 0 && !this.isFinished) throw new StreamFault('not-well-formed', 'white space before the element')
    this.isAtStart = false
    if (this.tree.level === 1) this.handlers.whitespace?.()
    return i
  }

  private text(bytes: Uint8Array, from: number): number {
    const end = this.visible
    const { view } = this.buffer
    let i = from
    let flags = 0
    while (i < end) {
      if (i + 4 <= end) {
        const found = findInText(view.getInt32(i, true))
        if (found === 0) {
          i += 4
          continue
        }
        i += firstFound(found)
      }
      const byte = bytes[i]!
      if (byte === 0x3c) break
      flags |= CLASSES[byte]!
      i++
    }
    if (i === end) return -1
    const raw = this.slice(from, i, flags)
    this.tree.addText((flags & SPECIAL_IN_TEXT) === 0 ? raw : decodeText(raw))
    return i
  }

  private cdata(bytes: Uint8Array, at: number): number {
    const end = this.visible
    for (let k = 2; k < CDATA_START.length; k++) {
      if (at + k >= end) return -1
      if (bytes[at + k] !== CDATA_START.charCodeAt(k)) {
        throw new StreamFault('restricted-xml', 'comment, DTD or other declaration')
      }
    }
    if (this.isFinished || this.tree.level === 0)
      throw new StreamFault('not-well-formed', 'CDATA outside the root element')
    if (this.tree.level === this.base) throw new StreamFault('bad-format', 'CDATA between stanzas')
    const from = at + CDATA_START.length
    let flags = 0
    for (let i = from; i < end; i++) {
      const byte = bytes[i]!
      flags |= CLASSES[byte]!
      if (byte !== 0x3e || i < from + 2 || bytes[i - 1] !== 0x5d || bytes[i - 2] !== 0x5d) continue
      this.tree.addText(decodeCdata(this.slice(from, i - 2, flags)))
      return i + 1
    }
    return -1
  }

  private slice(from: number, to: number, flags: number): string {
    return (flags & BEYOND_ASCII) === 0 ? this.buffer.slice(from, to) : this.buffer.sliceBeyondAscii(from, to)
  }

  /** The XML declaration of a stream; any other processing instruction is refused (RFC 6120 §11.1). */
  private declaration(bytes: Uint8Array, at: number): number {
    const visible = String.fromCharCode(...bytes.subarray(at, Math.min(this.visible, at + MAX_DECLARATION_BYTES)))
    const isAllowed = this.isAtStart && this.base === 1
    if (!isAllowed || !'<?xml'.startsWith(visible.slice(0, 5)) || !/^(?:[ \t\r\n]|$)/.test(visible.slice(5, 6))) {
      throw new StreamFault('restricted-xml', 'processing instruction')
    }
    const to = visible.indexOf('?>')
    if (to === -1) {
      if (visible.length < MAX_DECLARATION_BYTES) return -1
      throw new StreamFault('not-well-formed', 'XML declaration too long')
    }
    const match = DECLARATION.exec(visible.slice(0, to + 2))
    if (!match) throw new StreamFault('not-well-formed', 'malformed XML declaration')
    const encoding = match[1] ?? match[2] ?? 'UTF-8'
    if (encoding.toUpperCase() !== 'UTF-8') throw new StreamFault('unsupported-encoding', 'encoding other than UTF-8')
    this.leaveStanza()
    return at + to + 2
  }

  private endTag(bytes: Uint8Array, at: number): number {
    const end = this.visible
    const { tree } = this
    if (tree.level === 0) throw new StreamFault('not-well-formed', 'end tag without start tag')
    const { openNames } = tree
    let i = at + 2
    let bits = 0
    for (let k = tree.openNameStart; k < tree.openNameEnd; k++, i++) {
      if (i >= end) return -1
      const byte = bytes[i]!
      if (byte !== openNames[k]) throw mismatch()
      bits |= byte
    }
    const nameEnd = i
    for (; i < end; i++) {
      const byte = bytes[i]!
      if (byte === 0x3e) {
        if (bits >= 0x80) this.buffer.sliceBeyondAscii(at + 2, nameEnd)
        this.close()
        return i + 1
      }
      if ((CLASSES[byte]! & SPACE) === 0) throw mismatch()
    }
    return -1
  }

  private close(): void {
    this.handOver(this.tree.closeElement())
    if (this.tree.level >= this.base || this.isStopped) return
    this.leaveStanza()
    this.isFinished = true
    this.handlers.close()
  }

  private handOver(stanza: Element | undefined): void {
    if (stanza === undefined) return
    this.leaveStanza()
    if (this.base === 0) this.isFinished = true
    this.handlers.element(stanza)
  }

  private startTag(bytes: Uint8Array, at: number): number {
    if (this.isFinished) throw new StreamFault('not-well-formed', 'second root element')
    const { tree } = this
    tree.checkDepth()
    const form = forms.find(this.buffer, at + 1, this.visible, tree.attrValues, this.limits)
    if (form === undefined) return this.newTag(bytes, at)
    const { name, attrNames } = form
    const { end } = forms
    this.addTag(tree.createPlain(name, attrNames, attrNames.length, form.namespace), form.isEmpty, at + 1, name.length)
    return end
  }

  /** Reads a start tag whose form is not known. */
  private newTag(bytes: Uint8Array, at: number): number {
    const { tree, buffer } = this
    const end = this.visible
    let i = this.name(bytes, at + 1)
    if (i === -1) return -1
    const nameEnd = i
    const name = this.takeName(at + 1, i)
    const colon = this.nameColon
    // Attributes other than `xmlns`, and the value of that.
    let count = 0
    let namespace: string | undefined
    let hasPrefixes = false
    let isUsual = colon === -1
    for (;;) {
      if (i >= end) return -1
      let byte = bytes[i]!
      if (byte === 0x3e || byte === 0x2f) {
        const isEmpty = byte === 0x2f
        if (isEmpty) {
          if (++i >= end) return -1
          if (bytes[i] !== 0x3e) throw new StreamFault('not-well-formed', 'stray slash in a tag')
        }
        const element = tree.createElement(name, colon, count, namespace, hasPrefixes)
        if (isUsual) {
          const attrNames = tree.attrNames.slice(0, count)
          forms.learn(buffer, at + 1, i + 1, { name, isEmpty, namespace, attrNames })
        }
        this.addTag(element, isEmpty, at + 1, nameEnd - at - 1)
        return i + 1
      }
      if ((CLASSES[byte]! & SPACE) === 0) throw new StreamFault('not-well-formed', 'junk in a tag')
      do {
        if (++i >= end) return -1
        byte = bytes[i]!
      } while ((CLASSES[byte]! & SPACE) !== 0)
      if (byte === 0x3e || byte === 0x2f) continue

      if (count + (namespace === undefined ? 0 : 1) >= this.limits.maxAttributes)
        throw new StreamFault('policy-violation', 'too many attributes')
      const nameStart = i
      i = this.name(bytes, i)
      if (i === -1) return -1
      const attrName = this.takeName(nameStart, i)
      const attrColon = this.nameColon
      i = this.valueStart(bytes, i)
      if (i === -1) return -1
      const valueStart = i
      const quote = bytes[i - 1]!
      let flags = 0
      for (; i < end; i++) {
        byte = bytes[i]!
        if (byte === quote) break
        flags |= CLASSES[byte]!
      }
      if ((flags & LESS_THAN) !== 0) throw new StreamFault('not-well-formed', '< in an attribute value')
      if (i === end) return -1
      const isPlain = (flags & (SPECIAL_IN_VALUE | BEYOND_ASCII)) === 0
      let value: string
      if (isPlain) value = attrName === 'xmlns' ? names.get(buffer, valueStart, i) : buffer.slice(valueStart, i)
      else {
        value = this.slice(valueStart, i, flags)
        if ((flags & SPECIAL_IN_VALUE) !== 0) value = decodeValue(value)
      }
      i++
      if (attrName === 'xmlns') {
        if (namespace !== undefined) throw duplicateAttribute()
        namespace = value
        isUsual &&= isPlain
        continue
      }
      forms.valueEnds[2 * count] = valueStart
      forms.valueEnds[2 * count + 1] = i - 1
      tree.attrNames[count] = attrName
      tree.attrColons[count] = attrColon
      tree.attrValues[count] = value
      if (attrColon !== -1) {
        hasPrefixes = true
        isUsual &&= attrName.startsWith('xml:')
      }
      count++
    }
  }

  /** Adds the element of a tag whose name was written as `length` bytes. */
  private addTag(element: Element, isEmpty: boolean, nameStart: number, length: number): void {
    const { tree } = this
    if (isEmpty && tree.level >= this.base) {
      this.handOver(tree.addEmpty(element))
      return
    }
    tree.enter(element, this.buffer.bytes, nameStart, nameStart + length)
    if (tree.level > this.base) return
    this.openStream()
    if (isEmpty && !this.isStopped) this.close()
  }

  /** The string of the name that was read last. */
  private takeName(from: number, to: number): string {
    return this.isNameBeyondAscii ? this.buffer.sliceBeyondAscii(from, to) : names.get(this.buffer, from, to)
  }

  private openStream(): void {
    this.leaveStanza()
    this.handlers.open(this.tree.root, this.tree.rootDefaultNamespace)
  }

  /** From the end of an attribute's name to the first byte behind the opening quote. */
  private valueStart(bytes: Uint8Array, from: number): number {
    const end = this.visible
    let i = from
    while ((CLASSES[bytes[i]!]! & SPACE) !== 0) if (++i >= end) return -1
    if (bytes[i] !== 0x3d) throw new StreamFault('not-well-formed', 'attribute without value')
    do if (++i >= end) return -1
    while ((CLASSES[bytes[i]!]! & SPACE) !== 0)
    if (bytes[i] !== 0x22 && bytes[i] !== 0x27) throw new StreamFault('not-well-formed', 'value without quotes')
    return i + 1
  }

  /**
   * Reads a name, noting its colon. Returns where it ends, which is before `visible`, or -1 if it may go on.
   * @throws StreamFault
   */
  private name(bytes: Uint8Array, from: number): number {
    const end = this.visible
    let i = from
    this.nameColon = -1
    this.isNameBeyondAscii = false
    if (i >= end) return -1
    let byte = bytes[i]!
    if (byte < 0x80) {
      if ((CLASSES[byte]! & NAME_START) === 0) throw badName(this.isAtStart, byte)
      do {
        if (++i >= end) break
        byte = bytes[i]!
      } while ((CLASSES[byte]! & NAME_CHAR) !== 0)
    }
    if (i < end && (byte === 0x3a || byte >= 0x80)) return this.restOfName(bytes, from, i)
    if (i - from > this.limits.maxNameBytes) throw nameTooLong()
    return i >= end ? -1 : i
  }

  /** The rest of a name from the first colon or character beyond ASCII on. */
  private restOfName(bytes: Uint8Array, from: number, at: number): number {
    const end = this.visible
    const longest = from + this.limits.maxNameBytes
    if (at > longest) throw nameTooLong()
    let i = at
    let isStart = i === from
    let units = i - from
    while (i < end) {
      const lead = bytes[i]!
      const next = i + sequenceLength(lead)
      if (next > end) return -1
      if (lead === 0x3a) {
        if (this.nameColon !== -1 || isStart) throw new StreamFault('not-well-formed', 'misplaced colon in a name')
        this.nameColon = units
      } else if (lead < 0x80) {
        if ((CLASSES[lead]! & (isStart ? NAME_START : NAME_CHAR)) === 0) {
          if (isStart) throw new StreamFault('not-well-formed', 'illegal name')
          break
        }
      } else {
        this.isNameBeyondAscii = true
        const c = codePointAt(bytes, i)
        if (!(isStart ? isNameStartBeyondAscii(c) : isNameCharBeyondAscii(c))) {
          throw new StreamFault('not-well-formed', 'illegal character in a name')
        }
        if (!isNameOfFourthEdition(c, isStart)) throw new StreamFault('policy-violation', 'a name that few can read')
      }
      if (next > longest) throw nameTooLong()
      isStart = lead === 0x3a
      units += lead < 0xf0 ? 1 : 2
      i = next
    }
    return i >= end ? -1 : i
  }
}

function illFormed(): StreamFault {
  return new StreamFault('unsupported-encoding', 'ill-formed UTF-8')
}

function mismatch(): StreamFault {
  return new StreamFault('not-well-formed', 'mismatched end tag')
}

function nameTooLong(): StreamFault {
  return new StreamFault('policy-violation', 'name too long')
}

function badName(isAtStart: boolean, byte: number): StreamFault {
  // UTF-16 shows itself by a zero byte after the first character.
  if (isAtStart && byte === 0) return new StreamFault('unsupported-encoding', 'not UTF-8')
  return new StreamFault('not-well-formed', 'illegal name')
}
