import { createStreamParser, PREAUTH_LIMITS, StreamFault } from '@drawbridge/xmpp'
import type { StreamParser, XmlLimits } from '@drawbridge/xmpp'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { AddressLimit } from './address-limit.ts'
import { corkForThisTurn, LINGER_MS, STOP_LINGER_MS, uncorkNow } from './connection.ts'
import type { Accept, ChannelBindings, Connection, PauseReason, StreamHandler } from './connection.ts'
import type { Tls } from './tls.ts'

export interface TcpListenerOptions {
  readonly bind: string
  readonly port: number
  readonly tls: Tls
  /** `direct`: TLS from the first byte (XEP-0368). `starttls`: plain until upgraded (RFC 6120 §5). */
  readonly mode: 'starttls' | 'direct'
  readonly limit: AddressLimit
  readonly accept: Accept
}

export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** Listens for XMPP streams over TCP. Rejects when the port is taken. */
export async function listenTcp(options: TcpListenerOptions): Promise<Listener> {
  const open = new Set<TcpConnection>()
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
    if (!options.limit.take(socket)) return
    const connection = new TcpConnection(socket, options)
    open.add(connection)
    socket.once('close', () => open.delete(connection))
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

class TcpConnection implements Connection {
  readonly framing = 'tcp'
  readonly remoteAddress: string
  channelBindings: ChannelBindings | undefined
  isEncrypted = false
  readonly #tls: Tls
  readonly #handler: StreamHandler
  #socket: Socket
  #parser: StreamParser
  readonly #paused = new Set<PauseReason>()
  #isEnding = false
  #isHandshaking = false

  constructor(socket: Socket, { tls, mode, accept }: TcpListenerOptions) {
    this.#socket = socket
    this.remoteAddress = socket.remoteAddress ?? ''
    this.#tls = tls
    this.#parser = this.#newParser(PREAUTH_LIMITS)
    this.#handler = accept(this)
    if (mode === 'direct') this.#secure()
    else this.#listenTo(socket)
  }

  get isEnding(): boolean {
    return this.#isEnding
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  write(text: string): void {
    if (this.#isEnding || !this.#socket.writable) return
    corkForThisTurn(this.#socket)
    this.#socket.write(text)
  }

  restart(limits: XmlLimits): void {
    this.#parser.stop()
    this.#parser = this.#newParser(limits)
  }

  setLimits(limits: XmlLimits): void {
    this.#parser.setLimits(limits)
  }

  startTls(): void {
    this.#parser.stop()
    uncorkNow(this.#socket)
    this.#socket.removeAllListeners('data')
    this.#socket.removeAllListeners('end')
    this.#secure()
  }

  pause(reason: PauseReason): void {
    this.#paused.add(reason)
    if (!this.#isEnding) this.#socket.pause()
  }

  resume(reason: PauseReason): void {
    if (this.#paused.delete(reason) && this.#paused.size === 0) this.#socket.resume()
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#parser.stop()
    // Nothing can be said before the handshake is over, and it need not come to an end.
    if (this.#isHandshaking) return this.destroy()
    uncorkNow(this.#socket)
    this.#socket.end()
    const socket = this.#socket
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(timer))
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #newParser(limits: XmlLimits): StreamParser {
    return createStreamParser(limits, {
      open: (root, contentNamespace) => this.#handler.open(root, contentNamespace),
      element: (element) => this.#handler.element(element),
      close: () => this.#handler.close(),
    })
  }

  #secure(): void {
    const plain = this.#socket
    const secured = new TLSSocket(plain, this.#tls.serverOptions())
    this.#isHandshaking = true
    this.#socket = secured
    this.#parser = this.#newParser(PREAUTH_LIMITS)
    // The handshake's time is bounded by the stream's own deadline for signing in.
    secured.once('secure', () => {
      this.#isHandshaking = false
      this.isEncrypted = true
      this.channelBindings = this.#tls.bindingsOf(secured)
    })
    secured.on('error', () => secured.destroy())
    this.#listenTo(secured)
  }

  #listenTo(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      if (this.#isEnding) return
      // A parser that was replaced while it read this chunk has stopped: the rest was plaintext or is nobody's.
      const parser = this.#parser
      try {
        parser.write(chunk)
      } catch (error) {
        if (error instanceof StreamFault) this.#handler.fault(error)
        else this.#handler.failed(error)
      }
    })
    socket.once('end', () => {
      if (!this.#isEnding) socket.end()
    })
    socket.once('close', () => {
      if (this.#socket === socket) this.#handler.gone()
    })
  }
}
