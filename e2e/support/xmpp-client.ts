import { C2S_LIMITS, createStreamParser, xml } from '@drawbridge/xmpp'
import type { Element, StreamParser } from '@drawbridge/xmpp'
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'

const WAIT_MS = 10_000
const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info'

export interface ClientOptions {
  readonly port: number
  readonly domain?: string
  readonly name: string
  readonly password: string
  readonly resource?: string
  /** `starttls` (default), or TLS from the first byte (XEP-0368). */
  readonly mode?: 'starttls' | 'direct'
  /** Bind the SASL exchange to the TLS channel: SCRAM-SHA-256-PLUS. */
  readonly channelBinding?: 'tls-exporter'
  /** Name and version this client gives when asked (XEP-0092); absent: it answers with an error. */
  readonly version?: { readonly name: string; readonly version: string }
  /** Says that it is a client with these features, to whoever asks (XEP-0030); absent: it answers with an error. */
  readonly features?: readonly string[]
  /** XEP-0198. */
  readonly management?: 'resumable' | { readonly resume: string; readonly h: number }
}

/** A client for tests that wants to see every element and to break off where it likes. */
export interface TestClient {
  readonly jid: string
  /** Everything received after binding, in order. */
  readonly received: readonly Element[]
  /** Nonzas of stream management too. */
  send(element: Element | string): void
  /** Resolves with the first received element, past or future, that matches. */
  next(matches: (element: Element) => boolean, waitMs?: number): Promise<Element>
  ask(type: 'get' | 'set', payload: Element, to?: string): Promise<Element>
  /** Resolves when the server has closed the stream or the connection, with the stream error's condition if any. */
  readonly closed: Promise<{
    readonly condition: string | undefined
    readonly at: number
    readonly element: Element | undefined
  }>
  /** The last `h` the server acknowledged, and the id to resume with. */
  readonly acked: () => number
  readonly resumeId: string | undefined
  /** The answer to a resumption: `resumed` or `failed`. */
  readonly resumption: Element | undefined
  end(): Promise<void>
  /** Cuts the connection without a word. */
  destroy(): void
}

/** SASL or binding failed; `condition` says how. */
export class SignInFailed extends Error {
  readonly condition: string
  readonly element: Element

  constructor(element: Element) {
    const condition = element.getChildElements()[0]?.name ?? element.name
    super(`refused: ${element.toString()}`)
    this.condition = condition
    this.element = element
  }
}

/** Connects, signs in by SCRAM-SHA-256 and binds. Rejects with `SignInFailed` when the server says no. */
export async function connectClient(options: ClientOptions): Promise<TestClient> {
  const { port, domain = 'localhost', name, password, mode = 'starttls' } = options
  const received: Element[] = []
  const watchers = new Set<() => void>()
  let bound = false
  let handled = 0
  let acked = 0
  let streamError: Element | undefined
  let close!: (outcome: { condition: string | undefined; at: number; element: Element | undefined }) => void
  const closed = new Promise<{ condition: string | undefined; at: number; element: Element | undefined }>((resolve) => {
    close = resolve
  })

  let socket: Socket = mode === 'direct' ? secure(undefined, port, domain) : connectTcp(port, '127.0.0.1')
  await once(socket, mode === 'direct' ? 'secureConnect' : 'connect')
  let parser: StreamParser
  const handle = (element: Element) => {
    if (element.name === 'error' && element.getNS() === 'http://etherx.jabber.org/streams') streamError = element
    if (bound && element.getNS() === 'urn:xmpp:sm:3') {
      if (element.name === 'r') return write(`<a xmlns="urn:xmpp:sm:3" h="${handled}"/>`)
      if (element.name === 'a') acked = Number(element.attrs['h'])
    } else if (bound) handled++
    if (answerQuery(element)) return
    received.push(element)
    for (const look of [...watchers]) look()
  }
  const answerQuery = (element: Element): boolean => {
    if (element.name !== 'iq' || element.attrs['type'] !== 'get') return false
    const { id = '', from = '' } = element.attrs
    const answer = answerTo(element.getChildElements()[0], options)
    write(
      answer
        ? xml('iq', { type: 'result', id, to: from }, answer)
        : xml(
            'iq',
            { type: 'error', id, to: from },
            xml(
              'error',
              { type: 'cancel' },
              xml('service-unavailable', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }),
            ),
          ),
    )
    return true
  }
  const newParser = () => {
    parser = createStreamParser(C2S_LIMITS, {
      open: () => undefined,
      element: handle,
      close: () => socket.end(),
    })
  }
  const listenTo = (from: Socket) => {
    from.on('data', (chunk: Buffer) => parser.write(chunk))
    from.on('error', () => from.destroy())
    from.once('close', () => {
      if (from === socket)
        close({ condition: streamError?.getChildElements()[0]?.name, at: performance.now(), element: streamError })
    })
  }
  const write = (element: Element | string) => {
    if (socket.writable) socket.write(element.toString())
  }
  const open = () => {
    newParser()
    write(
      `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    )
  }
  const next = (matches: (element: Element) => boolean, waitMs = WAIT_MS) =>
    new Promise<Element>((resolve, reject) => {
      const look = () => {
        const found = received.find(matches)
        if (!found) return
        clearTimeout(timer)
        watchers.delete(look)
        resolve(found)
      }
      const timer = setTimeout(() => {
        watchers.delete(look)
        reject(new Error(`${name} waited in vain; last of ${received.length}: ${received.slice(-3).join('\n')}`))
      }, waitMs)
      watchers.add(look)
      look()
    })
  const take = async (...names: string[]) => {
    const lost = closed.then(({ condition, element }) => {
      throw element ? new SignInFailed(element) : new Error(`closed: ${condition ?? 'without a word'}`)
    })
    const element = await Promise.race([
      next((candidate) => names.includes(candidate.name) || candidate.name === 'error'),
      lost,
    ])
    received.splice(received.indexOf(element), 1)
    if (element.name === 'error') throw new SignInFailed(element)
    return element
  }

  listenTo(socket)
  open()
  await take('features')
  if (mode === 'starttls') {
    write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    await take('proceed')
    const plain = socket
    plain.removeAllListeners('data')
    plain.removeAllListeners('close')
    socket = secure(plain, port, domain)
    await once(socket, 'secureConnect')
    listenTo(socket)
    open()
    await take('features')
  }
  await scram({ write, take, name, password, socket: socket as TLSSocket, binding: options.channelBinding })
  open()
  await take('features')
  let jid = ''
  let resumeId: string | undefined
  let resumption: Element | undefined
  const bindResource = async () => {
    write(
      xml(
        'iq',
        { type: 'set', id: 'bind' },
        xml(
          'bind',
          { xmlns: 'urn:ietf:params:xml:ns:xmpp-bind' },
          options.resource === undefined ? undefined : xml('resource', {}, options.resource),
        ),
      ),
    )
    const answer = await take('iq')
    const got = answer.getChild('bind')?.getChildText('jid')
    if (!got) throw new SignInFailed(answer.getChild('error') ?? answer)
    jid = got
    bound = true
  }
  if (typeof options.management === 'object') {
    write(`<resume xmlns="urn:xmpp:sm:3" previd="${options.management.resume}" h="${options.management.h}"/>`)
    handled = options.management.h
    bound = true
    resumption = await take('resumed', 'failed')
    if (resumption.name === 'failed') {
      bound = false
      handled = 0
      await bindResource()
    } else {
      resumeId = options.management.resume
      acked = Number(resumption.attrs['h'])
    }
  } else await bindResource()
  if (options.management !== undefined && resumeId === undefined) {
    write('<enable xmlns="urn:xmpp:sm:3" resume="true"/>')
    const enabled = await take('enabled')
    resumeId = enabled.attrs['id']
    handled = 0
  }
  let asks = 0
  return {
    jid,
    received,
    send: write,
    next,
    async ask(type, payload, to) {
      const id = `ask${++asks}`
      write(xml('iq', { type, id, ...(to === undefined ? {} : { to }) }, payload))
      return next((element) => element.name === 'iq' && element.attrs['id'] === id)
    },
    closed,
    acked: () => acked,
    resumeId,
    resumption,
    async end() {
      write('</stream:stream>')
      await closed
    },
    destroy: () => socket.destroy(),
  }
}

/** XEP-0092 and XEP-0030, as far as this client has something to say. */
function answerTo(query: Element | undefined, { version, features }: ClientOptions): Element | undefined {
  if (version && query?.is('query', 'jabber:iq:version'))
    return xml(
      'query',
      { xmlns: 'jabber:iq:version' },
      xml('name', {}, version.name),
      xml('version', {}, version.version),
    )
  if (!features || !query?.is('query', NS_DISCO_INFO)) return undefined
  return xml(
    'query',
    { xmlns: NS_DISCO_INFO, node: query.attrs['node'] },
    xml('identity', { category: 'client', type: 'pc' }),
    features.map((feature) => xml('feature', { var: feature })),
  )
}

/** XEP-0115 §5: what goes into presence, for a client that gives these features. */
export function capsOf(features: readonly string[]): Element {
  const text = ['client/pc//', ...features.toSorted()].map((part) => `${part}<`).join('')
  const ver = createHash('sha1').update(text).digest('base64')
  return xml('c', { xmlns: 'http://jabber.org/protocol/caps', hash: 'sha-1', node: 'urn:example:bob', ver })
}

function secure(plain: Socket | undefined, port: number, domain: string): TLSSocket {
  // The certificate is the test server's own; that it is checked by real clients is their test.
  const common = { servername: domain, rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'] }
  return plain ? connectTls({ ...common, socket: plain }) : connectTls({ ...common, port, host: '127.0.0.1' })
}

interface ScramOptions {
  write(element: Element | string): void
  take(...names: string[]): Promise<Element>
  readonly name: string
  readonly password: string
  readonly socket: TLSSocket
  readonly binding: 'tls-exporter' | undefined
}

/** The client's side of RFC 5802 and RFC 7677, written apart from the server's. */
async function scram({ write, take, name, password, socket, binding }: ScramOptions): Promise<void> {
  const gs2 = binding === undefined ? 'n,,' : `p=${binding},,`
  const bare = `n=${name},r=${randomBytes(18).toString('base64')}`
  const mechanism = binding === undefined ? 'SCRAM-SHA-256' : 'SCRAM-SHA-256-PLUS'
  const encode = (text: string) => Buffer.from(text).toString('base64')
  write(xml('auth', { xmlns: 'urn:ietf:params:xml:ns:xmpp-sasl', mechanism }, encode(gs2 + bare)))
  const challenge = await take('challenge', 'failure')
  if (challenge.name === 'failure') throw new SignInFailed(challenge)
  const first = Buffer.from(challenge.getText(), 'base64').toString()
  const { r = '', s = '', i = '' } = Object.fromEntries(first.split(',').map((part) => [part[0], part.slice(2)]))
  const salted = pbkdf2Sync(password, Buffer.from(s, 'base64'), Number(i), 32, 'sha256')
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const clientKey = hmac(salted, 'Client Key')
  const bindingBytes =
    binding === undefined
      ? Buffer.alloc(0)
      : socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
  const withoutProof = `c=${Buffer.concat([Buffer.from(gs2), bindingBytes]).toString('base64')},r=${r}`
  const authMessage = `${bare},${first},${withoutProof}`
  const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage)
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))).toString('base64')
  write(xml('response', { xmlns: 'urn:ietf:params:xml:ns:xmpp-sasl' }, encode(`${withoutProof},p=${proof}`)))
  const outcome = await take('success', 'failure')
  if (outcome.name === 'failure') throw new SignInFailed(outcome)
  const verifier = Buffer.from(outcome.getText(), 'base64').toString()
  if (verifier !== `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`)
    throw new Error('wrong server signature')
}
