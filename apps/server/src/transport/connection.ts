import type { Element, StreamFault, XmlLimits } from '@drawbridge/xmpp'
import type { Duplex } from 'node:stream'
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

/** One client's connection, whatever carries it. Elements come in through `StreamHandler`, text goes out here. */
export interface Connection {
  readonly framing: Framing
  /** Address of the peer, without a port. */
  readonly remoteAddress: string
  /** True when TLS protects it, or when it never leaves this machine inside a browser's secure context. */
  readonly isEncrypted: boolean
  /** Present only where this process itself ends TLS. */
  readonly channelBindings: ChannelBindings | undefined
  /** Bytes that the peer has not taken yet. */
  readonly pendingBytes: number
  /** Bytes that came so far, to tell whether anything did; absent where the carrier itself notices silence. */
  readonly bytesRead?: number | undefined
  /** Never waits; what does not fit is buffered, and its session decides what to do about it. */
  write(text: string): void
  /** Starts a new document: a new parser with these limits; what was buffered for the old one is discarded. */
  restart(limits: XmlLimits): void
  /** Goes on with other limits: SASL2 needs no new document (XEP-0388 §2.6.1). */
  setLimits(limits: XmlLimits): void
  /** RFC 6120 §5.4.3.3; only on TCP without TLS. */
  startTls?(): void
  /** Stops reading; what arrived already still comes. It goes on when every reason was taken back. */
  pause(reason: PauseReason): void
  resume(reason: PauseReason): void
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

const dirty = new Set<Duplex>()

function flush(): void {
  for (const socket of dirty) socket.uncork()
  dirty.clear()
}

/** Corks a socket until the end of this turn, so that all that is written in one turn leaves in one piece. */
export function corkForThisTurn(socket: Duplex): void {
  if (dirty.has(socket)) return
  socket.cork()
  if (dirty.size === 0) setImmediate(flush)
  dirty.add(socket)
}

/** Lets go of a socket at once, for a socket that is about to be handed to TLS. */
export function uncorkNow(socket: Duplex): void {
  if (dirty.delete(socket)) socket.uncork()
}

/** How long a peer may take to end its side after we ended ours, in milliseconds. */
export const LINGER_MS = 5_000
/** The same while the server stops. */
export const STOP_LINGER_MS = 500
