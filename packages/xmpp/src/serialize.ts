import type { Element } from './element.ts'
import { isName } from './characters.ts'

/** How to serialize. */
export interface SerializeOptions {
  /** The namespace in force where the text is put, such as `jabber:client` in a stream: not declared again. */
  readonly parentNS?: string
}

// What a text or an attribute value cannot be copied with: escapes, white space that a parser would normalize, and
// everything XML 1.0 §2.2 excludes, lone surrogates included.
const SPECIAL = /[\0-\x1f&<>"'\ud800-\udfff\ufffe\uffff]/
const EACH_SPECIAL = /[\0-\x1f&<>"'\ufffe\uffff]|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g

/**
 * The text of an element, for a stream, a WebSocket message or the archive. Walks the tree without recursion.
 * Throws if a name or a character cannot stand in XML, so that nothing malformed leaves.
 */
export function serialize(element: Element, options: SerializeOptions = {}): string {
  let out = ''
  // What is still to be written: an element with the default namespace around it, or a text that is ready.
  const work: (string | { element: Element; inherited: string | undefined })[] = [
    { element, inherited: options.parentNS },
  ]
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (typeof next === 'string') {
      out += next
      continue
    }
    const { element, inherited } = next
    const own = element.attrs['xmlns']
    out += startTag(element, inherited)
    const { children } = element
    if (children.length === 0) {
      out += '/>'
      continue
    }
    out += '>'
    if (children.length === 1 && typeof children[0] === 'string') {
      out += `${escapeText(children[0])}</${element.name}>`
      continue
    }
    work.push(`</${element.name}>`)
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i]
      if (child === undefined || child === '') continue
      work.push(typeof child === 'string' ? escapeText(child) : { element: child, inherited: own ?? inherited })
    }
  }
  return out
}

/** The start tag of an element, complete with `>`, as a stream header needs it. */
export function serializeStartTag(element: Element): string {
  return `${startTag(element, undefined)}>`
}

function startTag(element: Element, inherited: string | undefined): string {
  assertName(element.name)
  const { attrs } = element
  let out = `<${element.name}`
  for (const name in attrs) {
    const value = attrs[name]
    if (value === undefined || value === null) continue
    if (name === 'xmlns' && value === inherited) continue
    assertName(name)
    out += ` ${name}="${escapeAttribute(value)}"`
  }
  return out
}

const MAX_KNOWN_NAMES = 2048
const knownNames = new Set<string>()

function assertName(name: string): void {
  if (knownNames.has(name)) return
  if (!isName(name)) throw new Error(`not a name in XML: ${JSON.stringify(name.slice(0, 80))}`)
  // The names of the protocols are few; what senders invent must not pile up here.
  if (knownNames.size >= MAX_KNOWN_NAMES) knownNames.clear()
  if (name.length < 64) knownNames.add(name)
}

/** Text escaped for element content. Throws on a character that XML excludes. */
export function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replace(EACH_SPECIAL, replaceInText) : text
}

/** Text escaped for an attribute value in either kind of quotes. Throws on a character that XML excludes. */
export function escapeAttribute(text: string): string {
  return SPECIAL.test(text) ? text.replace(EACH_SPECIAL, replaceInAttribute) : text
}

function replaceInText(match: string): string {
  // A parser turns a raw carriage return into a line feed (XML 1.0 §2.11), but keeps a reference to it.
  if (match === '\t' || match === '\n') return match
  return replaceInAttribute(match)
}

function replaceInAttribute(match: string): string {
  switch (match) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    case '"':
      return '&quot;'
    case "'":
      return '&apos;'
    case '\t':
      return '&#9;'
    case '\n':
      return '&#10;'
    case '\r':
      return '&#13;'
    default:
      if (match.length === 2) return match
      throw new Error(`not a character in XML: U+${match.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`)
  }
}
