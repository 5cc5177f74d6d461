import type { Element, StreamFault, XmlLimits } from '@drawbridge/xmpp'
import type { Framing } from '../routing/outgoing.ts'

/** What channel binding can be proved on this connection (RFC 5929 §4, RFC 9266 §4.2). */
export interface ChannelBindings {
  /** TLS 1.3 only: below, it needs the extended master secret, and nobody can tell us whether that was used. */
  readonly 'tls-exporter'?: Buffer
  readonly 'tls-server-end-point': Buffer
}

/** Why a connection is not read: it waits for its turn, has too much under way, or is too fast. */
export const PAUSE_REASONS = ['order', 'pending', 'rate'] as const
export type PauseReason = (typeof PAUSE_REASONS)[number]

/**
 * This node's lease on the rules, as whoever writes to clients needs it (control §4.5): a process that was paused must not
 * say late what was decided before.
 */
export interface Lease {
  /** It has run out: nobody knows here whether the rules are still the ones in force. */
  readonly isStale: boolean
  /** Another one after it had run out and the rules had changed by the time it was renewed. */
  readonly term: number
  /** Resolves when the lease, having run out, is renewed. */
  renewed(): Promise<void>
}

/** One client's connection, whatever carries it. Elements come in through `StreamHandler`, text goes out here. */
export interface Connection {
  readonly framing: Framing
  /** Address of the peer, without a port. */
  readonly remoteAddress: string
  /** True when TLS protects it, or when it never leaves this machine inside a browser's secure context. */
  readonly isEncrypted: boolean
  /** Present only where this process itself ends TLS. */
  readonly channelBindings: ChannelBindings | undefined
  /** The version of TLS that this process itself ends, as XEP-0515 §4.1 writes it: `0304` is TLS 1.3. */
  readonly tlsVersion?: string | undefined
  /** Of the stream that it carries, where that is not English (RFC 6120 §4.7.4); the stream sets it. */
  language?: string | undefined
  /** Of the stream that it carries: new for each, and not to be guessed (RFC 6120 §4.7.3); the stream sets it. */
  streamId?: string | undefined
  /** Bytes that the peer has not taken yet. */
  readonly pendingBytes: number
  /** Bytes that came so far, to tell whether anything did; absent where the carrier itself notices silence. */
  readonly bytesRead?: number | undefined
  /**
   * Never waits; what does not fit is buffered, and its session decides what to do about it.
   *
   * @param lease - for what the rules let pass: it leaves while this lease holds. Held back past its end, it leaves when the
   *   lease is renewed, unless the rules have changed: then the connection breaks, and the client's return is judged anew.
   */
  write(text: string, lease?: Lease): void
  /** Starts a new document: a new parser with these limits; what was buffered for the old one is discarded. */
  restart(limits: XmlLimits): void
  /** Goes on with other limits: SASL2 needs no new document (XEP-0388 §2.6.1). */
  setLimits(limits: XmlLimits): void
  /** RFC 6120 §5.4.3.3; only on TCP without TLS. */
  startTls?(): void
  /** Stops reading; what arrived already still comes. It goes on when every reason was taken back. */
  pause(reason: PauseReason): void
  resume(reason: PauseReason): void
  /**
   * The peer has said all that counts, and the answer takes a while: nothing more is read, and where the carrier can keep
   * it, what was written in this turn leaves together with what is written before `end`.
   *
   * @param handler - hears of the connection from here on, instead of the stream, which is not kept.
   */
  awaitEnd(handler: StreamHandler): void
  /** Sends what is buffered, then ends. The peer has a few seconds to end its side. */
  end(): void
  destroy(): void
}

/** What a stream gets from its connection. */
export interface StreamHandler {
  /** The stream header with the default namespace it declares for stanzas, or `<open/>` (RFC 7395 §3.3.2). */
  open(header: Element, contentNamespace?: string): void
  element(element: Element): void
  /** The peer closed the stream properly. */
  close(): void
  /** What came in is not XMPP; the connection ends after the stream error. */
  fault(fault: StreamFault): void
  /** A failure of ours: it costs this stream, not the process. */
  failed(error: unknown): void
  /** The connection is gone, without a word or after `end`. */
  gone(): void
}

export type Accept = (connection: Connection) => StreamHandler

/** A lease, and its term when something was written under it. */
export interface Guard {
  readonly lease: Lease
  readonly term: number
}

/** A way to the peer that can keep what is written for a while. */
export interface Corkable {
  /** Keeps what is written until `uncork` has been called as often. */
  cork(): void
  uncork(): void
  destroy(): unknown
}

/** Sockets with something unsent, and what the oldest of it that the rules had a say in depends on. */
const dirty = new Map<Corkable, Guard | undefined>()
/** Those whose lease ran out before that left. They stay corked. */
const held = new Map<Corkable, Guard>()

/** Whether what was written under a lease may leave `now`, only when it is `renewed`, or `never`. */
export function standing({ lease, term }: Guard): 'now' | 'renewed' | 'never' {
  if (lease.isStale) return 'renewed'
  return term === lease.term ? 'now' : 'never'
}

function flush(): void {
  for (const [socket, guard] of dirty) {
    if (guard === undefined || held.has(socket)) socket.uncork()
    else settle(socket, guard)
  }
  dirty.clear()
}

/** Lets go of a socket that is corked once, if the lease lets it. */
function settle(socket: Corkable, guard: Guard): void {
  switch (standing(guard)) {
    case 'now':
      return socket.uncork()
    case 'never':
      return void socket.destroy()
    case 'renewed':
      held.set(socket, guard)
      void guard.lease.renewed().then(() => {
        if (held.delete(socket)) settle(socket, guard)
      })
  }
}

/**
 * Corks a socket until the end of this turn, so that all that is written in one turn leaves in one piece.
 *
 * @param lease - see `Connection.write`. Asked once for each socket and turn, right before the bytes leave.
 */
export function corkForThisTurn(socket: Corkable, lease?: Lease): void {
  if (!dirty.has(socket)) {
    socket.cork()
    if (dirty.size === 0) setImmediate(flush)
    dirty.set(socket, undefined)
  }
  if (lease && dirty.get(socket) === undefined) dirty.set(socket, { lease, term: lease.term })
}

/** Lets go of a socket at once: it is about to end, or to be handed to TLS. */
export function uncorkNow(socket: Corkable): void {
  const late = held.get(socket)
  held.delete(socket)
  // Nobody can take back only what is late: what is still to be said after it is not said either.
  if (late && standing(late) !== 'now') return void socket.destroy()
  if (late) socket.uncork()
  if (!dirty.has(socket)) return
  const guard = dirty.get(socket)
  dirty.delete(socket)
  if (guard && standing(guard) !== 'now') socket.destroy()
  else socket.uncork()
}

/** How long a peer may take to end its side after we ended ours, in milliseconds. */
export const LINGER_MS = 5_000
/** The same while the server stops. */
export const STOP_LINGER_MS = 500
