import { createHash } from 'node:crypto'
import { dialTcp } from './line.ts'
import type { TcpLine } from './line.ts'
import type { RunningServer } from './running-server.ts'

/** Of every component in tests. */
export const SECRET = 'a-secret-of-the-bridge'

/** Opens the stream of a component; the second is the id of the stream (XEP-0114 §2). */
export async function dialComponent(
  server: RunningServer,
  to = 'bridge.im.test',
  xmlns = 'jabber:component:accept',
): Promise<[TcpLine, string]> {
  const line = await dialTcp(server.componentPort)
  line.send(`<stream:stream xmlns='${xmlns}' xmlns:stream='http://etherx.jabber.org/streams' to='${to}'>`)
  const header = await line.until(/<stream:stream [^>]*>/)
  return [line, /\bid="([^"]+)"/.exec(header)?.[1] ?? '']
}

export function handshake(id: string, secret = SECRET): string {
  return `<handshake>${createHash('sha1')
    .update(id + secret)
    .digest('hex')}</handshake>`
}

/** A component that has proved its secret. */
export async function connectComponent(server: RunningServer, to?: string): Promise<TcpLine> {
  const [line, id] = await dialComponent(server, to)
  line.send(handshake(id))
  await line.until(/<handshake\/>/)
  return line
}

/** Ends streams, one after the other. */
export async function end(...lines: TcpLine[]): Promise<void> {
  for (const line of lines) {
    line.send('</stream:stream>')
    await line.closed()
  }
}
