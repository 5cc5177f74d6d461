import { buildDelay, escapeAttribute, NS_CLIENT, NS_DELAY, serialize } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { UPLOAD_PATH } from '../blobs/link.ts'
import { keyOf, withoutImages } from './withheld.ts'
import type { Withheld } from './withheld.ts'

export type Framing = 'tcp' | 'ws'

/** What is sent again within this time, in milliseconds, is not worth a remark. */
const LATE_MS = 1_000

export interface ArchivedAt {
  readonly owner: string
  readonly position: number
}

/**
 * A stanza on its way out, serialized once per framing however many sessions get it. A WebSocket message is a document
 * of its own and needs the namespace (RFC 7395 §3.3); on TCP the stream has declared it.
 */
export class Outgoing {
  readonly element: Element
  readonly kind: string
  /** The archive row this is a copy of; handing it over moves the owner's offline cursor (durability §5.11). */
  readonly archived: ArchivedAt | undefined
  #sentAt = Date.now()
  #tcp: string | undefined
  #ws: string | undefined
  #hasFileLinks: boolean | undefined
  #without: Map<string, Outgoing> | undefined

  constructor(element: Element, archived?: ArchivedAt) {
    this.element = element
    this.kind = element.name
    this.archived = archived
  }

  /** The bytes for one connection, with the stanza's own `to`. */
  text(framing: Framing): string {
    if (framing === 'tcp') return (this.#tcp ??= serialize(this.element, { parentNS: NS_CLIENT }))
    return (this.#ws ??= withNamespace(this.text('tcp'), this.kind))
  }

  /** Its text may hold links to files, which each session gets as its own. Looked up once for all of them. */
  get hasFileLinks(): boolean {
    return (this.#hasFileLinks ??= this.text('tcp').includes(UPLOAD_PATH))
  }

  /**
   * What a session gets from which this is withheld: this one, where it holds nothing of it. Made once for all who share
   * it, and never for the others.
   */
  without(withheld: Withheld): Outgoing {
    const key = keyOf(withheld)
    const known = this.#without?.get(key)
    if (known) return known
    const element = withoutImages(this.text('ws'), withheld)
    const made = element ? new Outgoing(element, this.archived) : this
    made.#sentAt = this.#sentAt
    this.#without ??= new Map()
    this.#without.set(key, made)
    return made
  }

  /** Length of its text, near enough for limits of memory. */
  get length(): number {
    return this.text('tcp').length
  }

  /** The text for another try after a resumption: a message says when it was sent first (XEP-0198 §5, XEP-0203). */
  textAgain(framing: Framing, domain: string): string {
    const text = this.text(framing)
    const isLate = Date.now() - this.#sentAt >= LATE_MS
    if (this.kind !== 'message' || !isLate || this.element.getChild('delay', NS_DELAY)) return text
    const delay = buildDelay({ stamp: new Date(this.#sentAt), from: domain }).toString()
    const end = `</${this.kind}>`
    return text.endsWith(end) ? `${text.slice(0, -end.length)}${delay}${end}` : `${text.slice(0, -2)}>${delay}${end}`
  }
}

/**
 * One stanza for many recipients that differ in `to` only: the bytes after it are serialized once. The element must not
 * have a `to` of its own.
 */
export class Broadcast {
  readonly #tail: string
  readonly #name: string
  readonly element: Element
  /** See `Outgoing.hasFileLinks`. */
  readonly hasFileLinks: boolean
  readonly #without = new Map<string, Broadcast>()

  constructor(element: Element) {
    if (element.attrs['to'] !== undefined) throw new Error('a broadcast has no `to` of its own')
    this.element = element
    this.#name = element.name
    this.#tail = serialize(element, { parentNS: NS_CLIENT }).slice(element.name.length + 1)
    this.hasFileLinks = this.#tail.includes(UPLOAD_PATH)
  }

  get length(): number {
    return this.#tail.length
  }

  /** See `Outgoing.without`. */
  without(withheld: Withheld): Broadcast {
    const key = keyOf(withheld)
    const known = this.#without.get(key)
    if (known) return known
    const element = withoutImages(`<${this.#name} xmlns="${NS_CLIENT}"${this.#tail}`, withheld)
    const made = element ? new Broadcast(element) : this
    this.#without.set(key, made)
    return made
  }

  /** The bytes for one recipient. */
  text(framing: Framing, to: string): string {
    const xmlns = framing === 'ws' ? ` xmlns="${NS_CLIENT}"` : ''
    return `<${this.#name}${xmlns} to="${escapeAttribute(to)}"${this.#tail}`
  }

  /**
   * The stanza for one recipient. Its `element` is the shared one, without `to`.
   *
   * @param archived - see `Outgoing.archived`
   */
  to(jid: string, archived?: ArchivedAt): Outgoing {
    return new AddressedCopy(this, jid, archived)
  }
}

/** One recipient's copy of a broadcast: it holds an address, not the bytes. */
class AddressedCopy extends Outgoing {
  readonly #broadcast: Broadcast
  readonly #to: string

  constructor(broadcast: Broadcast, to: string, archived: ArchivedAt | undefined) {
    super(broadcast.element, archived)
    this.#broadcast = broadcast
    this.#to = to
  }

  override text(framing: Framing): string {
    return this.#broadcast.text(framing, this.#to)
  }

  override get hasFileLinks(): boolean {
    return this.#broadcast.hasFileLinks
  }

  override without(withheld: Withheld): Outgoing {
    const broadcast = this.#broadcast.without(withheld)
    return broadcast === this.#broadcast ? this : broadcast.to(this.#to, this.archived)
  }

  override get length(): number {
    return this.#broadcast.length + this.#to.length
  }
}

function withNamespace(text: string, name: string): string {
  return `<${name} xmlns="${NS_CLIENT}"${text.slice(name.length + 1)}`
}
