import {
  buildStreamError,
  errorReply,
  NS_CLIENT,
  NS_STREAM,
  serialize,
  StanzaFault,
  stanzaFrom,
  xml,
} from '@drawbridge/xmpp'
import type { Element, Stanza, StreamErrorCondition, StreamFault, XmlLimits } from '@drawbridge/xmpp'
import { findJid } from '@drawbridge/xmpp'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ComponentLink, Components } from '../routing/components.ts'
import type { Connection, StreamHandler } from '../transport/connection.ts'
import { countStreamError } from './events.ts'
import { Queries } from './queries.ts'

const NS_COMPONENT = 'jabber:component:accept'
/** Stanzas of a component that are under way at once; beyond it, it is not read. */
export const PENDING_MAX = 256
/** Questions of the server to a component at once; one more gets no answer. */
export const QUESTIONS_MAX = 64
/** Bytes that a component may leave unread before it counts as stuck. */
export const BUFFER_MAX_BYTES = 8 * 1024 * 1024

export interface ComponentServer {
  readonly domain: string
  /** Shared secret of each component, by label. */
  readonly secrets: ReadonlyMap<string, string>
  readonly components: Components
  readonly limits: XmlLimits
  readonly handshakeTimeoutMs: number
  /** Takes a stanza all its way, the filters of every entrance included; what goes wrong is sent to the link. */
  route(stanza: Stanza, link: ComponentLink): Promise<void>
  failed(error: unknown): void
}

/**
 * XEP-0114: one external component. It proves a shared secret and then speaks for its own domain and those that the
 * operator has given to it, for everything at them and for nothing else. What it sends passes the same filters and rules as what a client sends.
 */
export class ComponentStream implements StreamHandler, ComponentLink {
  readonly #server: ComponentServer
  readonly #connection: Connection
  readonly #id = randomBytes(16).toString('base64url')
  readonly #deadline: NodeJS.Timeout
  readonly #queries = new Queries(QUESTIONS_MAX)
  #label: string | undefined
  #isOpen = false
  #isBound = false
  #isClosed = false
  #pending = 0

  constructor(server: ComponentServer, connection: Connection) {
    this.#server = server
    this.#connection = connection
    this.#deadline = setTimeout(() => this.#fail('connection-timeout'), server.handshakeTimeoutMs)
  }

  open(header: Element, contentNamespace = ''): void {
    if (this.#isClosed) return
    if (this.#isOpen) return this.#fail('bad-format')
    const { domain, secrets } = this.#server
    const to = header.attrs['to'] ?? ''
    const label = to.endsWith(`.${domain}`) ? to.slice(0, -domain.length - 1) : ''
    this.#writeHeader(to)
    if (header.getNS() !== NS_STREAM || contentNamespace !== NS_COMPONENT) return this.#fail('invalid-namespace')
    if (!secrets.has(label)) return this.#fail('host-unknown')
    this.#label = label
  }

  #writeHeader(from: string): void {
    this.#isOpen = true
    const attrs = { xmlns: NS_COMPONENT, 'xmlns:stream': NS_STREAM, from, id: this.#id }
    const whole = serialize(xml('stream:stream', attrs))
    this.#connection.write(`<?xml version="1.0"?>${whole.replace(/\/>$/, '>')}`)
  }

  element(element: Element): void {
    if (this.#isClosed) return
    // It has found an error, and with that its stream is over (RFC 6120 §4.9.1.1).
    if (element.getNS() === NS_STREAM && element.name === 'error') return this.close()
    if (element.getNS() !== NS_COMPONENT) return this.#fail('unsupported-stanza-type')
    if (!this.#isBound) return this.#handshake(element)
    if (element.name !== 'message' && element.name !== 'presence' && element.name !== 'iq') {
      return this.#fail('unsupported-stanza-type')
    }
    this.#receive(element)
  }

  /** §2, steps 3 and 4: SHA-1 of the stream's id and the secret, in lower case. */
  #handshake(element: Element): void {
    const { secrets, components, limits } = this.#server
    const label = this.#label ?? ''
    const secret = secrets.get(label)
    const given = createHash('sha256').update(element.getText().trim()).digest()
    const digest = createHash('sha1')
      .update(`${this.#id}${secret ?? ''}`)
      .digest('hex')
    const isRight = timingSafeEqual(given, createHash('sha256').update(digest).digest())
    if (element.name !== 'handshake' || secret === undefined || !isRight) return this.#fail('not-authorized')
    if (!components.attach(label, this)) return this.#fail('conflict')
    clearTimeout(this.#deadline)
    this.#isBound = true
    this.#connection.setLimits(limits)
    this.#connection.write('<handshake/>')
  }

  #receive(element: Element): void {
    const from = findJid(element.attrs['from'] ?? '')
    // §3: a component may use any address at its domain; anybody else's is forged (RFC 6120 §8.1.2.2).
    if (!from || !this.#server.components.has(this.#label ?? '', from.domainpart)) return this.#fail('invalid-from')
    if (element.attrs['to'] === undefined) return this.#fail('improper-addressing')
    element.attrs['xmlns'] = NS_CLIENT
    element.attrs['from'] = from.toString()
    let stanza: Stanza
    try {
      stanza = stanzaFrom(element, { from })
    } catch (error) {
      if (!(error instanceof StanzaFault)) throw error
      const reply = errorReply(element, error)
      if (reply) this.send(reply)
      return
    }
    if (this.#queries.isAnswer(stanza)) return
    if (++this.#pending === PENDING_MAX) this.#connection.pause('pending')
    void this.#server
      .route(stanza, this)
      .catch((error: unknown) => this.#server.failed(error))
      .then(() => {
        if (this.#pending-- === PENDING_MAX) this.#connection.resume('pending')
      })
  }

  send(element: Element): void {
    if (this.#isClosed) return
    // Its stream has declared another namespace for the same stanzas, so they need none of their own.
    this.#connection.write(serialize(element, { parentNS: NS_CLIENT }))
    if (this.#connection.pendingBytes > BUFFER_MAX_BYTES) this.#fail('resource-constraint')
  }

  get waiting(): ComponentLink['waiting'] {
    return { stanzas: this.#pending, questions: this.#queries.size, bytes: this.#connection.pendingBytes }
  }

  ask(from: string, request: (id: string) => Element): Promise<Element | undefined> {
    return this.#queries.ask(from, (id) => this.send(request(id)))
  }

  close(): void {
    this.#finish(undefined)
  }

  fault({ condition, text }: StreamFault): void {
    this.#fail(condition, text)
  }

  failed(error: unknown): void {
    this.#server.failed(error)
    this.#fail('internal-server-error')
  }

  gone(): void {
    this.#stop()
  }

  #fail(condition: StreamErrorCondition, text?: string): void {
    if (this.#isClosed) return
    if (!this.#isOpen) this.#writeHeader(this.#server.domain)
    countStreamError({ condition })
    this.#finish(buildStreamError(condition, text))
  }

  #finish(error: Element | undefined): void {
    this.#stop()
    if (error) this.#connection.write(error.toString())
    this.#connection.write('</stream:stream>')
    this.#connection.end()
  }

  #stop(): void {
    this.#isClosed = true
    clearTimeout(this.#deadline)
    this.#queries.end()
    if (this.#isBound && this.#label !== undefined) this.#server.components.detach(this.#label, this)
  }
}
