/** What one element may cost before the stream is closed with `policy-violation`. All values are inclusive maxima. */
export interface XmlLimits {
  /** Bytes of UTF-8 from the `<` that opens a first-level element to the `>` that ends it (RFC 6120 §13.12). */
  readonly maxStanzaBytes: number
  /** Levels below the stream; the first-level element itself is level 1. */
  readonly maxDepth: number
  /** Elements in one first-level element, itself included. */
  readonly maxElements: number
  /** Attributes on one element, namespace declarations included. */
  readonly maxAttributes: number
  /** Bytes of UTF-8 in one element or attribute name, prefix included. */
  readonly maxNameBytes: number
  /** Namespace declarations in scope at one place, those of the stream header included. */
  readonly maxNamespaces: number
}

/** An authenticated client stream. */
export const C2S_LIMITS: XmlLimits = Object.freeze({
  maxStanzaBytes: 256 * 1024,
  maxDepth: 32,
  maxElements: 2048,
  maxAttributes: 64,
  maxNameBytes: 256,
  maxNamespaces: 32,
})

/** A stream before authentication: a stranger gets little memory. */
export const PREAUTH_LIMITS: XmlLimits = Object.freeze({
  maxStanzaBytes: 8 * 1024,
  maxDepth: 32,
  maxElements: 32,
  maxAttributes: 64,
  maxNameBytes: 256,
  maxNamespaces: 32,
})
