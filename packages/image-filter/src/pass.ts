import { CODES } from '@drawbridge/contract'
import { buildImageRejected, holdsDataImage, holdsEncodedImage, NS_BOB, StanzaFault } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Around, Lookups } from './around.ts'
import { cut, walk } from './walk.ts'

/** How long a stanza with images in it waits for the sanitizer, in milliseconds (images §2). */
export const INLINE_TIMEOUT_MS = 2_000
/**
 * How long a stanza waits for what is fetched for it, all of its links together, in milliseconds. It and what the same
 * client sends after it wait, nobody else does (ADR 20).
 */
export const FETCH_TIMEOUT_MS = 5_000

/** RFC 6120 §8.1, and the namespace. */
const STANZA_ATTRIBUTES: ReadonlySet<string> = new Set(['xmlns', 'from', 'to', 'id', 'type', 'xml:lang'])

/** One stanza on its way through the filter. */
export class Pass {
  readonly root: Element
  readonly around: Around
  /** What has to be looked up; done in this order, after the walk. */
  readonly later: (() => Promise<void>)[] = []
  /** Something was taken out that somebody would miss. */
  hasLost = false
  #deadline: AbortSignal | undefined
  #fetchDeadline: AbortSignal | undefined
  #bits: Map<string, Element> | undefined

  constructor(root: Element, around: Around) {
    this.root = root
    this.around = around
  }

  get lookups(): Lookups {
    return this.around.lookups
  }

  /** The data of XEP-0231 that came with the stanza, by name. */
  get bits(): ReadonlyMap<string, Element> {
    if (this.#bits) return this.#bits
    const bits = new Map<string, Element>()
    for (const { element, namespace } of walk(this.root)) {
      const { cid } = element.attrs
      if (namespace === NS_BOB && element.name === 'data' && cid !== undefined) bits.set(cid, element)
    }
    return (this.#bits = bits)
  }

  /** All images of one stanza share it. */
  get deadline(): AbortSignal {
    return (this.#deadline ??= AbortSignal.timeout(INLINE_TIMEOUT_MS))
  }

  /** All that is fetched for one stanza shares it. */
  get fetchDeadline(): AbortSignal {
    return (this.#fetchDeadline ??= AbortSignal.timeout(FETCH_TIMEOUT_MS))
  }

  /**
   * Whether who made it can be told that it is refused. An answer must not be answered, and whoever asked waits for it
   * (RFC 6120 §8.2.3).
   */
  get isTold(): boolean {
    const { name, attrs } = this.root
    const isAnswer = name === 'iq' && (attrs['type'] === 'result' || attrs['type'] === 'error')
    return this.around.isRenewal === true || (this.around.edge !== 'stored' && !isAnswer)
  }

  /** Refuses the stanza for what is in it; where nobody can be told, the element goes instead (images §2). */
  refuse(element: Element, fault: StanzaFault): void {
    if (this.isTold || element === this.root) throw fault
    cut(element)
    this.hasLost = true
  }

  /**
   * Refuses a stanza that is an image by its addresses, its id or the like, which nothing can be put in the place of.
   * Where nobody can be told, it keeps what it cannot be without.
   */
  refuseRoot(fault: StanzaFault): void {
    if (this.around.edge !== 'stored') throw fault
    const { root } = this
    for (const [name, value] of Object.entries(root.attrs)) {
      const safe = [value, value.split('/', 1)[0]!].find((text) => !holdsEncodedImage(text) && !holdsDataImage(text))
      if (safe === undefined || !STANZA_ATTRIBUTES.has(name)) delete root.attrs[name]
      else root.attrs[name] = safe
    }
    root.children = root.getChildElements()
    this.hasLost = true
  }

  /** Does what may find an image that has to be refused. */
  async orRefuse(element: Element, clean: () => Promise<void>): Promise<void> {
    try {
      await clean()
    } catch (error) {
      if (!(error instanceof StanzaFault)) throw error
      this.refuse(element, error)
    }
  }
}

/** The fault of a row of the error table. */
export function faultOf(code: keyof typeof CODES, app?: Element): StanzaFault {
  const { type, condition, text } = CODES[code]
  return new StanzaFault({ type, condition, text: text.en, app })
}

/** The error of an image that is not let through, for people and for programs (images §2). */
export function imageRefused(reason: string): StanzaFault {
  return faultOf('image-rejected', buildImageRejected(reason))
}
