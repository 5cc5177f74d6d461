/**
 * An XML element, as xmpp.js makes them and as `packages/xmpp` shapes them. Codecs take this type, so they need neither
 * library and run in tests on either.
 */
export interface Element {
  readonly name: string
  readonly attrs: Record<string, string>
  readonly children: readonly (Element | string)[]
  is(name: string, xmlns?: string): boolean
  getNS(): string | undefined
  getChild(name: string, xmlns?: string): Element | undefined
  getChildren(name: string, xmlns?: string): Element[]
  getChildElements(): Element[]
  getChildText(name: string, xmlns?: string): string | null
  getText(): string
  toString(): string
}

/** What the factory takes as a child; `undefined`, `null` and `false` leave nothing behind. */
export type Child = Element | string | undefined | null | false

/** Builds an element: `xml('message', { to }, xml('body', {}, text))`. */
export type Xml = (name: string, attrs?: Record<string, string | undefined>, ...children: Child[]) => Element
