import {
  buildSmRequest,
  buildStreamError,
  errorReply,
  findCaps,
  findJid,
  NS_FRAMING,
  StanzaFault,
  stanzaFrom,
  xml,
} from '@drawbridge/xmpp'
import type { Element, Jid, Stanza, StreamErrorCondition, Words } from '@drawbridge/xmpp'
import { statusLanguageOf } from '@drawbridge/contract'
import { identify } from '@drawbridge/policy'
import type { Claim, ClientIdentity } from '@drawbridge/policy'
import { NOTHING_HIDDEN } from '../policy/enforce.ts'
import type { HiddenImages } from '../policy/enforce.ts'
import type { Account } from '../routing/accounts.ts'
import type { OfflineCursors } from '../routing/cursor.ts'
import type { Connection, Lease } from '../transport/connection.ts'
import { Acks } from './acks.ts'
import type { KnownClient } from './bind.ts'
import type { Proof } from './client-proofs.ts'
import { HeldStanzas } from './client-state.ts'
import { countStreamError } from './events.ts'
import { Outgoing } from '../routing/outgoing.ts'
import { Pipeline } from './pipeline.ts'
import { Queries } from './queries.ts'
import type { OutboundQueue } from './resume.ts'

/** Unsent bytes beyond which a reader counts as stuck. */
export const UNSENT_MAX_BYTES = 4 * 1024 * 1024
/** A client that leaves may have sent something just before; so long that is waited for, in milliseconds. */
const LEAVE_WAIT_MS = 10_000
/** Longest that a timer of Node can wait, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** What a session needs from the server around it. */
export interface SessionHost {
  /** Under which messages leave. */
  readonly lease: Lease
  readonly cursors: OfflineCursors
  /** The client announced other capabilities (XEP-0115): evidence of what it is. Called before the stanza is looked at. */
  capsAnnounced(session: Session, node: string): void
  /** There is better, or lesser, evidence now of what the client is. */
  claimed(session: Session, claim: Claim): void
  corroborated(session: Session): void
  /** The same, where all sessions are about to be looked at. */
  reviewed(session: Session): void
  /** See `ClientProofs.standing`. */
  standing(proofs: readonly Proof[]): readonly Proof[]
  /** It waits to be let in, and its presence, which waits with it, may say what it is. */
  cameInLimbo(session: Session, presence: Element): void
  /** Somebody looks at the client again, who did not or was away. */
  becameActive(session: Session): void
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
  /** Its stream was ended for a while: it may be resumed until the suspension is over, and then as long as any other. */
  sentAway(session: Session): void
  /** The session is over: it must leave the registry, and its contacts must hear of it. */
  ended(session: Session): void
}

/** Said to a client whose session another one has taken. */
export const REPLACED = 'Replaced by a new connection.'
const ACK_REQUEST = buildSmRequest().toString()

/** A bound resource (RFC 6120 §7). It outlives its connection while the client may come back (XEP-0198 §5). */
export class Session {
  readonly account: Account
  readonly jid: Jid
  readonly signedInAt = new Date()
  readonly remoteAddress: string
  /** What its client is, by everything that was said about it. */
  client: ClientIdentity
  #claims: readonly Claim[]
  #proofs: readonly Proof[] = []
  #lapse: NodeJS.Timeout | undefined
  #provedName: string | undefined
  /** The presence last broadcast; absent while unavailable. */
  presence: Element | undefined
  /** Of the available presence (RFC 6121 §4.7.2.3); absent while unavailable. */
  priority: number | undefined
  /** Whom it told directly that it is available, beside its subscribers (RFC 6121 §4.6); each by the JID it used. */
  directed: Set<string> | undefined
  /** Has asked for the roster and gets pushes (RFC 6121 §2.1.6). */
  isInterested = false
  hasCarbons = false
  /** The client, where it is known by an id (XEP-0388 §2.3). */
  clientId: string | undefined
  /** When the sign-in of its stream ends (`sign-in-ends.ts`); absent: not by itself. */
  endsAt: Date | undefined
  /** The installation of the client with what it said of itself (`turned-away.ts`); absent where it has no id. */
  installation: string | undefined
  /** Small facts about this session under the name of a feature, for others to read; what is its own is `perSession`. */
  readonly notes = new Map<string, unknown>()
  #capsNode: string | undefined
  #withheld: readonly string[] = []
  #hidden: HiddenImages = NOTHING_HIDDEN
  connection: Connection | undefined
  /** Of its connection, or the last one it had. */
  framing: Connection['framing']
  outbound: OutboundQueue | undefined
  readonly #host: SessionHost
  readonly #pipeline: Pipeline
  readonly #acks: Acks
  #queries: Queries | undefined
  #held: HeldStanzas | undefined
  #isActive = true
  #isEnded = false
  #leaving: NodeJS.Timeout | undefined
  #isAskDue = false

  constructor(host: SessionHost, account: Account, jid: Jid, known: KnownClient, connection: Connection) {
    this.#host = host
    this.account = account
    this.jid = jid
    this.#claims = known.claims
    this.client = this.#proved(known.proofs ?? [])
    this.clientId = known.clientId
    this.endsAt = known.endsAt
    this.connection = connection
    this.framing = connection.framing
    this.remoteAddress = connection.remoteAddress
    this.#acks = new Acks({
      write: (text) => this.connection?.write(text),
      persist: (h) => host.persistHandled(this, h),
      isCommitting: () => this.#pipeline.inFlight > 0,
    })
    this.#pipeline = new Pipeline({
      enter: (stanza) => host.enter(stanza, this),
      run: (stanza, n, cleaning) => this.#run(stanza, n, cleaning),
      finished: (n) => this.#acks.done(n),
      setPaused: (isPaused) => (isPaused ? this.connection?.pause('pending') : this.connection?.resume('pending')),
    })
  }

  /** What is for the account as such is for it, and what waits (RFC 6121 §8.5.2.1.1): of no negative priority. */
  get takesMessages(): boolean {
    return this.priority !== undefined && this.priority >= 0
  }

  /** Known to XEP-0198; absent when the client did not ask to resume. */
  get resumeId(): string | undefined {
    return this.outbound?.canResume && !this.#leaving ? this.outbound.id : undefined
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Own and foreign stanzas wait until the client is known (control §3.1, limbo). */
  get isLimbo(): boolean {
    return this.#pipeline.isHeld
  }

  /** Somebody is there, as far as we know: the client is connected, and has not said otherwise (XEP-0352). */
  get isActive(): boolean {
    return this.#isActive && this.connection !== undefined
  }

  /** What waits in this session, for the metrics. */
  get waiting(): Readonly<Record<'inbound' | 'unacknowledged' | 'held' | 'asked', number>> {
    const { length: inbound } = this.#pipeline
    const { length: unacknowledged = 0 } = this.outbound ?? {}
    return { inbound, unacknowledged, held: this.#held?.size ?? 0, asked: this.#queries?.size ?? 0 }
  }

  /** See `Acks`. */
  readonly prefixWith = (ns: readonly number[]): number => this.#acks.prefixWith(ns)

  /** Turns stream management on; counting starts here. */
  enableManagement(outbound: OutboundQueue): void {
    this.outbound = outbound
    this.#acks.enable(outbound.canResume)
  }

  // --- in ---------------------------------------------------------------------------------------------------------

  /** Takes one stanza from the client, in order. Returns a stream error when the stream cannot go on. */
  receive(element: Element): StreamErrorCondition | undefined {
    if (!this.#isOwnFrom(element.attrs['from'])) return 'invalid-from'
    element.attrs['from'] = this.jid.toString()
    const n = this.#acks.next()
    let stanza: Stanza
    try {
      stanza = stanzaFrom(element, { from: this.jid })
    } catch (error) {
      if (!(error instanceof StanzaFault)) throw error
      this.#acks.done(n)
      this.#reply(errorReply(element, error))
      return undefined
    }
    if (stanza.kind === 'iq' && this.#queries?.isAnswer(stanza)) {
      this.#acks.done(n)
      return undefined
    }
    if (stanza.kind === 'presence') this.#lookAtCaps(element)
    if (stanza.kind === 'presence' && this.isLimbo) this.#host.cameInLimbo(this, element)
    // What it announced may have cost it the session.
    if (!this.#isEnded) this.#pipeline.take(n, stanza)
    return undefined
  }

  /** Takes what one more source says about the client; what the same source said before is forgotten. */
  learn(claim: Claim): void {
    this.#claims = [...this.#claims.filter(({ source }) => source !== claim.source), claim]
    this.client = this.#identified()
  }

  /** What stands for more than its word. */
  get proofs(): readonly Proof[] {
    return this.#proofs
  }

  /** Takes what its client has proved, in the place of what it proved before. Each proof counts until its time is over. */
  prove(proofs: readonly Proof[]): void {
    if (this.#takesProofs(proofs)) this.#host.corroborated(this)
  }

  /** Looks again whether what it proved still counts, before rules look at all sessions. */
  reviewProofs(): void {
    const standing = this.#host.standing(this.#proofs)
    if (standing.length < this.#proofs.length && this.#takesProofs(standing)) this.#host.reviewed(this)
  }

  /** What the client would be without what it has proved by such keys of devices. */
  clientWithout(isGone: (deviceKey: string) => boolean): ClientIdentity {
    const left = this.#proofs.filter(({ deviceKey }) => deviceKey === undefined || !isGone(deviceKey))
    return left.length === this.#proofs.length ? this.client : this.#identified(left)
  }

  /** Whether it makes the client another one to the rules. */
  #takesProofs(proofs: readonly Proof[]): boolean {
    const before = this.client
    this.client = this.#proved(proofs)
    if (this.#isEnded) clearTimeout(this.#lapse)
    return !this.#isEnded && (this.client.tier !== before.tier || this.client.isSuspect !== before.isSuspect)
  }

  #proved(proofs: readonly Proof[]): ClientIdentity {
    clearTimeout(this.#lapse)
    this.#proofs = proofs
    if (proofs.length > 0) {
      const nextMs = Math.min(...proofs.map(({ until }) => until.getTime())) - Date.now()
      this.#lapse = setTimeout(
        () => this.prove(this.#host.standing(this.#proofs)),
        Math.min(Math.max(nextMs, 0), MAX_TIMER_MS),
      )
    }
    return this.#identified()
  }

  #identified(proofs = this.#proofs): ClientIdentity {
    return identify([...this.#claims, ...proofs.map(({ claim }) => claim)], this.#provedName)
  }

  /** Its capabilities are what was announced, and name the client so; or they are not, or name nothing. */
  corroborate(name: string | undefined): void {
    const { tier } = this.client
    this.#provedName = name
    this.client = this.#identified()
    if (this.client.tier !== tier || this.isLimbo) this.#host.corroborated(this)
  }

  /** The client says in a further way what it is, and is judged by that. */
  claim(claim: Claim): void {
    this.#host.claimed(this, claim)
  }

  #lookAtCaps(presence: Element): void {
    const node = findCaps(presence)?.node
    if (node === undefined || node === this.#capsNode) return
    this.#capsNode = node
    this.#host.capsAnnounced(this, node)
  }

  /** See `LiveSession`. */
  withhold(formats: readonly string[], hidden: HiddenImages): void {
    this.#withheld = formats
    this.#hidden = hidden
  }

  /** Holds the client's stanzas back until `leaveLimbo`. */
  enterLimbo(): void {
    this.#pipeline.hold()
  }

  leaveLimbo(): void {
    this.#pipeline.release()
  }

  /** Asks the client something; resolves with its reply, or with nothing after a time or at the end. */
  query(payload: Element, from: string): Promise<Element | undefined> {
    if (this.#isEnded) return Promise.resolve(undefined)
    this.#queries ??= new Queries()
    return this.#queries.ask(from, (id) =>
      this.send(xml('iq', { type: 'get', id, from, to: this.jid.toString() }, payload)),
    )
  }

  /** What the client sent after the stanza in hand, if it is here already. */
  get next(): Stanza | undefined {
    return this.#pipeline.next
  }

  /** Resolves when everything received so far is done. */
  idle(): Promise<void> {
    return this.#pipeline.idle()
  }

  /** Takes one stanza all its way. Never rejects. */
  async #run(stanza: Stanza, n: number, cleaning: Promise<void> | undefined): Promise<void> {
    try {
      if (cleaning) {
        try {
          await cleaning
        } catch (error) {
          if (!(error instanceof StanzaFault)) throw error
          return this.#reply(errorReply(stanza.element, error))
        }
      }
      await this.#host.route(stanza, this, this.#acks.inStream(n))
    } catch (error) {
      this.#host.failed('a stanza failed', error)
    }
  }

  #isOwnFrom(from: string | undefined): boolean {
    if (from === undefined || from === this.jid.toString() || from === this.jid.bareString) return true
    const jid = findJid(from)
    return jid !== undefined && (jid.equals(this.jid) || jid.equals(this.jid.bare))
  }

  #reply(element: Element | undefined): void {
    if (element) this.send(element)
  }

  // --- acknowledging (XEP-0198 §4) -------------------------------------------------------------------------------------

  /** `<r/>`: answered at once with what is durable, and again when more is. */
  acknowledge(): void {
    this.#acks.asked()
  }

  /** The committed count, raised by the batch that carried a message of this stream. */
  handledIsDurable(h: number): void {
    this.#acks.isDurable(h)
  }

  get handled(): number {
    return this.#acks.handled
  }

  /** See `Acks`. */
  persistHandled(): Promise<number> {
    return this.#acks.persist()
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

  /** Sends one stanza to this client; while it is away, it is kept for its return. Never waits. False: not for this client. */
  send(stanza: Outgoing | Element): boolean {
    if (this.#isEnded) return true
    const outgoing = stanza instanceof Outgoing ? stanza : new Outgoing(stanza)
    if (!this.#host.mayReceive(outgoing.element, this)) return false
    if (!this.isActive && (this.#held ??= new HeldStanzas()).keep(outgoing, Date.now())) return true
    this.#release()
    this.#write(outgoing)
    return true
  }

  /** What the client has not acknowledged, and what is still kept for it, in order. For when it has ended: nobody will. */
  takeUnacknowledged(): readonly Outgoing[] {
    return [...(this.outbound?.unacknowledged() ?? []), ...(this.#held?.take(Date.now()) ?? [])]
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
    const allowed = this.#allowed(outgoing)
    connection.write(this.#own(allowed, allowed.text(connection.framing)), this.#leaseOf(outgoing))
    if (!outbound && outgoing.archived) this.#host.cursors.handed(outgoing.archived)
    if (connection.pendingBytes > UNSENT_MAX_BYTES) this.#isStuck(connection)
  }

  /** What people write depends on the rules in force; what the server says of itself, and that something failed, does not. */
  #leaseOf({ kind, element: { attrs } }: Outgoing): Lease | undefined {
    const isSaidByUs = attrs['type'] === 'error' || attrs['from'] === this.jid.domainpart
    return kind === 'message' && !isSaidByUs ? this.#host.lease : undefined
  }

  /** Everybody gets the same, but for those whose client is not safe with what is in it, or from whom it is hidden. */
  #allowed(outgoing: Outgoing): Outgoing {
    const formats = this.#withheld
    if (formats.length === 0 && this.#hidden.formats.length === 0) return outgoing
    const hidden = this.#isShownImages(outgoing) ? [] : this.#hidden.formats
    return outgoing.without({ formats, hidden, language: statusLanguageOf(this.connection?.language) })
  }

  /** What incident rooms say, and one's own vCard: whoever changed that would lose the photo that they were not shown. */
  #isShownImages({ kind, element: { attrs } }: Outgoing): boolean {
    const from = attrs['from']?.split('/', 1)[0]
    const isOwn = kind === 'iq' && (from === undefined || from === this.account.bareJid)
    return isOwn || (from !== undefined && this.#hidden.exceptRooms.includes(from))
  }

  /** Everybody gets the same text, but for links to files: those are made this session's own. */
  #own(outgoing: Outgoing, text: string): string {
    return outgoing.hasFileLinks ? this.#host.personalize(text, this) : text
  }

  /** A slow reader costs only itself: it catches up after resuming, or from the archive. */
  #isStuck(connection: Connection): void {
    if (this.resumeId) connection.destroy()
    else this.end('resource-constraint', 'The connection does not take what is sent.')
  }

  // --- client state indication (XEP-0352) -------------------------------------------------------------------------------

  /** While it is inactive, or away, some of what it should get waits: see `client-state.ts`. */
  setActive(isActive: boolean): void {
    const wasActive = this.#isActive
    this.#isActive = isActive
    if (!isActive) return
    if (!wasActive) this.#host.becameActive(this)
    this.#release()
  }

  #release(): void {
    if (!this.#held || this.#held.size === 0) return
    const held = this.#held.take(Date.now())
    for (const outgoing of held) {
      if (this.#isEnded) return
      this.#write(outgoing)
    }
  }

  // --- life -------------------------------------------------------------------------------------------------------------

  /** The client has been silent for too long (RFC 6120 §4.6.3): it may come back, if it can. */
  lostClient(): void {
    if (this.resumeId) this.connection?.destroy()
    else this.end('connection-timeout', 'Nothing was heard from the client.')
  }

  /**
   * Its stream ends with this error while a suspension lasts, and the session waits for its client (XEP-0198 §5); one that
   * cannot be resumed ends.
   */
  sendAway(condition: StreamErrorCondition, text: Words, ...details: Element[]): void {
    this.interrupt(condition, text, ...details)
    this.keep()
  }

  /** Its stream ends with this error, and so does a session that cannot be resumed. */
  interrupt(condition: StreamErrorCondition, text: Words, ...details: Element[]): void {
    const { connection } = this
    if (!this.resumeId || !connection) return this.end(condition, text, ...details)
    countStreamError({ condition })
    sayGoodbye(connection, buildStreamError(condition, text, ...details).toString())
  }

  /** Without its connection it waits for its client as long as a suspension lasts. */
  keep(): void {
    if (this.resumeId && !this.#isEnded) this.#host.sentAway(this)
  }

  /** The connection is gone; the session waits for the client to come back. */
  detach(): void {
    this.connection = undefined
    this.#pipeline.unpause()
  }

  /** The client is back on another connection (XEP-0198 §5): what it has not acknowledged is sent again. */
  attach(connection: Connection, h: number, resumed: readonly string[]): void {
    for (const outgoing of this.outbound?.acknowledge(h) ?? []) {
      if (outgoing.archived) this.#host.cursors.handed(outgoing.archived)
    }
    this.connection = connection
    this.framing = connection.framing
    this.#acks.wasTold()
    this.#isActive = true
    this.#host.becameActive(this)
    for (const text of resumed) connection.write(text)
    for (const outgoing of this.outbound?.unacknowledged() ?? []) {
      const allowed = this.#allowed(outgoing)
      const text = this.#own(allowed, allowed.textAgain(connection.framing, this.jid.domainpart))
      connection.write(text, this.#leaseOf(outgoing))
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
    if (this.#pipeline.length === 0 || this.isLimbo) return this.end()
    if (this.#leaving) return
    this.#leaving = setTimeout(() => this.end(), LEAVE_WAIT_MS)
    void this.idle().then(() => this.end())
  }

  /** Ends the session, and its stream with this error if it is connected. Safe to call twice. */
  end(condition?: StreamErrorCondition, text?: Words, ...details: Element[]): void {
    if (this.#isEnded) return
    const { connection } = this
    if (connection && condition) countStreamError({ condition })
    if (connection) sayGoodbye(connection, condition && buildStreamError(condition, text, ...details).toString())
    clearTimeout(this.#leaving)
    clearTimeout(this.#lapse)
    this.#isEnded = true
    this.connection = undefined
    this.#queries?.end()
    this.#pipeline.stop()
    this.#host.ended(this)
  }
}

/** Closes a stream, with an error or without (RFC 6120 §4.4, RFC 7395 §3.6), and its connection. */
export function sayGoodbye(connection: Connection, error: string | undefined): void {
  const isWebSocket = connection.framing === 'ws'
  const end = isWebSocket ? xml('close', { xmlns: NS_FRAMING }).toString() : '</stream:stream>'
  if (error) connection.write(error)
  connection.write(end)
  connection.end()
}
