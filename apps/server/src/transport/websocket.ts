import { C2S_LIMITS, NS_FRAMING, parseElement, PREAUTH_LIMITS, StreamFault } from '@drawbridge/xmpp'
import type { XmlLimits } from '@drawbridge/xmpp'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import { countPause } from './events.ts'
import { addressOf } from '../routing/client-address.ts'
import { refuseUpgrade } from './http.ts'
import { corkForThisTurn, LINGER_MS, STOP_LINGER_MS, uncorkNow } from './connection.ts'
import type { Accept, ChannelBindings, Connection, Lease, PauseReason, StreamHandler } from './connection.ts'

export interface WebSocketOptions {
  readonly accept: Accept
  /** Origins of pages that may open a stream; a request without Origin is not from a browser (threats WC-09). */
  isAllowedOrigin(origin: string, request: IncomingMessage): boolean
  /** True when the HTTP server has TLS, or the socket is on loopback. */
  readonly isEncrypted: boolean
}

export interface WebSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): Promise<void>
}

/** What is a little too large still gets the stream error that says so; anything larger is not even read. */
const MAX_MESSAGE_BYTES = C2S_LIMITS.maxStanzaBytes + 1_024

/** Answers upgrades at `/xmpp-websocket` (RFC 7395). Compression stays off: it costs memory and hides lengths badly. */
export function createWebSockets(options: WebSocketOptions): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: 1_024,
    maxBufferedChunks: 8_192,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: (protocols) => (protocols.has('xmpp') ? 'xmpp' : false),
  })
  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      const { origin } = request.headers
      const protocols = request.headers['sec-websocket-protocol'] ?? ''
      if (origin !== undefined && !options.isAllowedOrigin(origin, request))
        return refuseUpgrade(socket, '403 Forbidden')
      if (!/(^|,)\s*xmpp\s*(,|$)/.test(protocols)) return refuseUpgrade(socket, '400 Bad Request')
      server.handleUpgrade(request, socket, head, (ws) => {
        new WebSocketConnection(ws, socket, addressOf(request), options)
      })
    },
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.clients.forEach((client) => client.terminate()), STOP_LINGER_MS)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        // Those that were told why are about to end.
        for (const client of server.clients) if (client.readyState === client.OPEN) client.terminate()
      }),
  }
}

class WebSocketConnection implements Connection {
  readonly framing = 'ws'
  readonly remoteAddress: string
  readonly isEncrypted: boolean
  readonly channelBindings: ChannelBindings | undefined = undefined
  readonly #ws: WebSocket
  readonly #socket: Duplex & { readonly bytesRead?: number }
  #handler: StreamHandler
  #limits: XmlLimits = PREAUTH_LIMITS
  readonly #paused = new Set<PauseReason>()
  #isEnding = false

  constructor(ws: WebSocket, socket: Duplex, remoteAddress: string, { accept, isEncrypted }: WebSocketOptions) {
    this.#ws = ws
    this.#socket = socket
    this.remoteAddress = remoteAddress
    this.isEncrypted = isEncrypted
    this.#handler = accept(this)
    ws.on('message', (frame, isBinary) => this.#receive(frame, isBinary))
    // ws has answered with the close code of RFC 6455 §7.4.1 (1009: too large); the peer has a moment to read it.
    ws.on('error', () => this.#linger())
    ws.once('close', () => this.#handler.gone())
  }

  get pendingBytes(): number {
    return this.#ws.bufferedAmount
  }

  get bytesRead(): number | undefined {
    return this.#socket.bytesRead
  }

  write(text: string, lease?: Lease): void {
    if (this.#isEnding || this.#ws.readyState !== this.#ws.OPEN) return
    corkForThisTurn(this.#socket, lease)
    this.#ws.send(text)
  }

  restart(limits: XmlLimits): void {
    this.#limits = limits
  }

  setLimits(limits: XmlLimits): void {
    this.#limits = limits
  }

  pause(reason: PauseReason): void {
    countPause({ reason })
    this.#paused.add(reason)
    if (!this.#isEnding) this.#ws.pause()
  }

  resume(reason: PauseReason): void {
    if (this.#paused.delete(reason) && this.#paused.size === 0) this.#ws.resume()
  }

  awaitEnd(handler: StreamHandler): void {
    this.#handler = handler
    this.pause('order')
  }

  end(): void {
    if (this.#isEnding) return
    uncorkNow(this.#socket)
    this.#ws.close(1000)
    this.#linger()
  }

  #linger(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#ws.resume()
    const timer = setTimeout(() => this.#ws.terminate(), LINGER_MS)
    this.#ws.once('close', () => clearTimeout(timer))
  }

  destroy(): void {
    this.#ws.terminate()
  }

  /** RFC 7395 §3.3.3: each message is exactly one element, a document of its own. */
  #receive(frame: RawData, isBinary: boolean): void {
    if (this.#isEnding) return
    try {
      if (isBinary) throw new StreamFault('bad-format', 'XMPP over WebSocket uses text messages (RFC 7395 §3.2).')
      const element = parseElement(frame as Buffer, this.#limits)
      if (element.getNS() !== NS_FRAMING) this.#handler.element(element)
      else if (element.name === 'open') this.#handler.open(element)
      else if (element.name === 'close') this.#handler.close()
      else throw new StreamFault('unsupported-stanza-type', `unknown framing element ${element.name}`)
    } catch (error) {
      if (error instanceof StreamFault) this.#handler.fault(error)
      else this.#handler.failed(error)
    }
  }
}
