import {
  buildSmAnswer,
  buildSmRequest,
  buildStreamError,
  errorReply,
  findCaps,
  findJid,
  NS_FRAMING,
  smAdvance,
  StanzaFault,
  stanzaFrom,
  xml,
} from '@drawbridge/xmpp'
import type { Element, Jid, Stanza, StreamErrorCondition } from '@drawbridge/xmpp'
import { identify } from '@drawbridge/policy'
import type { Claim, ClientIdentity } from '@drawbridge/policy'
import type { Account } from '../routing/accounts.ts'
import type { OfflineCursors } from '../routing/cursor.ts'
import type { Connection } from '../transport/connection.ts'
import { countStreamError } from './events.ts'
import { Inbound } from './inbound.ts'
import { Outgoing } from '../routing/outgoing.ts'
import type { OutboundQueue } from './resume.ts'

/** Unfinished stanzas of one session beyond which its socket is not read (backpressure). */
const PENDING_MAX = 256
/** Unsent bytes beyond which a reader counts as stuck. */
const BUFFER_MAX_BYTES = 4 * 1024 * 1024
/** A client that leaves may have sent something just before; so long that is waited for, in milliseconds. */
const LEAVE_WAIT_MS = 10_000
/** How long a client has to answer a question of ours, in milliseconds. */
const QUERY_TIMEOUT_MS = 10_000

/** What a session needs from the server around it. */
export interface SessionHost {
  readonly cursors: OfflineCursors
  /** The client announced other capabilities (XEP-0115): evidence of what it is. Called before the stanza is looked at. */
  capsAnnounced(session: Session, node: string): void
  /** See `Feature.enter`. Rejects with a `StanzaFault` only. */
  enter(stanza: Stanza, session: Session): Promise<void> | undefined
  /** Never rejects: whatever goes wrong is answered to the sender. */
  route(stanza: Stanza, session: Session, n: number): Promise<void>
  /** See `Feature.outbound`. */
  mayReceive(element: Element, session: Session): boolean
  /** See `Feature.personalize`. */
  personalize(text: string, session: Session): string
  /** Writes the handled count of a resumable stream; resolves with what is stored. */
  persistHandled(session: Session, h: number): Promise<number>
  /** A fault of ours that nobody else hears of. */
  failed(what: string, error: unknown): void
  /** The session is over: it must leave the registry, and its contacts must hear of it. */
  ended(session: Session): void
}

interface Arrived {
  readonly n: number
  readonly stanza: Stanza
  cleaning: Promise<void> | undefined | 'not-asked'
}

interface Query {
  /** The JID that asked, whom the answer is for. */
  readonly from: string
  readonly resolve: (reply: Element | undefined) => void
  readonly timer: NodeJS.Timeout
}

const ACK_REQUEST = buildSmRequest().toString()

let queryCount = 0

/** A bound resource (RFC 6120 §7). It outlives its connection while the client may come back (XEP-0198 §5). */
export class Session {
  readonly account: Account
  readonly jid: Jid
  readonly signedInAt = new Date()
  readonly remoteAddress: string
  /** What its client is, by everything that was said about it. */
  client: ClientIdentity
  #claims: readonly Claim[]
  /** The presence last broadcast; absent while unavailable. */
  presence: Element | undefined
  /** Of the available presence (RFC 6121 §4.7.2.3); absent while unavailable. */
  priority: number | undefined
  /** Has asked for the roster and gets pushes (RFC 6121 §2.1.6). */
  isInterested = false
  hasCarbons = false
  /** What a feature keeps about this session, under its own name. */
  readonly notes = new Map<string, unknown>()
  #capsNode: string | undefined
  /** Own and foreign stanzas wait until the client is known (control §3.1, limbo). */
  #isLimbo = false
  connection: Connection | undefined
  /** Of its connection, or the last one it had. */
  framing: Connection['framing']
  outbound: OutboundQueue | undefined
  readonly #host: SessionHost
  readonly #inbound = new Inbound()
  /** Stanzas received before stream management was on are not counted (XEP-0198 §4). */
  #base = 0
  readonly #queue: Arrived[] = []
  readonly #queries = new Map<string, Query>()
  readonly #held = new Map<string, Outgoing>()
  readonly #idle: (() => void)[] = []
  #isBusy = false
  #inFlight = 0
  #isPaused = false
  #isActive = true
  #isEnded = false
  #leaving: NodeJS.Timeout | undefined
  #persistedH = 0
  #ackSent = 0
  #ackWanted = 0
  #isAckDue = false
  #isAskDue = false
  #isPersisting = false

  constructor(host: SessionHost, account: Account, jid: Jid, claims: readonly Claim[], connection: Connection) {
    this.#host = host
    this.account = account
    this.jid = jid
    this.#claims = claims
    this.client = identify(claims)
    this.connection = connection
    this.framing = connection.framing
    this.remoteAddress = connection.remoteAddress
  }

  /** Known to XEP-0198; absent when the client did not ask to resume. */
  get resumeId(): string | undefined {
    return this.outbound?.canResume && !this.#leaving ? this.outbound.id : undefined
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  get isLimbo(): boolean {
    return this.#isLimbo
  }

  get isActive(): boolean {
    return this.#isActive
  }

  /** What the stream's next committed batch may count as handled. */
  readonly prefixWith = (ns: readonly number[]): number =>
    Math.max(0, this.#inbound.prefixWith(ns.map((n) => n + this.#base)) - this.#base)

  /** Finished stanzas since stream management is on. */
  get #finished(): number {
    return Math.max(0, this.#inbound.prefix - this.#base)
  }

  /** Turns stream management on; counting starts here. */
  enableManagement(outbound: OutboundQueue): void {
    this.outbound = outbound
    this.#base = this.#inbound.received
    this.#persistedH = 0
    this.#ackSent = 0
    this.#ackWanted = 0
  }

  // --- in ---------------------------------------------------------------------------------------------------------

  /** Takes one stanza from the client, in order. Returns a stream error when the stream cannot go on. */
  receive(element: Element): StreamErrorCondition | undefined {
    if (!this.#isOwnFrom(element.attrs['from'])) return 'invalid-from'
    element.attrs['from'] = this.jid.toString()
    const n = this.#inbound.next()
    let stanza: Stanza
    try {
      stanza = stanzaFrom(element, { from: this.jid })
    } catch (error) {
      if (!(error instanceof StanzaFault)) throw error
      this.#done(n)
      this.#reply(errorReply(element, error))
      return undefined
    }
    if (stanza.kind === 'iq' && this.#answersQuery(stanza)) {
      this.#done(n)
      return undefined
    }
    if (stanza.kind === 'presence') this.#lookAtCaps(element)
    // What it announced may have cost it the session.
    if (this.#isEnded) return undefined
    this.#queue.push({ n, stanza, cleaning: 'not-asked' })
    if (!this.#isPaused && this.#queue.length + this.#inFlight >= PENDING_MAX) {
      this.#isPaused = true
      this.connection?.pause('pending')
    }
    this.#pump()
    return undefined
  }

  /** Takes what one more source says about the client; what the same source said before is forgotten. */
  learn(claim: Claim): void {
    this.#claims = [...this.#claims.filter(({ source }) => source !== claim.source), claim]
    this.client = identify(this.#claims)
  }

  #lookAtCaps(presence: Element): void {
    const node = findCaps(presence)?.node
    if (node === undefined || node === this.#capsNode) return
    this.#capsNode = node
    this.#host.capsAnnounced(this, node)
  }

  /** Holds the client's stanzas back until `leaveLimbo`. */
  enterLimbo(): void {
    this.#isLimbo = true
  }

  leaveLimbo(): void {
    this.#isLimbo = false
    this.#pump()
  }

  /** Asks the client something; resolves with its reply, or with nothing after a time or at the end. */
  query(payload: Element, from: string): Promise<Element | undefined> {
    const id = `q${++queryCount}`
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, undefined), QUERY_TIMEOUT_MS)
      this.#queries.set(id, { from, resolve, timer })
      this.send(xml('iq', { type: 'get', id, from, to: this.jid.toString() }, payload))
    })
  }

  /** Resolves when everything received so far is done. */
  idle(): Promise<void> {
    if (!this.#hasWork) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  get #hasWork(): boolean {
    return this.#queue.length > 0 || this.#isBusy || this.#inFlight > 0
  }

  /**
   * Messages run at once and finish at their commit; anything else waits for the messages before it and runs alone, so
   * that what a client sends takes effect in its order (RFC 6120 §10.1).
   */
  #pump(): void {
    while (!this.#isBusy && !this.#isLimbo && !this.#isEnded) {
      const [arrived] = this.#queue
      if (!arrived) break
      const { n, stanza } = arrived
      if (arrived.cleaning === 'not-asked') arrived.cleaning = this.#host.enter(stanza, this)
      const { cleaning } = arrived
      if (stanza.kind === 'message' && cleaning === undefined) {
        this.#queue.shift()
        this.#inFlight++
        void this.#run(arrived).then(() => {
          this.#inFlight--
          this.#finish(n)
        })
        continue
      }
      if (this.#inFlight > 0) return
      this.#queue.shift()
      this.#isBusy = true
      void this.#run(arrived).then(() => {
        this.#isBusy = false
        this.#finish(n)
      })
    }
  }

  /** Takes one stanza all its way. Never rejects. */
  async #run({ n, stanza, cleaning }: Arrived): Promise<void> {
    try {
      if (cleaning instanceof Promise) {
        try {
          await cleaning
        } catch (error) {
          if (!(error instanceof StanzaFault)) throw error
          return this.#reply(errorReply(stanza.element, error))
        }
      }
      await this.#host.route(stanza, this, n - this.#base)
    } catch (error) {
      this.#host.failed('a stanza failed', error)
    }
  }

  #finish(n: number): void {
    this.#done(n)
    this.#pump()
    if (this.#isPaused && this.#queue.length + this.#inFlight < PENDING_MAX / 2) {
      this.#isPaused = false
      this.connection?.resume('pending')
    }
    if (this.#hasWork) return
    for (const resolve of this.#idle.splice(0)) resolve()
    if (this.#leaving) this.end()
  }

  #isOwnFrom(from: string | undefined): boolean {
    if (from === undefined || from === this.jid.toString() || from === this.jid.bareString) return true
    const jid = findJid(from)
    return jid !== undefined && (jid.equals(this.jid) || jid.equals(this.jid.bare))
  }

  #answersQuery(stanza: Stanza): boolean {
    if (stanza.type !== 'result' && stanza.type !== 'error') return false
    const query = stanza.id === undefined ? undefined : this.#queries.get(stanza.id)
    if (!query || stanza.id === undefined || stanza.to?.toString() !== query.from) return false
    this.#settle(stanza.id, stanza.element)
    return true
  }

  #settle(id: string, reply: Element | undefined): void {
    const query = this.#queries.get(id)
    if (!query) return
    this.#queries.delete(id)
    clearTimeout(query.timer)
    query.resolve(reply)
  }

  #reply(element: Element | undefined): void {
    if (element) this.send(element)
  }

  // --- acknowledging (XEP-0198 §4) -------------------------------------------------------------------------------------

  /** `<r/>`: answered at once with what is durable, and again when more is. */
  acknowledge(): void {
    this.#ackWanted = this.#inbound.received - this.#base
    this.#sendAck()
    this.#persistIfWanted()
  }

  /** The committed count, raised by the batch that carried a message of this stream. */
  handledIsDurable(h: number): void {
    if (h <= this.#persistedH) return
    this.#persistedH = h
    this.#ackLater()
  }

  get handled(): number {
    return this.#persistedH
  }

  /** Makes everything finished durable; for `<resumed/>`, whose `h` must not be lower than what is done. */
  async persistHandled(): Promise<number> {
    const finished = this.#finished
    if (finished > this.#persistedH) this.handledIsDurable(await this.#host.persistHandled(this, finished))
    return this.#persistedH
  }

  #done(n: number): void {
    this.#inbound.done(n)
    if (!this.outbound?.canResume) this.handledIsDurable(this.#finished)
    else this.#persistIfWanted()
  }

  /** Stanzas that leave no rows extend the prefix, too; they are counted in the database only when somebody asks. */
  #persistIfWanted(): void {
    const isBehind = this.#finished > this.#persistedH && this.#ackWanted > this.#persistedH
    if (!isBehind || this.#isPersisting || this.#inFlight > 0 || !this.outbound?.canResume) return
    this.#isPersisting = true
    void this.persistHandled()
      .catch(() => undefined)
      .then(() => {
        this.#isPersisting = false
      })
  }

  #ackLater(): void {
    if (this.#isAckDue || !this.outbound || this.#ackSent >= this.#ackWanted) return
    this.#isAckDue = true
    setImmediate(() => {
      this.#isAckDue = false
      if (this.#ackSent < this.#ackWanted && this.#persistedH > this.#ackSent) this.#sendAck()
    })
  }

  #sendAck(): void {
    this.#ackSent = this.#persistedH
    this.connection?.write(buildSmAnswer(smAdvance(0, this.#persistedH)).toString())
  }

  /** The client's `<a/>`. Throws `HandledTooMuch`. */
  acknowledged(h: number): void {
    for (const outgoing of this.outbound?.acknowledge(h) ?? []) {
      if (outgoing.archived) this.#host.cursors.handed(outgoing.archived)
    }
    this.#askLater()
  }

  #askLater(): void {
    if (this.#isAskDue || !this.outbound) return
    this.#isAskDue = true
    setImmediate(() => {
      this.#isAskDue = false
      if (this.connection && this.outbound?.shouldAsk()) this.connection.write(ACK_REQUEST)
    })
  }

  // --- out --------------------------------------------------------------------------------------------------------------

  /** Sends one stanza to this client; while it is away, it is kept for its return. Never waits. */
  send(stanza: Outgoing | Element): void {
    if (this.#isEnded) return
    const outgoing = stanza instanceof Outgoing ? stanza : new Outgoing(stanza)
    if (!this.#host.mayReceive(outgoing.element, this)) return
    if (!this.#isActive && this.#canWait(outgoing)) return
    this.#release()
    this.#write(outgoing)
  }

  /** Writes something that is not a stanza and is not counted. */
  sendNonza(text: string): void {
    this.connection?.write(text)
  }

  #write(outgoing: Outgoing): void {
    const { connection, outbound } = this
    if (outbound) {
      if (outbound.isFull) {
        this.end('resource-constraint', 'Too much is waiting to be acknowledged.')
        return
      }
      outbound.push(outgoing)
      this.#askLater()
    }
    if (!connection) return
    connection.write(this.#own(outgoing, outgoing.text(connection.framing)))
    if (!outbound && outgoing.archived) this.#host.cursors.handed(outgoing.archived)
    if (connection.pendingBytes > BUFFER_MAX_BYTES) this.#isStuck(connection)
  }

  /** Everybody gets the same text, but for links to files: those are made this session's own. */
  #own(outgoing: Outgoing, text: string): string {
    return outgoing.hasFileLinks ? this.#host.personalize(text, this) : text
  }

  /** A slow reader costs only itself: it catches up after resuming, or from the archive. */
  #isStuck(connection: Connection): void {
    if (!this.resumeId) {
      this.end('resource-constraint', 'The connection does not take what is sent.')
      return
    }
    connection.destroy()
  }

  // --- client state indication (XEP-0352) -------------------------------------------------------------------------------

  setActive(isActive: boolean): void {
    this.#isActive = isActive
    if (isActive) this.#release()
  }

  /** Presence of an inactive client waits for something that does not, or for the client; the newest per sender wins. */
  #canWait(outgoing: Outgoing): boolean {
    const { type, from } = outgoing.element.attrs
    if (outgoing.kind !== 'presence' || (type !== undefined && type !== 'unavailable') || from === undefined)
      return false
    this.#held.delete(from)
    this.#held.set(from, outgoing)
    return true
  }

  #release(): void {
    if (this.#held.size === 0) return
    const held = [...this.#held.values()]
    this.#held.clear()
    for (const outgoing of held) this.#write(outgoing)
  }

  // --- life -------------------------------------------------------------------------------------------------------------

  /** The connection is gone; the session waits for the client to come back. */
  detach(): void {
    this.connection = undefined
    this.#isPaused = false
  }

  /** The client is back on another connection (XEP-0198 §5): what it has not acknowledged is sent again. */
  attach(connection: Connection, h: number, resumed: string): void {
    for (const outgoing of this.outbound?.acknowledge(h) ?? []) {
      if (outgoing.archived) this.#host.cursors.handed(outgoing.archived)
    }
    this.connection = connection
    this.framing = connection.framing
    this.#ackSent = this.#persistedH
    this.#ackWanted = this.#persistedH
    this.#isActive = true
    connection.write(resumed)
    for (const outgoing of this.outbound?.unacknowledged() ?? []) {
      connection.write(this.#own(outgoing, outgoing.textAgain(connection.framing, this.jid.domainpart)))
    }
    this.#release()
    this.#askLater()
  }

  /**
   * The client has gone for good, or closed its stream: what it sent before that is still done, then the session ends.
   * It can no longer be resumed.
   */
  leave(): void {
    // Nobody knows yet whether what a client in limbo sent may be done.
    if (!this.#hasWork || this.#isLimbo) return this.end()
    this.#leaving ??= setTimeout(() => this.end(), LEAVE_WAIT_MS)
  }

  /** Ends the session, and its stream with this error if it is connected. Safe to call twice. */
  end(condition?: StreamErrorCondition, text?: string, ...details: Element[]): void {
    if (this.#isEnded) return
    const { connection } = this
    if (connection && condition) countStreamError({ condition })
    if (connection) sayGoodbye(connection, condition && buildStreamError(condition, text, ...details))
    clearTimeout(this.#leaving)
    this.#isEnded = true
    this.connection = undefined
    this.#queue.length = 0
    for (const id of this.#queries.keys()) this.#settle(id, undefined)
    for (const resolve of this.#idle.splice(0)) resolve()
    this.#host.ended(this)
  }
}

/** Closes a stream, with an error or without (RFC 6120 §4.4, RFC 7395 §3.6), and its connection. */
export function sayGoodbye(connection: Connection, error: Element | undefined): void {
  const isWebSocket = connection.framing === 'ws'
  const end = isWebSocket ? xml('close', { xmlns: NS_FRAMING }).toString() : '</stream:stream>'
  if (error) connection.write(error.toString())
  connection.write(end)
  connection.end()
}
