import type { Element } from '@drawbridge/xmpp'

/**
 * An XML element. Those of xmpp.js have the same shape, so codecs of `packages/xmpp` read both; what goes out is built by
 * xmpp.js's own factory (connection.ts), since it sends nothing else.
 */
export type { Element }

/** What the factory takes as a child; `undefined`, `null` and `false` leave nothing behind. */
export type Child = Element | string | undefined | null | false

/** Builds an element: `xml('message', { to }, xml('body', {}, text))`. */
export type Xml = (name: string, attrs?: Record<string, string | undefined>, ...children: Child[]) => Element
