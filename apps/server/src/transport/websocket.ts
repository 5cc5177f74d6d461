import { C2S_LIMITS, parseElement, PREAUTH_LIMITS, StreamFault } from '@drawbridge/xmpp'
import type { XmlLimits } from '@drawbridge/xmpp'
import { NS_FRAMING } from '@drawbridge/xmpp'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import { corkForThisTurn, LINGER_MS, uncorkNow } from './connection.ts'
import type { Accept, ChannelBindings, Connection, StreamHandler } from './connection.ts'

export interface WebSocketOptions {
  readonly accept: Accept
  /** Origins of pages that may open a stream; a request without Origin is not from a browser (threats WC-09). */
  isAllowedOrigin(origin: string, request: IncomingMessage): boolean
  /** True when the HTTP server has TLS, or the socket is on loopback. */
  readonly isEncrypted: boolean
}

export interface WebSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

/** Answers upgrades at `/xmpp-websocket` (RFC 7395). Compression stays off: it costs memory and hides lengths badly. */
export function createWebSockets(options: WebSocketOptions): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: C2S_LIMITS.maxStanzaBytes + 1_024,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: (protocols) => (protocols.has('xmpp') ? 'xmpp' : false),
  })
  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      const { origin } = request.headers
      const protocols = request.headers['sec-websocket-protocol'] ?? ''
      if (origin !== undefined && !options.isAllowedOrigin(origin, request)) return refuse(socket, '403 Forbidden')
      if (!/(^|,)\s*xmpp\s*(,|$)/.test(protocols)) return refuse(socket, '400 Bad Request')
      server.handleUpgrade(request, socket, head, (ws) => {
        new WebSocketConnection(ws, socket, request.socket.remoteAddress ?? '', options)
      })
    },
    close() {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

class WebSocketConnection implements Connection {
  readonly framing = 'ws'
  readonly remoteAddress: string
  readonly isEncrypted: boolean
  readonly channelBindings: ChannelBindings | undefined = undefined
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #handler: StreamHandler
  #limits: XmlLimits = PREAUTH_LIMITS
  #isEnding = false

  constructor(ws: WebSocket, socket: Duplex, remoteAddress: string, { accept, isEncrypted }: WebSocketOptions) {
    this.#ws = ws
    this.#socket = socket
    this.remoteAddress = remoteAddress
    this.isEncrypted = isEncrypted
    this.#handler = accept(this)
    ws.on('message', (frame, isBinary) => this.#receive(frame, isBinary))
    ws.on('error', () => ws.terminate())
    ws.once('close', () => this.#handler.gone())
    socket.on('drain', () => this.#handler.drained?.())
  }

  get pendingBytes(): number {
    return this.#ws.bufferedAmount
  }

  write(text: string): void {
    if (this.#isEnding || this.#ws.readyState !== this.#ws.OPEN) return
    corkForThisTurn(this.#socket)
    this.#ws.send(text)
  }

  restart(limits: XmlLimits): void {
    this.#limits = limits
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    uncorkNow(this.#socket)
    this.#ws.resume()
    this.#ws.close(1000)
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
      if (!(error instanceof StreamFault)) throw error
      this.#handler.fault(error)
    }
  }
}
