import { createStreamParser, PREAUTH_LIMITS, StreamFault } from '@drawbridge/xmpp'
import type { StreamParser, XmlLimits } from '@drawbridge/xmpp'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { AddressLimit } from './address-limit.ts'
import { corkForThisTurn, LINGER_MS, PAUSE_REASONS, STOP_LINGER_MS, uncorkNow } from './connection.ts'
import type { Accept, ChannelBindings, Connection, Lease, PauseReason, StreamHandler } from './connection.ts'
import { countPause } from './events.ts'
import { readProxyHeader } from './proxy-protocol.ts'
import { TextOutput } from './text-output.ts'
import { tlsVersionOf } from './tls.ts'
import type { Tls } from './tls.ts'

export interface TcpListenerOptions {
  readonly bind: string
  readonly port: number
  readonly tls: Tls
  /** `direct`: TLS from the first byte (XEP-0368). `starttls`: plain until upgraded (RFC 6120 §5). */
  readonly mode: 'starttls' | 'direct'
  readonly limit: AddressLimit
  readonly accept: Accept
  /** Connections from which addresses begin with the PROXY protocol, and how long that may take; absent: none does. */
  readonly proxyHeader?: { isFrom(address: string): boolean; readonly timeoutMs: number } | undefined
}

export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** Listens for XMPP streams over TCP. Rejects when the port is taken. */
export async function listenTcp(options: TcpListenerOptions): Promise<Listener> {
  const open = new Set<TcpConnection>()
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
    const { remoteAddress = '' } = socket
    const begin = (address: string) => {
      if (socket.destroyed || !options.limit.take(socket, address)) return
      new TcpConnection(socket, address, options, open)
    }
    const { proxyHeader } = options
    if (!proxyHeader?.isFrom(remoteAddress)) return begin(remoteAddress)
    socket.on('error', () => socket.destroy())
    void readProxyHeader(socket, proxyHeader.timeoutMs).then((header) => {
      if (header) begin(header.address ?? remoteAddress)
    })
  })
  await listen(server, options.port, options.bind)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => open.forEach((connection) => connection.destroy()), STOP_LINGER_MS)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        // Those that were told why are about to end.
        for (const connection of open) if (!connection.isEnding) connection.destroy()
      }),
  }
}

/** `server.listen` as a promise that rejects on a taken port. */
export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: 4_096 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Of a connection whose peer has said all that counts: it costs no more than it must until it ends. */
const DEAF: StreamParser = {
  pendingBytes: 0,
  write: () => undefined,
  end: () => undefined,
  setLimits: () => undefined,
  stop: () => undefined,
}

/** Whose connection a socket carries. With it, its listeners are the same for all, and nothing is made for each. */
const CONNECTION = Symbol('connection')
type Carrier = Socket & { [CONNECTION]?: TcpConnection }

function onData(this: Carrier, chunk: Buffer): void {
  this[CONNECTION]?.receive(chunk)
}

function onEnd(this: Carrier): void {
  this[CONNECTION]?.peerEnded()
}

function onClose(this: Carrier): void {
  this[CONNECTION]?.closed(this)
}

class TcpConnection implements Connection {
  readonly framing = 'tcp'
  readonly remoteAddress: string
  channelBindings: ChannelBindings | undefined
  tlsVersion: string | undefined
  isEncrypted = false
  readonly #tls: Tls
  /** Those of this listener. */
  readonly #open: Set<TcpConnection>
  #handler: StreamHandler
  #socket: Carrier
  #output: TextOutput
  #limits: XmlLimits = PREAUTH_LIMITS
  #parser = DEAF
  /** A bit for each of the reasons why it is not read. */
  #paused = 0
  #isEnding = false
  #isHandshaking = false
  /** How long its peer may take to end its side. */
  #linger: NodeJS.Timeout | undefined

  constructor(
    socket: Socket,
    remoteAddress: string,
    { tls, mode, accept }: TcpListenerOptions,
    open: Set<TcpConnection>,
  ) {
    this.#open = open.add(this)
    this.#socket = socket
    this.#output = new TextOutput(socket)
    this.remoteAddress = remoteAddress
    this.#tls = tls
    this.#handler = accept(this)
    this.#parser = this.#newParser()
    if (mode === 'direct') this.#secure()
    else this.#listenTo(socket)
  }

  get isEnding(): boolean {
    return this.#isEnding
  }

  get pendingBytes(): number {
    return this.#socket.writableLength + this.#output.length
  }

  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  write(text: string, lease?: Lease): void {
    if (this.#isEnding || !this.#socket.writable) return
    corkForThisTurn(this.#output, lease)
    this.#output.write(text)
  }

  restart(limits: XmlLimits): void {
    this.#parser.stop()
    this.#limits = limits
    this.#parser = this.#newParser()
  }

  setLimits(limits: XmlLimits): void {
    this.#limits = limits
    this.#parser.setLimits(limits)
  }

  startTls(): void {
    this.#parser.stop()
    uncorkNow(this.#output)
    this.#socket.off('data', onData)
    this.#socket.off('end', onEnd)
    this.#secure()
  }

  pause(reason: PauseReason): void {
    countPause({ reason })
    this.#paused |= bitOf(reason)
    if (!this.#isEnding) this.#socket.pause()
  }

  resume(reason: PauseReason): void {
    const wasPaused = this.#paused !== 0
    this.#paused &= ~bitOf(reason)
    if (wasPaused && this.#paused === 0) this.#socket.resume()
  }

  awaitEnd(handler: StreamHandler): void {
    this.#handler = handler
    this.pause('order')
    this.#parser.stop()
    this.#parser = DEAF
    this.#output.cork()
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#parser.stop()
    // Nothing can be said before the handshake is over, and it need not come to an end.
    if (this.#isHandshaking) return this.destroy()
    uncorkNow(this.#output)
    this.#output.end()
    this.#socket.resume()
    this.#linger = setTimeout(() => this.destroy(), LINGER_MS)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #newParser(): StreamParser {
    return createStreamParser(this.#limits, this.#handler)
  }

  #secure(): void {
    const plain = this.#socket
    const secured = new TLSSocket(plain, this.#tls.serverOptions())
    this.#isHandshaking = true
    this.#socket = secured
    this.#output = new TextOutput(secured)
    this.#parser = this.#newParser()
    // The handshake's time is bounded by the stream's own deadline for signing in.
    secured.once('secure', () => {
      this.#isHandshaking = false
      this.isEncrypted = true
      this.channelBindings = this.#tls.bindingsOf(secured)
      this.tlsVersion = tlsVersionOf(secured)
    })
    secured.on('error', () => secured.destroy())
    this.#listenTo(secured)
  }

  #listenTo(socket: Carrier): void {
    socket[CONNECTION] = this
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('close', onClose)
  }

  receive(chunk: Buffer): void {
    if (this.#isEnding) return
    // A parser that was replaced while it read this chunk has stopped: the rest was plaintext or is nobody's.
    const parser = this.#parser
    try {
      parser.write(chunk)
    } catch (error) {
      if (error instanceof StreamFault) this.#handler.fault(error)
      else this.#handler.failed(error)
    }
  }

  peerEnded(): void {
    if (!this.#isEnding) this.#socket.end()
  }

  /** @param socket - the one below TLS closes, too, and may do so first */
  closed(socket: Socket): void {
    if (this.#socket !== socket) return
    clearTimeout(this.#linger)
    this.#open.delete(this)
    this.#handler.gone()
  }
}

function bitOf(reason: PauseReason): number {
  return 1 << PAUSE_REASONS.indexOf(reason)
}
