import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import WebSocket from 'ws'

const WAIT_MS = 5_000

/** One client's connection, as bytes: it sends what it is told and shows what came. */
export interface Line {
  readonly framing: 'tcp' | 'ws'
  /** Everything received that no `until` has taken. */
  readonly text: string
  send(bytes: string | Uint8Array): void
  /** Waits until this comes, takes everything up to its end, and returns that. */
  until(pattern: RegExp): Promise<string>
  /** Waits for the end of the connection and returns what was left of the text. */
  closed(): Promise<string>
  /** Cuts the connection without a word. */
  destroy(): void
}

export interface TcpLine extends Line {
  readonly socket: Socket
  /** STARTTLS after `<proceed/>`. */
  secure(options?: ConnectionOptions): Promise<TLSSocket>
  pause(): void
  resume(): void
}

/** Text that grows, and those who wait for something in it. */
function inbox() {
  let text = ''
  let isClosed = false
  const waiting = new Set<() => void>()
  const look = () => {
    for (const one of [...waiting]) one()
  }
  return {
    get text() {
      return text
    },
    add(more: string) {
      text += more
      look()
    },
    close() {
      isClosed = true
      look()
    },
    wait<T>(what: string, find: () => T | undefined): Promise<T> {
      return new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer)
          waiting.delete(one)
        }
        const one = () => {
          const found = find()
          if (found === undefined) return
          done()
          resolve(found)
        }
        const timer = setTimeout(() => {
          done()
          reject(
            new Error(
              `waited in vain for ${what}${isClosed ? ' on a closed line' : ''}; there is: ${text.slice(-1_000)}`,
            ),
          )
        }, WAIT_MS)
        waiting.add(one)
        one()
      })
    },
    until(pattern: RegExp) {
      return this.wait(String(pattern), () => {
        const match = pattern.exec(text)
        if (!match) return undefined
        const end = match.index + match[0].length
        const taken = text.slice(0, end)
        text = text.slice(end)
        return taken
      })
    },
    closed() {
      return this.wait('the end', () => (isClosed ? text : undefined))
    },
  }
}

export async function dialTcp(port: number): Promise<TcpLine> {
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return tcpLine(socket)
}

/** TLS from the first byte. */
export async function dialTls(port: number, options: ConnectionOptions = {}): Promise<TcpLine> {
  const socket = connectTls({ port, host: '127.0.0.1', ...TRUSTING, ...options })
  await once(socket, 'secureConnect')
  return tcpLine(socket)
}

/** The channel binding `tls-exporter` of a line over TLS (RFC 9266). */
export function exporterOf(line: TcpLine): Buffer {
  return (line.socket as TLSSocket).exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
}

/** The channel binding `tls-server-end-point` of a line over TLS (RFC 5929 §4). */
export function endPointOf(line: TcpLine): Buffer {
  return createHash('sha256')
    .update((line.socket as TLSSocket).getPeerCertificate().raw)
    .digest()
}

/** The certificate is the test server's own. */
export const TRUSTING: ConnectionOptions = {
  servername: 'im.test',
  rejectUnauthorized: false,
  ALPNProtocols: ['xmpp-client'],
}

function tcpLine(first: Socket): TcpLine {
  let socket = first
  const box = inbox()
  let decoder = new TextDecoder()
  const listen = () => {
    const mine = socket
    mine.on('data', (chunk: Buffer) => box.add(decoder.decode(chunk, { stream: true })))
    mine.on('error', () => mine.destroy())
    mine.once('close', () => {
      if (mine === socket) box.close()
    })
  }
  listen()
  return {
    framing: 'tcp',
    get socket() {
      return socket
    },
    get text() {
      return box.text
    },
    send(bytes) {
      if (socket.writable) socket.write(bytes)
    },
    until: (pattern) => box.until(pattern),
    closed: () => box.closed(),
    destroy: () => socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    async secure(options = {}) {
      socket.removeAllListeners('data')
      const secured = connectTls({ socket, ...TRUSTING, ...options })
      socket = secured
      decoder = new TextDecoder()
      listen()
      await once(secured, 'secureConnect')
      return secured
    },
  }
}

export async function dialWebSocket(
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Line & { readonly ws: WebSocket; closeCode(): Promise<number> }> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/xmpp-websocket`, 'xmpp', { headers, perMessageDeflate: true })
  const box = inbox()
  let code: number | undefined
  ws.on('message', (bytes: Buffer) => box.add(bytes.toString()))
  ws.on('error', () => ws.terminate())
  ws.once('close', (closeCode) => {
    code = closeCode
    box.close()
  })
  await once(ws, 'open')
  return {
    framing: 'ws',
    ws,
    get text() {
      return box.text
    },
    send: (bytes) => ws.send(bytes),
    until: (pattern) => box.until(pattern),
    closed: () => box.closed(),
    closeCode: () => box.wait('a close code', () => code),
    destroy: () => ws.terminate(),
  }
}
