import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialTcp } from './line.ts'
import type { TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { auth, bound, FEATURES, header, open, OUTCOME, PING, PONG } from './sign-in.ts'

// Clients that are gone before they have signed in, at every stage of their handshakes.

/** How many give up at each stage. They come in groups, so that the test's own descriptors suffice. */
const ABORTS = 200
const GROUP = 50
/** Far less than a stage's aborts: if they stayed counted, nobody could connect any more. */
const MOST_AT_ONCE = GROUP + 10

let server: RunningServer

beforeAll(async () => {
  subscribe('net.server.socket', noteAccepted)
  server = await runServer({ allowPlaintext: true, stream: { maxConnectionsPerAddress: MOST_AT_ONCE } })
  await server.account('alice')
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  unsubscribe('net.server.socket', noteAccepted)
})

const STARTTLS = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`
/** The beginning of a ClientHello of 200 bytes, and no more of it. */
const HALF_A_HELLO = Buffer.from('16030100c8010000c40303', 'hex')

const UPGRADE =
  'GET /xmpp-websocket HTTP/1.1\r\nHost: im.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n'
/** A text of 100 bytes is announced, and four are there. */
const HALF_A_FRAME = Buffer.from('81e400000000' + '3c6f7065', 'hex')

/** Sockets that the server has accepted over TCP and that are not closed yet. */
const accepted = new Map<Socket, Promise<void>>()
let acceptedCount = 0

function noteAccepted(message: unknown): void {
  const { socket } = message as { readonly socket: Socket }
  // The administrators' socket is local.
  if (socket.remoteAddress === undefined) return
  acceptedCount++
  accepted.set(
    socket,
    new Promise((resolve) => {
      socket.once('close', () => {
        accepted.delete(socket)
        resolve()
      })
    }),
  )
}

async function openTo(pattern: RegExp, line: TcpLine, bytes: string): Promise<void> {
  line.send(bytes)
  await line.until(pattern)
}

interface Stage {
  readonly name: string
  readonly port: 'c2sPort' | 'c2sTlsPort' | 'httpPort'
  reach(line: TcpLine): Promise<void>
}

const STAGES: readonly Stage[] = [
  { name: 'after connecting', port: 'c2sPort', reach: async () => undefined },
  { name: 'after connecting for direct TLS', port: 'c2sTlsPort', reach: async () => undefined },
  { name: 'within the header', port: 'c2sPort', reach: async (line) => line.send(header('tcp').slice(0, 60)) },
  { name: 'after the header', port: 'c2sPort', reach: (line) => openTo(FEATURES, line, header('tcp')) },
  {
    name: 'in the middle of SCRAM',
    port: 'c2sPort',
    async reach(line) {
      await open(line)
      await openTo(OUTCOME, line, auth('SCRAM-SHA-256', 'n,,n=alice,r=0123456789'))
    },
  },
  {
    name: 'between <proceed/> and the handshake',
    port: 'c2sPort',
    async reach(line) {
      await open(line)
      await openTo(/<proceed[^>]*>/, line, STARTTLS)
    },
  },
  {
    name: 'in the middle of the handshake of STARTTLS',
    port: 'c2sPort',
    async reach(line) {
      await open(line)
      await openTo(/<proceed[^>]*>/, line, STARTTLS)
      line.send(HALF_A_HELLO)
    },
  },
  {
    name: 'in the middle of the handshake of direct TLS',
    port: 'c2sTlsPort',
    reach: async (line) => line.send(HALF_A_HELLO),
  },
  {
    name: 'within the request for a WebSocket',
    port: 'httpPort',
    reach: async (line) => line.send(UPGRADE.slice(0, 80)),
  },
  {
    name: 'after the upgrade to a WebSocket',
    port: 'httpPort',
    reach: (line) => openTo(/ 101 .*\r\n\r\n/s, line, UPGRADE),
  },
  {
    name: 'within a frame of a WebSocket',
    port: 'httpPort',
    async reach(line) {
      await openTo(/ 101 .*\r\n\r\n/s, line, UPGRADE)
      line.send(HALF_A_FRAME)
    },
  },
]

/** The server has accepted so many since the file began, and has heard of the end of each. */
async function untilGone(count: number): Promise<void> {
  while (acceptedCount < count) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all(accepted.values())
}

async function sessions(): Promise<unknown[]> {
  const { body } = await server.admin('GET', '/api/v1/sessions')
  return (body as { sessions: unknown[] }).sessions
}

/** Open files and sockets of this process, which both ends live in. */
const descriptors = () => readdirSync('/proc/self/fd').length

describe('DS-12', () => {
  test.each(STAGES)(
    `unauth-leak: ${ABORTS} clients that are gone $name leave neither connection nor session`,
    async ({ port, reach }) => {
      const before = descriptors()
      for (let done = 0; done < ABORTS; done += GROUP) {
        const expected = acceptedCount + GROUP
        const lines = await Promise.all(Array.from({ length: GROUP }, () => dialTcp(server[port])))
        await Promise.all(lines.map(reach))
        for (const line of lines) line.destroy()
        await untilGone(expected)
      }
      expect(accepted.size).toBe(0)
      expect(await sessions()).toEqual([])
      // Beside what is kept for everybody: connections to the database, for example.
      await expect.poll(descriptors).toBeLessThan(before + GROUP / 2)
      const line = await bound(await server.tls(), 'alice')
      await openTo(PONG, line, PING)
      line.destroy()
      await untilGone(acceptedCount)
      expect(server.complaints).toEqual([])
    },
  )
})
