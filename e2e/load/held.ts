import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`
const encode = (text: string | Buffer) => Buffer.from(text).toString('base64')
const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** Passwords are stretched once: that is the clients' work, and not what is measured here. */
const stretched = new Map<string, Buffer>()

export interface HeldOptions {
  readonly port: number
  readonly account: string
  readonly password: string
  /** Of the installation: XEP-0388 §2.3. */
  readonly id: string
  /** As `Held 1.0`. */
  readonly software: string
  readonly isResumable?: boolean
  readonly resume?: { readonly id: string; readonly h: number }
}

/** How a connection ended: what the server said last, and when (by the clock of the day). */
export interface End {
  readonly text: string
  readonly at: number
}

/** One session of a load tool: it signs in by SASL2 over plain TCP and listens. */
export interface Held {
  readonly options: HeldOptions
  readonly resumeId: string | undefined
  /** What the server answered to a resumption. */
  readonly isResumed: boolean
  readonly signedInMs: number
  readonly ended: Promise<End>
  readonly isOpen: boolean
  /** Resolves when the server has answered a ping. */
  ping(): Promise<void>
  close(): void
}

/** The server ended the connection before the session was there. */
export class TurnedBack extends Error {
  readonly text: string

  constructor(text: string) {
    super(`turned back: ${text.slice(-400)}`)
    this.text = text
  }
}

/** Signs in and binds, or resumes. @throws TurnedBack */
export async function hold(options: HeldOptions): Promise<Held> {
  const { port, account, password, id, software, isResumable, resume } = options
  const startedAt = performance.now()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const reader = readerOf(socket)
  await once(socket, 'connect')
  const first = `n=${account},r=${randomBytes(12).toString('base64')}`
  const bind = `<bind xmlns='urn:xmpp:bind:0'>${isResumable ? `<enable xmlns='urn:xmpp:sm:3' resume='true'/>` : ''}</bind>`
  const wanted = resume ? `<resume xmlns='urn:xmpp:sm:3' previd='${resume.id}' h='${resume.h}'/>` : ''
  socket.write(
    `${HEADER}<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'>` +
      `<initial-response>${encode(`n,,${first}`)}</initial-response>` +
      `<user-agent id='${id}'><software>${software}</software></user-agent>${wanted}${bind}</authenticate>`,
  )
  const challenge = Buffer.from(await reader.until(/<challenge[^>]*>([^<]*)<\/challenge>/), 'base64').toString()
  const { r = '', s = '', i = '' } = Object.fromEntries(challenge.split(',').map((part) => [part[0], part.slice(2)]))
  const key = `${account} ${s} ${i}`
  const salted = stretched.get(key) ?? pbkdf2Sync(password, Buffer.from(s, 'base64'), Number(i), 32, 'sha256')
  stretched.set(key, salted)
  const clientKey = hmac(salted, 'Client Key')
  const signature = hmac(
    createHash('sha256').update(clientKey).digest(),
    `${first},${challenge},c=${encode('n,,')},r=${r}`,
  )
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!))
  socket.write(`<response xmlns='urn:xmpp:sasl:2'>${encode(`c=${encode('n,,')},r=${r},p=${encode(proof)}`)}</response>`)
  const success = await reader.until(/(<success.*?<\/success>)/s)
  return {
    options,
    resumeId: / id="([^"]+)"/.exec(/<enabled[^>]*>/.exec(success)?.[0] ?? '')?.[1],
    isResumed: success.includes('<resumed'),
    signedInMs: performance.now() - startedAt,
    ended: reader.ended,
    get isOpen() {
      return !socket.destroyed && socket.writable
    },
    async ping() {
      const answer = reader.until(/(id="held-ping")/)
      socket.write(
        `<iq xmlns='jabber:client' type='get' id='held-ping' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
      )
      await answer
    },
    close: () => socket.destroy(),
  }
}

function readerOf(socket: Socket) {
  let text = ''
  let wake = () => {}
  const ended = new Promise<End>((resolve) => {
    socket.once('close', () => {
      resolve({ text, at: Date.now() })
      wake()
    })
  })
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  socket.on('data', (chunk: string) => {
    // What nobody waits for is kept as far as a last word may need it.
    text = (text + chunk).slice(-16_384)
    wake()
  })
  return {
    ended,
    async until(pattern: RegExp): Promise<string> {
      for (;;) {
        const match = pattern.exec(text)
        if (match) {
          text = text.slice(match.index + match[0].length)
          return match[1] ?? match[0]
        }
        if (socket.destroyed) throw new TurnedBack(text)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}

/** Does something with each, so many at once. */
export async function eachOf<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}

/** The value below which this part of all lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}
