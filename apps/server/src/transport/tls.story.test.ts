import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAddressLimit } from './address-limit.ts'
import type { Connection } from './connection.ts'
import { listenTcp } from './tcp.ts'
import type { Listener } from './tcp.ts'
import { loadTls } from './tls.ts'
import type { Tls } from './tls.ts'

// What a TLS client sees: threats TL-01, TL-02, TL-07, TL-08 and TL-09, beside those in test/streams/auth.story.test.ts.

const DAY_MS = 86_400_000
let directory: string
let tls: Tls
let listener: Listener
let now = Date.now()
const connections: Connection[] = []

async function writePair(): Promise<string> {
  const made = await generate([{ name: 'commonName', value: 'im.test' }], { keyType: 'ec', algorithm: 'sha256' })
  writeFileSync(join(directory, 'cert.pem'), made.cert)
  writeFileSync(join(directory, 'key.pem'), made.private)
  return new X509Certificate(made.cert).fingerprint256
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'drawbridge-tls-'))
  await writePair()
  const source = {
    certificateFile: join(directory, 'cert.pem'),
    keyFile: join(directory, 'key.pem'),
    secretsDirectory: directory,
    domain: 'im.test',
  }
  tls = await loadTls(source, () => now)
  const nothing = () => undefined
  listener = await listenTcp({
    bind: '127.0.0.1',
    port: 0,
    tls,
    mode: 'direct',
    limit: createAddressLimit({ atOnce: 100, perMinute: 1_000 }),
    accept(connection) {
      connections.push(connection)
      return {
        open: () => connection.write('opened'),
        element: () => connection.write('element'),
        close: nothing,
        fault: nothing,
        failed: nothing,
        gone: nothing,
      }
    },
  })
})

afterAll(async () => {
  await listener.close()
  rmSync(directory, { recursive: true })
})

async function dial(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port: listener.port,
    host: '127.0.0.1',
    servername: 'im.test',
    rejectUnauthorized: false,
    ...options,
  })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

const fingerprintOf = (socket: TLSSocket) => socket.getPeerCertificate().fingerprint256

/** Says something on a connection and waits for the answer, which proves that the server has it ready. */
async function talk(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString()
}

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`

describe('a certificate', () => {
  test('TL-07 a new one serves new handshakes; who is connected stays; the binding is that of the connection', async () => {
    const before = await dial()
    expect(await talk(before, HEADER)).toBe('opened')
    const first = fingerprintOf(before)
    const renewed = await writePair()
    await tls.refresh()
    const after = await dial()
    expect(await talk(after, HEADER)).toBe('opened')
    expect(fingerprintOf(after)).toBe(renewed)
    expect(renewed).not.toBe(first)
    expect(await talk(before, '<presence/>')).toBe('element')
    const bindings = connections.map(({ channelBindings }) => channelBindings?.['tls-server-end-point'].toString('hex'))
    expect(bindings).toEqual(
      [before, after].map((socket) => createHash('sha256').update(socket.getPeerCertificate().raw).digest('hex')),
    )
    for (const socket of [before, after]) socket.destroy()
  })

  test('TL-07 one that cannot be used changes nothing', async () => {
    const socket = await dial()
    writeFileSync(join(directory, 'cert.pem'), 'half written')
    await expect(tls.refresh()).rejects.toThrow('DRAWBRIDGE_TLS_CERT')
    const other = await dial()
    expect(fingerprintOf(other)).toBe(fingerprintOf(socket))
    for (const each of [socket, other]) each.destroy()
    await writePair()
    await tls.refresh()
  })

  test('TL-07 listeners with a context of their own are told', async () => {
    const seen: unknown[] = []
    tls.onRefresh(({ cert }) => seen.push(cert))
    await tls.refresh()
    expect(seen).toEqual([])
    await writePair()
    await tls.refresh()
    expect(seen).toEqual([tls.contextOptions.cert])
  })

  test('TL-08 whatever name is asked for, or none, the certificate is that of the one domain there is', async () => {
    const expected = new X509Certificate(String(tls.contextOptions.cert)).fingerprint256
    for (const servername of ['im.test', 'other.test', '']) {
      const socket = await dial({ servername })
      expect(fingerprintOf(socket)).toBe(expected)
      socket.destroy()
    }
  })
})

describe('session tickets', () => {
  async function ticket(): Promise<Buffer> {
    const socket = await dial()
    const [session] = (await once(socket, 'session')) as [Buffer]
    socket.destroy()
    return session
  }

  test('TL-09 a ticket is taken as long as its keys live, and not when they were replaced', async () => {
    const session = await ticket()
    const same = await dial({ session })
    expect(same.isSessionReused()).toBe(true)
    same.destroy()
    now += DAY_MS
    await tls.refresh()
    const later = await dial({ session })
    expect(later.isSessionReused()).toBe(false)
    later.destroy()
  })

  test('TL-09 no ticket allows early data: its maximum, [15] of the session, is absent, which is 0', async () => {
    // ASN.1 of SSL_SESSION: a context tag [15] would be written as `af`, followed by an INTEGER.
    expect((await ticket()).toString('hex')).not.toMatch(/af0[3-7]02/)
  })
})

describe('TL-01, TL-02 a handshake', () => {
  test.each<[string, ConnectionOptions]>([
    ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['key exchange by RSA', { maxVersion: 'TLSv1.2', ciphers: 'AES256-GCM-SHA384:AES128-SHA' }],
    ['DHE', { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES256-GCM-SHA384' }],
    ['CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA' }],
    ['NULL', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0' }],
  ])('with %s fails', async (_what, options) => {
    await expect(
      new Promise((resolve, reject) => {
        const socket = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () =>
          resolve(socket.getCipher()),
        )
        socket.on('error', reject)
      }),
    ).rejects.toThrow(/alert|handshake|protocol|no cipher/i)
  })

  test('TL-02 below TLS 1.3 nothing is bound that depends on the extended master secret', async () => {
    const socket = await dial({ maxVersion: 'TLSv1.2' })
    await talk(socket, HEADER)
    expect(Object.keys(connections.at(-1)?.channelBindings ?? {})).toEqual(['tls-server-end-point'])
    socket.destroy()
  })
})
