import { serialize } from './serialize.ts'

/** A node of an element's content: a child element or text. */
export type Node = Element | string

/** What the factory takes as content. Numbers become text; `undefined` and `null` are left out. */
export type Content = Element | string | number | undefined | null | readonly Content[]

/**
 * Attributes by name. Inherits from an empty object without prototype, so that a name such as `constructor` or
 * `__proto__` is a name and nothing else, while V8 keeps the object in its fast mode (with `Object.create(null)` it
 * does not).
 */
export type Attrs = Record<string, string>

const NOTHING = Object.freeze(Object.create(null) as object)
// A function, since only its `prototype` can be replaced; called once per element on the hot path.
const AttrsConstructor = function () {} as unknown as new () => Attrs
AttrsConstructor.prototype = NOTHING

/** An empty set of attributes. */
export function emptyAttrs(): Attrs {
  return new AttrsConstructor()
}

/**
 * An XML element, with the shape of the elements of ltx and xmpp.js, so that a codec runs on both.
 *
 * `name` may carry a prefix if one is declared in `attrs`; elements that our parser made never do: there `attrs.xmlns`
 * is present exactly where the namespace differs from the parent's, and on every root.
 */
export class Element {
  name: string
  attrs: Attrs
  children: Node[]
  parent: Element | null

  /** Takes `attrs` and `children` as they are; use `xml` to build elements. */
  constructor(name: string, attrs: Attrs = emptyAttrs(), children: Node[] = []) {
    this.name = name
    this.attrs = attrs
    this.children = children
    this.parent = null
  }

  /** Whether this is the element `name`, and, if given, of the namespace `xmlns`. */
  is(name: string, xmlns?: string): boolean {
    return this.getName() === name && (xmlns === undefined || this.getNS() === xmlns)
  }

  /** The name without prefix. */
  getName(): string {
    const colon = this.name.indexOf(':')
    return colon === -1 ? this.name : this.name.slice(colon + 1)
  }

  /** The namespace, from the nearest declaration here or above; `undefined` where none was declared. */
  getNS(): string | undefined {
    const colon = this.name.indexOf(':')
    const declaration = colon === -1 ? 'xmlns' : `xmlns:${this.name.slice(0, colon)}`
    for (let element: Element | null = this; element; element = element.parent) {
      const value = element.attrs[declaration]
      if (value !== undefined) return value
    }
    return undefined
  }

  /** The first child element `name`, in any namespace if `xmlns` is not given. */
  getChild(name: string, xmlns?: string): Element | undefined {
    for (const child of this.children) {
      if (typeof child !== 'string' && child.is(name, xmlns)) return child
    }
    return undefined
  }

  /** All child elements `name`, in any namespace if `xmlns` is not given. */
  getChildren(name: string, xmlns?: string): Element[] {
    return this.getChildElements().filter((child) => child.is(name, xmlns))
  }

  /** All child elements, without the text between them. */
  getChildElements(): Element[] {
    return this.children.filter((child) => typeof child !== 'string')
  }

  /** The text of the first child element `name`; `undefined` if there is none. */
  getChildText(name: string, xmlns?: string): string | undefined {
    return this.getChild(name, xmlns)?.getText()
  }

  /** The text directly inside, joined; that of child elements is not part of it. */
  getText(): string {
    const { children } = this
    if (children.length === 1 && typeof children[0] === 'string') return children[0]
    let text = ''
    for (const child of children) if (typeof child === 'string') text += child
    return text
  }

  /** The same as `getText`. */
  text(): string {
    return this.getText()
  }

  /** Adds content at the end and becomes the parent of the elements in it. */
  append(...content: Content[]): this {
    adopt(this, content)
    return this
  }

  /** Removes a child element; nothing happens if it is not a child. */
  remove(child: Element): this {
    const at = this.children.indexOf(child)
    if (at !== -1) {
      this.children.splice(at, 1)
      child.parent = null
    }
    return this
  }

  /** A deep copy without parent. It carries the namespace that the original had from its parents. */
  clone(): Element {
    const root = shallowCopy(this)
    const colon = this.name.indexOf(':')
    const declaration = colon === -1 ? 'xmlns' : `xmlns:${this.name.slice(0, colon)}`
    const namespace = this.getNS()
    if (namespace !== undefined) root.attrs[declaration] ??= namespace
    // A worklist, not recursion: depth is the sender's choice.
    const work: [from: Element, to: Element][] = [[this, root]]
    for (let next = work.pop(); next; next = work.pop()) {
      const [from, to] = next
      for (const child of from.children) {
        if (typeof child === 'string') {
          to.children.push(child)
          continue
        }
        const copy = shallowCopy(child)
        copy.parent = to
        to.children.push(copy)
        work.push([child, copy])
      }
    }
    return root
  }

  /** Writes the serialized form to `sink`, in one or more pieces. */
  write(sink: (text: string) => void): void {
    sink(serialize(this))
  }

  /** The serialized form. Throws if a name or a character is not legal in XML. */
  toString(): string {
    return serialize(this)
  }
}

/** Builds an element. Attributes whose value is `undefined` or `null` are left out; numbers become text. */
export function xml(
  name: string,
  attrs?: Readonly<Record<string, string | number | boolean | undefined | null>> | null,
  ...children: Content[]
): Element {
  const own = emptyAttrs()
  if (attrs) {
    for (const key of Object.keys(attrs)) {
      const value = attrs[key]
      if (value !== undefined && value !== null) own[key] = String(value)
    }
  }
  const element = new Element(name, own)
  if (children.length > 0) adopt(element, children)
  return element
}

function shallowCopy(element: Element): Element {
  const attrs = emptyAttrs()
  for (const key of Object.keys(element.attrs)) {
    const value = element.attrs[key]
    if (value !== undefined) attrs[key] = value
  }
  return new Element(element.name, attrs)
}

function adopt(parent: Element, content: readonly Content[]): void {
  for (const item of content) {
    if (item === undefined || item === null) continue
    if (typeof item === 'string') parent.children.push(item)
    else if (typeof item === 'number') parent.children.push(String(item))
    else if (isContentList(item)) adopt(parent, item)
    else {
      item.parent = parent
      parent.children.push(item)
    }
  }
}

function isContentList(content: Element | readonly Content[]): content is readonly Content[] {
  return Array.isArray(content)
}
