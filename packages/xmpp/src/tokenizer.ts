import {
  ASCII,
  LESS_THAN,
  NAME_CHAR,
  NAME_START,
  SPECIAL_IN_TEXT,
  SPECIAL_IN_VALUE,
  isNameCharBeyondAscii,
  isNameStartBeyondAscii,
  utf8Bytes,
} from './characters.ts'
import { Element, emptyAttrs, type Attrs, type Node } from './element.ts'
import { StreamFault } from './errors.ts'
import type { XmlLimits } from './limits.ts'
import { NS_XML, NS_XMLNS } from './ns.ts'
import { decodeCdata, decodeText, decodeValue } from './references.ts'
import { completeLength, indexAfterBytes, validLength } from './utf8.ts'

// How it works. Bytes are decoded strictly, then `run` reads tokens from the string: a tag, a text up to the next `<`,
// a CDATA section. A token that is cut off by the end of the chunk is kept, unparsed, in `pending`; further chunks are
// only searched for its end (each character once), and when that has come the token is parsed as if it had arrived in
// one piece. So the verdict is a function of the bytes, never of their chunking, and the time is linear. For the same
// reason nothing behind the byte limit of a stanza is looked at: `visible` is set to the limit before the stanza is read.

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
  /** Bytes of the unfinished first-level element that the parser holds. */
  readonly pendingBytes: number
}

/** Makes a parser for an XML stream (RFC 6120 §4.2), with XML declaration, header and end tag. */
export function createStreamParser(limits: XmlLimits, handlers: StreamHandlers): StreamParser {
  return new Parser(limits, handlers, true)
}

/**
 * Parses a text that is exactly one element: a WebSocket message (RFC 7395 §3.3), a stored or imported element.
 * White space may follow it, nothing may precede it, an XML declaration neither.
 * @throws StreamFault
 */
export function parseElement(source: Uint8Array | string, limits: XmlLimits): Element {
  let result: Element | undefined
  const parser = new Parser(
    limits,
    { open: unexpected, close: unexpected, element: (element) => (result = element) },
    false,
  )
  if (typeof source === 'string') parser.writeText(source)
  else parser.write(source)
  parser.end()
  if (result === undefined) throw new StreamFault('not-well-formed', 'no element')
  return result
}

function unexpected(): void {
  throw new Error('a document has neither stream header nor stream end')
}

/** The longest XML declaration accepted, in characters. */
const MAX_DECLARATION_LENGTH = 256
const CDATA_START = '<![CDATA['
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][A-Za-z0-9._-]*)"|'([A-Za-z][A-Za-z0-9._-]*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>$/

/** What an unfinished token is, which decides what its end looks like. */
type PendingKind = 'none' | 'text' | 'tag' | 'cdata' | 'undecided'

const NO_BYTES = new Uint8Array(0)

class Parser implements StreamParser {
  private limits: XmlLimits
  private readonly handlers: StreamHandlers
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  // Where we are. `level` counts open elements; those at `base` + 1 are handed over.
  private readonly base: number
  private level = 0
  private isAtStart = true
  private isFinished = false
  private isStopped = false

  // The unfinished part of the input.
  private carry: Uint8Array = NO_BYTES
  private pending: string[] = []
  private pendingLength = 0
  private pendingKind: PendingKind = 'none'
  private quote = 0
  private lastTwo = ''

  // The byte limit: `used` bytes of the present stanza lie before `mark` in the buffer, and nothing from `visible` on is read.
  private isInStanza = false
  private used = 0
  private mark = 0
  private visible = 0
  private isEndExact = true
  private isAscii = true
  private declaredBytes = 0
  private elements = 0

  // Open elements by level, and what is in scope there.
  private readonly open: Element[] = []
  private readonly rawNames: string[] = []
  private readonly namespaces: string[] = []
  private readonly defaults: string[] = []
  private readonly prefixCounts: number[] = []
  private readonly declarationCounts: number[] = []
  private readonly childBases: number[] = []
  private readonly children: Node[] = []
  private readonly prefixes: string[] = []
  private readonly uris: string[] = []

  // The tag being read.
  private nameHash = 0
  private nameColon = -1
  private readonly attrNames: string[] = []
  private readonly attrValues: string[] = []
  private readonly attrColons: number[] = []

  constructor(limits: XmlLimits, handlers: StreamHandlers, isStream: boolean) {
    this.limits = limits
    this.handlers = handlers
    this.base = isStream ? 1 : 0
    this.defaults.push('')
    this.namespaces.push('')
    this.prefixCounts.push(0)
    this.declarationCounts.push(0)
    this.rawNames.push('')
    this.childBases.push(0)
  }

  get pendingBytes(): number {
    return this.used + this.carry.length
  }

  setLimits(limits: XmlLimits): void {
    this.limits = limits
  }

  stop(): void {
    this.isStopped = true
    this.forget()
  }

  write(chunk: Uint8Array): void {
    if (this.isStopped) return
    let bytes = chunk
    if (this.carry.length > 0) {
      bytes = new Uint8Array(this.carry.length + chunk.length)
      bytes.set(this.carry)
      bytes.set(chunk, this.carry.length)
    }
    const cut = completeLength(bytes)
    this.carry = cut === bytes.length ? NO_BYTES : bytes.slice(cut)
    if (cut === 0) return
    const complete = cut === bytes.length ? bytes : bytes.subarray(0, cut)
    let text: string
    try {
      text = this.decoder.decode(complete)
    } catch {
      this.failToDecode(complete)
      return
    }
    this.guard(() => this.feed(text, complete.length, false))
  }

  /** Takes text that is decoded already. */
  writeText(text: string): void {
    if (this.isStopped) return
    if (!text.isWellFormed()) this.fail(new StreamFault('not-well-formed', 'lone surrogate'))
    this.guard(() => this.feed(text, -1, false))
  }

  end(): void {
    if (this.isStopped) return
    this.guard(() => {
      this.feed('', 0, true)
      if (this.carry.length > 0) throw new StreamFault('unsupported-encoding', 'truncated UTF-8')
      if (this.isInStanza || this.pendingKind !== 'none' || (this.base === 0 && !this.isFinished)) {
        throw new StreamFault('not-well-formed', 'unexpected end')
      }
    })
    this.stop()
  }

  /** What precedes the bad byte counts first: it may hold stanzas, or an error of its own. */
  private failToDecode(bytes: Uint8Array): void {
    const legal = validLength(bytes)
    const text = this.decoder.decode(bytes.subarray(0, legal))
    this.guard(() => {
      this.feed(text, legal, true)
      if (!this.isStopped) throw new StreamFault('unsupported-encoding', 'ill-formed UTF-8')
    })
  }

  private guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.stop()
      throw error
    }
  }

  private fail(fault: StreamFault): never {
    this.stop()
    throw fault
  }

  private forget(): void {
    this.pending = []
    this.pendingLength = 0
    this.pendingKind = 'none'
    this.carry = NO_BYTES
    this.used = 0
    this.isInStanza = false
    this.open.length = 0
    this.children.length = 0
  }

  /** `byteLength` is -1 if unknown. `isLast`: an unfinished token must be checked as far as it goes. */
  private feed(chunk: string, byteLength: number, isLast: boolean): void {
    const bytes = byteLength === -1 ? utf8Bytes(chunk) : byteLength
    this.isAscii = bytes === chunk.length
    let text = chunk
    if (this.pendingKind !== 'none') {
      const isOverLimit = this.isInStanza && this.used + bytes > this.limits.maxStanzaBytes
      if (!isOverLimit && !isLast && !this.completes(chunk)) {
        this.pending.push(chunk)
        this.pendingLength += chunk.length
        if (this.isInStanza) this.used += bytes
        return
      }
      this.pending.push(chunk)
      text = this.pending.join('')
      this.mark = this.pendingLength
      this.pending = []
      this.pendingLength = 0
      this.pendingKind = 'none'
    } else this.mark = 0

    this.setEnd(text)
    let at = this.run(text, 0)
    while (!this.isStopped && this.visible < text.length) {
      // The limit was reached. If it was an estimate, make it exact and go on; else the stanza is too large.
      if (this.isEndExact) throw tooLarge()
      this.visible = indexAfterBytes(text, this.mark, this.limits.maxStanzaBytes - this.used)
      this.isEndExact = true
      at = this.run(text, at)
    }
    if (this.isStopped) return
    if (this.isInStanza) {
      this.used += this.isAscii ? text.length - this.mark : utf8Bytes(text, this.mark)
    }
    if (at < text.length) this.keep(at === 0 ? text : text.slice(at))
  }

  /** Sets `visible` for the stanza that is being read, or to the end of the buffer between stanzas. */
  private setEnd(text: string): void {
    this.isEndExact = true
    this.visible = text.length
    if (!this.isInStanza) return
    const left = this.limits.maxStanzaBytes - this.used
    if (this.isAscii) this.visible = Math.min(text.length, this.mark + left)
    else if ((text.length - this.mark) * 3 > left) {
      this.visible = Math.min(text.length, this.mark + Math.floor(left / 3))
      this.isEndExact = false
    }
  }

  /** Keeps an unfinished token and finds out what its end will look like. */
  private keep(tail: string): void {
    this.pending.push(tail)
    this.pendingLength = tail.length
    const second = tail.charCodeAt(1)
    if (tail.charCodeAt(0) !== 0x3c) this.pendingKind = 'text'
    else if (tail.length === 1 || second === 0x3f) this.pendingKind = 'undecided'
    else if (second === 0x21) {
      this.pendingKind = tail.length < CDATA_START.length ? 'undecided' : 'cdata'
      this.lastTwo = ''
      if (this.pendingKind === 'cdata') this.completes(tail.slice(CDATA_START.length))
    } else {
      this.pendingKind = 'tag'
      this.quote = 0
      this.completes(tail.slice(1))
    }
  }

  /** Whether the pending token ends in `chunk`, or must end with an error there. Remembers how far it got. */
  private completes(chunk: string): boolean {
    switch (this.pendingKind) {
      case 'text':
        return chunk.includes('<')
      case 'cdata': {
        const text = this.lastTwo + chunk
        this.lastTwo = text.slice(-2)
        return text.includes(']]>')
      }
      case 'tag': {
        let quote = this.quote
        for (let i = 0; i < chunk.length; i++) {
          const c = chunk.charCodeAt(i)
          if (c === 0x3c) return true
          if (quote === 0) {
            if (c === 0x3e) return true
            if (c === 0x22 || c === 0x27) quote = c
          } else if (c === quote) quote = 0
        }
        this.quote = quote
        return false
      }
      default:
        return true
    }
  }

  /** Reads tokens from `at` to `this.visible`. Returns where an unfinished one begins. */
  private run(s: string, from: number): number {
    let i = from
    while (i < this.visible) {
      if (s.charCodeAt(i) !== 0x3c) {
        const next = this.level > this.base ? this.text(s, i) : this.between(s, i)
        if (next === -1) return i
        i = next
        if (this.isStopped) return i
        continue
      }
      if (!this.isInStanza && !this.isFinished) {
        this.isInStanza = true
        this.elements = 0
        this.declaredBytes = 0
        this.used = 0
        this.mark = i
        this.setEnd(s)
      }
      if (i + 1 >= this.visible) return i
      const second = s.charCodeAt(i + 1)
      let next: number
      if (second === 0x2f) next = this.endTag(s, i)
      else if (second === 0x21) next = this.cdata(s, i)
      else if (second === 0x3f) next = this.declaration(s, i)
      else next = this.startTag(s, i)
      if (next === -1) return i
      this.isAtStart = false
      i = next
      if (this.isStopped) return i
    }
    return i
  }

  /** A first-level element, the header or the end of the stream is complete. */
  private leaveStanza(s: string): void {
    this.isInStanza = false
    this.used = 0
    this.visible = s.length
    this.isEndExact = true
  }

  /** Characters outside first-level elements: white space, or an error. */
  private between(s: string, from: number): number {
    let i = from
    for (; i < this.visible; i++) {
      const c = s.charCodeAt(i)
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) continue
      if (c === 0x3c) break
      if (this.isFinished) throw new StreamFault('not-well-formed', 'content after the end')
      if (this.level > 0) throw new StreamFault('bad-format', 'text between stanzas')
      // UTF-16 and UTF-32 show themselves by a zero byte.
      if (c === 0) throw new StreamFault('unsupported-encoding', 'not UTF-8')
      throw new StreamFault('not-well-formed', 'text before the root element')
    }
    if (this.base === 0 && !this.isFinished) throw new StreamFault('not-well-formed', 'white space before the element')
    this.isAtStart = false
    if (this.level === 1) this.handlers.whitespace?.()
    return i
  }

  private text(s: string, from: number): number {
    const end = this.visible
    let i = from
    let flags = 0
    for (; i < end; i++) {
      const c = s.charCodeAt(i)
      if (c < 128) {
        if (c === 0x3c) break
        flags |= ASCII[c]!
      } else if (c >= 0xfffe) flags |= SPECIAL_IN_TEXT
    }
    if (i === end) return -1
    const raw = s.slice(from, i)
    this.addText((flags & SPECIAL_IN_TEXT) === 0 ? raw : decodeText(raw))
    return i
  }

  private addText(text: string): void {
    const { children } = this
    const last = children.length - 1
    if (last >= this.childBases[this.level]! && typeof children[last] === 'string') children[last] += text
    else if (text !== '') children.push(text)
  }

  private cdata(s: string, at: number): number {
    const visible = Math.min(this.visible - at, CDATA_START.length)
    if (!s.startsWith(CDATA_START.slice(0, visible), at)) {
      throw new StreamFault('restricted-xml', 'comment, DTD or other declaration')
    }
    if (visible < CDATA_START.length) return -1
    if (this.isFinished || this.level === 0) throw new StreamFault('not-well-formed', 'CDATA outside the root element')
    if (this.level === this.base) throw new StreamFault('bad-format', 'CDATA between stanzas')
    const from = at + CDATA_START.length
    const to = s.indexOf(']]>', from)
    if (to === -1 || to + 3 > this.visible) return -1
    this.addText(decodeCdata(s.slice(from, to)))
    return to + 3
  }

  /** The XML declaration of a stream; any other processing instruction is refused (RFC 6120 §11.1). */
  private declaration(s: string, at: number): number {
    const isAllowed = this.isAtStart && this.base === 1
    const visible = s.slice(at, Math.min(this.visible, at + MAX_DECLARATION_LENGTH))
    if (!isAllowed || !'<?xml'.startsWith(visible.slice(0, 5)) || !/^(?:[ \t\r\n]|$)/.test(visible.slice(5, 6))) {
      throw new StreamFault('restricted-xml', 'processing instruction')
    }
    const to = visible.indexOf('?>')
    if (to === -1) {
      if (visible.length < MAX_DECLARATION_LENGTH) return -1
      throw new StreamFault('not-well-formed', 'XML declaration too long')
    }
    const match = DECLARATION.exec(visible.slice(0, to + 2))
    if (!match) throw new StreamFault('not-well-formed', 'malformed XML declaration')
    const encoding = match[1] ?? match[2] ?? 'UTF-8'
    if (encoding.toUpperCase() !== 'UTF-8') throw new StreamFault('unsupported-encoding', 'encoding other than UTF-8')
    this.leaveStanza(s)
    return at + to + 2
  }

  private endTag(s: string, at: number): number {
    const { level, visible: end } = this
    if (level === 0) throw new StreamFault('not-well-formed', 'end tag without start tag')
    const name = this.rawNames[level]!
    let i = at + 2
    for (let k = 0; k < name.length; k++, i++) {
      if (i >= end) return -1
      if (s.charCodeAt(i) !== name.charCodeAt(k)) throw new StreamFault('not-well-formed', 'mismatched end tag')
    }
    for (; i < end; i++) {
      const c = s.charCodeAt(i)
      if (c === 0x3e) {
        this.closeElement(s)
        return i + 1
      }
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) {
        throw new StreamFault('not-well-formed', 'mismatched end tag')
      }
    }
    return -1
  }

  private closeElement(s: string): void {
    const { level, children } = this
    this.level = level - 1
    this.prefixes.length = this.uris.length = this.prefixCounts[level - 1]!
    if (level > this.base) {
      const element = this.open[level]!
      const first = this.childBases[level]!
      const count = children.length - first
      if (count === 1) element.children = [children[first]!]
      else if (count > 1) element.children = children.slice(first)
      if (level > this.base + 1) {
        children.length = first
        children.push(element)
        return
      }
      children.length = 0
      this.leaveStanza(s)
      if (this.base === 0) this.isFinished = true
      this.handlers.element(element)
      return
    }
    this.leaveStanza(s)
    this.isFinished = true
    this.handlers.close()
  }

  private startTag(s: string, at: number): number {
    if (this.isFinished) throw new StreamFault('not-well-formed', 'second root element')
    const depth = this.level - this.base + 1
    if (depth > 0) {
      if (depth > this.limits.maxDepth) throw new StreamFault('policy-violation', 'nested too deeply')
      if (this.elements >= this.limits.maxElements) throw new StreamFault('policy-violation', 'too many elements')
    }
    const end = this.visible
    let i = this.name(s, at + 1)
    if (i === -1) return -1
    const name = intern(s, at + 1, i, this.nameHash)
    const colon = this.nameColon
    let count = 0
    let hasDeclarations = false
    for (;;) {
      if (i >= end) return -1
      let c = s.charCodeAt(i)
      if (c === 0x3e) {
        i++
        break
      }
      if (c === 0x2f) {
        if (i + 1 >= end) return -1
        if (s.charCodeAt(i + 1) !== 0x3e) throw new StreamFault('not-well-formed', 'stray slash in a tag')
        this.openElement(name, colon, count, hasDeclarations)
        this.closeElementOrStream(s)
        return i + 2
      }
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)
        throw new StreamFault('not-well-formed', 'junk in a tag')
      do {
        if (++i >= end) return -1
        c = s.charCodeAt(i)
      } while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09)
      if (c === 0x3e || c === 0x2f) continue

      // An attribute.
      if (count >= this.limits.maxAttributes) throw new StreamFault('policy-violation', 'too many attributes')
      const nameStart = i
      i = this.name(s, i)
      if (i === -1) return -1
      const attrName = intern(s, nameStart, i, this.nameHash)
      const attrColon = this.nameColon
      c = s.charCodeAt(i)
      while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
        if (++i >= end) return -1
        c = s.charCodeAt(i)
      }
      if (c !== 0x3d) throw new StreamFault('not-well-formed', 'attribute without value')
      do {
        if (++i >= end) return -1
        c = s.charCodeAt(i)
      } while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09)
      if (c !== 0x22 && c !== 0x27) throw new StreamFault('not-well-formed', 'attribute value without quotes')
      const quote = c
      const valueStart = ++i
      let flags = 0
      let hash = 0
      for (; i < end; i++) {
        c = s.charCodeAt(i)
        if (c === quote) break
        hash = (Math.imul(hash, 31) + c) | 0
        if (c < 128) flags |= ASCII[c]!
        else if (c >= 0xfffe) flags |= SPECIAL_IN_VALUE
      }
      if ((flags & LESS_THAN) !== 0) throw new StreamFault('not-well-formed', '< in an attribute value')
      if (i === end) return -1
      const isDeclaration = attrName === 'xmlns' || attrColon !== -1
      let value: string
      if ((flags & SPECIAL_IN_VALUE) !== 0) value = decodeValue(s.slice(valueStart, i))
      else value = isDeclaration ? intern(s, valueStart, i, hash) : s.slice(valueStart, i)
      hasDeclarations ||= isDeclaration
      this.attrNames[count] = attrName
      this.attrValues[count] = value
      this.attrColons[count] = attrColon
      count++
      i++
    }
    this.openElement(name, colon, count, hasDeclarations)
    if (this.level <= this.base) this.openStream(s)
    return i
  }

  /** An empty-element tag: the element, or the stream, ends where it began. */
  private closeElementOrStream(s: string): void {
    if (this.level <= this.base) {
      this.openStream(s)
      if (this.isStopped) return
    }
    this.closeElement(s)
  }

  private openStream(s: string): void {
    this.leaveStanza(s)
    this.handlers.open(this.open[1]!, this.defaults[1]!)
  }

  /**
   * Reads a name, noting its hash and colon. Returns where it ends, which is before `end`, or -1 if it may go on.
   * @throws StreamFault
   */
  private name(s: string, from: number): number {
    const end = this.visible
    let i = from
    let hash = 0
    this.nameColon = -1
    let c = s.charCodeAt(i)
    if (i >= end) return -1
    if (c < 128) {
      if ((ASCII[c]! & NAME_START) === 0) throw badName(this.isAtStart, c)
      do {
        hash = (Math.imul(hash, 31) + c) | 0
        if (++i >= end) break
        c = s.charCodeAt(i)
      } while (c < 128 && (ASCII[c]! & NAME_CHAR) !== 0)
    }
    if (i < end && (c === 0x3a || c >= 128)) {
      i = this.nameBeyondAscii(s, from, i, hash)
    } else {
      this.nameHash = hash
      if (i - from > this.limits.maxNameBytes) throw nameTooLong()
    }
    return i >= end ? -1 : i
  }

  /** The rest of a name from the first colon or character beyond ASCII on. */
  private nameBeyondAscii(s: string, from: number, at: number, startHash: number): number {
    const end = this.visible
    const max = this.limits.maxNameBytes
    let i = at
    let hash = startHash
    let bytes = at - from
    if (bytes > max) throw nameTooLong()
    while (i < end) {
      const c = s.codePointAt(i)!
      if (c === 0x3a) {
        if (this.nameColon !== -1 || i === from) throw new StreamFault('not-well-formed', 'misplaced colon in a name')
        this.nameColon = i - from
      } else {
        const isStart = i === from || this.nameColon === i - from - 1
        if (c < 128) {
          if ((ASCII[c]! & (isStart ? NAME_START : NAME_CHAR)) === 0) {
            if (isStart) throw new StreamFault('not-well-formed', 'illegal name')
            break
          }
        } else if (!(isStart ? isNameStartBeyondAscii(c) : isNameCharBeyondAscii(c))) {
          throw new StreamFault('not-well-formed', 'illegal character in a name')
        }
      }
      bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4
      if (bytes > max) throw nameTooLong()
      const units = c > 0xffff ? 2 : 1
      for (let k = 0; k < units; k++) hash = (Math.imul(hash, 31) + s.charCodeAt(i + k)) | 0
      i += units
    }
    this.nameHash = hash
    return i
  }

  /** Resolves namespaces and puts the element into the tree. */
  private openElement(rawName: string, colon: number, count: number, hasDeclarations: boolean): void {
    const { attrNames, attrValues } = this
    const parentLevel = this.level
    const level = parentLevel + 1
    const { base } = this
    if (level > base) this.elements++
    for (let a = 1; a < count; a++) {
      const name = attrNames[a]
      for (let b = 0; b < a; b++)
        if (attrNames[b] === name) throw new StreamFault('not-well-formed', 'duplicate attribute')
    }
    let defaultNamespace = this.defaults[parentLevel]!
    let declarations = this.declarationCounts[parentLevel]!
    if (hasDeclarations) {
      for (let a = 0; a < count; a++) {
        const name = attrNames[a]!
        if (name === 'xmlns') {
          defaultNamespace = this.checkDefaultNamespace(attrValues[a]!)
          declarations++
        } else if (this.attrColons[a] === 5 && name.startsWith('xmlns:')) {
          this.declarePrefix(name.slice(6), attrValues[a]!)
          declarations++
        }
      }
      if (declarations > this.limits.maxNamespaces)
        throw new StreamFault('policy-violation', 'too many namespace declarations')
    }
    let localName = rawName
    let namespace = defaultNamespace
    if (colon !== -1) {
      localName = rawName.slice(colon + 1)
      namespace = this.lookUp(rawName.slice(0, colon), level)
      // Our trees have no prefixes, and the XML namespace cannot be a default namespace.
      if (namespace === NS_XML) throw new StreamFault('bad-namespace-prefix', 'element in the XML namespace')
    }

    const attrs = emptyAttrs()
    const isRoot = level <= base + 1
    if (isRoot || namespace !== this.namespaces[parentLevel]) {
      attrs['xmlns'] = namespace
      if (colon !== -1) this.countDeclared(namespace)
    }
    for (let a = 0; a < count; a++) {
      const name = attrNames[a]!
      if (hasDeclarations) {
        if (name === 'xmlns') continue
        if (this.attrColons[a] !== -1) {
          this.addPrefixed(attrs, a, level)
          continue
        }
      }
      attrs[name] = attrValues[a]!
    }

    const element = new Element(localName, attrs)
    if (level > base + 1) element.parent = this.open[parentLevel]!
    this.level = level
    this.open[level] = element
    this.rawNames[level] = rawName
    this.namespaces[level] = namespace
    this.defaults[level] = defaultNamespace
    this.prefixCounts[level] = this.prefixes.length
    this.declarationCounts[level] = declarations
    this.childBases[level] = this.children.length
  }

  private checkDefaultNamespace(uri: string): string {
    if (uri === NS_XML || uri === NS_XMLNS) throw new StreamFault('not-well-formed', 'reserved namespace')
    this.checkNamespaceLength(uri)
    return uri
  }

  private declarePrefix(prefix: string, uri: string): void {
    if (uri === '') throw new StreamFault('not-well-formed', 'empty namespace for a prefix')
    if (prefix === 'xmlns' || uri === NS_XMLNS || (prefix === 'xml') !== (uri === NS_XML)) {
      throw new StreamFault('not-well-formed', 'reserved prefix or namespace')
    }
    this.checkNamespaceLength(uri)
    this.prefixes.push(prefix)
    this.uris.push(uri)
  }

  /** A namespace is repeated wherever it is used, so a long one would multiply what a sender has to send. */
  private checkNamespaceLength(uri: string): void {
    if (uri.length > this.limits.maxNameBytes) throw new StreamFault('policy-violation', 'namespace too long')
  }

  /** Counts declarations that our tree has where the input had none, and so would be larger than it. */
  private countDeclared(uri: string): void {
    this.declaredBytes += uri.length
    if (this.declaredBytes > this.limits.maxStanzaBytes) throw tooLarge()
  }

  private lookUp(prefix: string, level: number): string {
    for (let i = this.prefixes.length - 1; i >= 0; i--) if (this.prefixes[i] === prefix) return this.uris[i]!
    if (prefix === 'xml') return NS_XML
    // RFC 6120 §4.9.3.2 is about the elements that make the stream; deeper down it is XML that is not well-formed.
    throw new StreamFault(level <= this.base + 1 ? 'bad-namespace-prefix' : 'not-well-formed', 'unbound prefix')
  }

  /** An attribute with a prefix: kept with it, its namespace declared on the same element; `xml:lang` needs none. */
  private addPrefixed(attrs: Attrs, index: number, level: number): void {
    const name = this.attrNames[index]!
    const colon = this.attrColons[index]!
    const prefix = name.slice(0, colon)
    if (prefix === 'xmlns') return
    const uri = this.lookUp(prefix, level)
    for (let other = 0; other < index; other++) {
      const otherColon = this.attrColons[other]!
      if (otherColon === -1) continue
      const otherName = this.attrNames[other]!
      const otherPrefix = otherName.slice(0, otherColon)
      if (otherPrefix === 'xmlns' || otherName.slice(otherColon + 1) !== name.slice(colon + 1)) continue
      if (this.lookUp(otherPrefix, level) === uri) throw new StreamFault('not-well-formed', 'duplicate attribute')
    }
    attrs[name] = this.attrValues[index]!
    if (prefix === 'xml') return
    const declaration = `xmlns:${prefix}`
    if (attrs[declaration] !== undefined) return
    attrs[declaration] = uri
    this.countDeclared(uri)
  }
}

function tooLarge(): StreamFault {
  return new StreamFault('policy-violation', 'stanza too large')
}

function nameTooLong(): StreamFault {
  return new StreamFault('policy-violation', 'name too long')
}

function badName(isAtStart: boolean, c: number): StreamFault {
  // UTF-16 shows itself by a zero byte after the first character.
  if (isAtStart && c === 0) return new StreamFault('unsupported-encoding', 'not UTF-8')
  return new StreamFault('not-well-formed', 'illegal name')
}

// Names and namespaces repeat all the time. A direct-mapped cache gives the string seen before instead of a new one: no
// allocation, comparison by identity, and a hash that V8 knows. What collides is replaced, so a sender of invented names
// costs the others speed, never memory.
const INTERN_SLOTS = 2048
const interned: string[] = Array.from({ length: INTERN_SLOTS }, () => '')

function intern(s: string, from: number, to: number, hash: number): string {
  const length = to - from
  const slot = (hash ^ (hash >>> 15)) & (INTERN_SLOTS - 1)
  const known = interned[slot]!
  if (known.length === length) {
    let k = 0
    while (k < length && known.charCodeAt(k) === s.charCodeAt(from + k)) k++
    if (k === length) return known
  }
  const fresh = s.slice(from, to)
  if (length > 64) return fresh
  // As a key, the string is copied out of the buffer it is a part of, which it would otherwise keep alive.
  const own = Object.keys({ [fresh]: 0 })[0]!
  interned[slot] = own
  return own
}
