import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound, FEATURES, header, PING, PONG } from './sign-in.ts'

// Names in a TLS handshake that no TLS library would send: so the first message is written here, byte by byte. Nothing
// of it may reach a callback that throws (CVE-2026-21637).

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false })
  await server.account('alice')
})

afterAll(() => server[Symbol.asyncDispose]())

const STARTTLS = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`

// --- a ClientHello (RFC 5246 §7.4.1.2), its names (RFC 6066 §3) and protocols (RFC 7301 §3.1) ---------------------------

const u8 = (value: number) => Buffer.of(value)
const u16 = (value: number) => Buffer.of(value >> 8, value & 0xff)
const u24 = (value: number) => Buffer.of(value >> 16, (value >> 8) & 0xff, value & 0xff)
const sized8 = (...parts: Buffer[]) => Buffer.concat([u8(Buffer.concat(parts).length), ...parts])
const sized16 = (...parts: Buffer[]) => Buffer.concat([u16(Buffer.concat(parts).length), ...parts])
const extension = (type: number, body: Buffer) => Buffer.concat([u16(type), sized16(body)])
const numbers = (...values: number[]) => Buffer.concat(values.map(u16))

const serverName = (...names: Buffer[]) =>
  extension(0, sized16(...names.map((name) => Buffer.concat([u8(0), sized16(name)]))))
const protocols = (...names: Buffer[]) => extension(16, sized16(...names.map((name) => sized8(name))))

/** Of TLS 1.2, with what this server accepts there: else an alert would be about the ciphers. */
function clientHello(...extensions: Buffer[]): Buffer {
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 7),
    sized8(),
    sized16(numbers(0xc02b, 0xc02c)),
    sized8(u8(0)),
    sized16(
      extension(10, sized16(numbers(0x0017))),
      extension(11, sized8(u8(0))),
      extension(13, sized16(numbers(0x0403))),
      extension(23, Buffer.alloc(0)),
      ...extensions,
    ),
  ])
  return Buffer.concat([u8(22), u16(0x0301), sized16(u8(1), u24(body.length), body)])
}

const ascii = (text: string) => Buffer.from(text, 'latin1')

const CASES: readonly (readonly [string, Buffer])[] = [
  ['a server name with NUL', serverName(ascii('im.test\0.evil.test'))],
  ['a server name that is only NUL', serverName(ascii('\0'))],
  ['a server name of 300 bytes', serverName(ascii('x'.repeat(300)))],
  ['a server name of 12 KB', serverName(ascii('x'.repeat(12_000)))],
  ['an empty server name', serverName(ascii(''))],
  ['invalid IDNA', serverName(ascii('xn--\x7f-.xn--a'))],
  ['a server name of ill-formed UTF-8', serverName(Buffer.from('ff fe c0 af'.replaceAll(' ', ''), 'hex'))],
  ['an address for a server name', serverName(ascii('[::1]:5223'))],
  ['two server names', serverName(ascii('im.test'), ascii('other.test'))],
  ['a list of names that ends too early', extension(0, Buffer.from('00ff00', 'hex'))],
  ['a protocol with NUL', protocols(ascii('xmpp-client\0'))],
  ['a protocol of 255 bytes', protocols(ascii('x'.repeat(255)))],
  ['an empty protocol', protocols(ascii(''))],
  ['a list of no protocols', extension(16, u16(0))],
  ['1,000 protocols', protocols(...Array.from({ length: 1_000 }, (_, n) => ascii(`p${n}`)))],
  ['__proto__ for both', Buffer.concat([serverName(ascii('__proto__')), protocols(ascii('__proto__'))])],
]

// --- the answer ------------------------------------------------------------------------------------------------------

const HANDSHAKE = 22
const ALERT = 21

/** The type of the first record that comes back. */
async function answerTo(socket: Socket, hello: Buffer): Promise<number | undefined> {
  socket.write(hello)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.on('error', () => socket.destroy())
  socket.destroy()
  return chunk[0]
}

async function dial(port: number): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  return socket
}

describe('DS-15 tls-callback-throw', () => {
  test('what these handshakes have beside their odd names is right', async () => {
    const hello = clientHello(serverName(ascii('im.test')), protocols(ascii('xmpp-client')))
    expect(await answerTo(await dial(server.c2sTlsPort), hello)).toBe(HANDSHAKE)
  })

  test.each(CASES)('%s gets an alert or a handshake, with direct TLS', async (_what, extensions) => {
    expect([HANDSHAKE, ALERT]).toContain(await answerTo(await dial(server.c2sTlsPort), clientHello(extensions)))
  })

  test.each(CASES)('%s gets an alert or a handshake, after STARTTLS', async (_what, extensions) => {
    const line = await server.tcp()
    line.send(header('tcp'))
    await line.until(FEATURES)
    line.send(STARTTLS)
    await line.until(/<proceed[^>]*>/)
    expect([HANDSHAKE, ALERT]).toContain(await answerTo(line.socket, clientHello(extensions)))
  })

  test('after all of them the next client signs in, and nothing of ours has failed', async () => {
    const line = await bound(await server.tls(), 'alice')
    line.send(PING)
    await line.until(PONG)
    line.destroy()
    expect(server.complaints).toEqual([])
  })
})
