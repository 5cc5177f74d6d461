import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'
import { dialTls } from './line.ts'
import type { Line, TcpLine } from './line.ts'

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'
const encode = (text: string | Buffer) => Buffer.from(text).toString('base64')

/** The header of a client's stream, over either carrier. */
export function header(framing: 'tcp' | 'ws', to = 'im.test'): string {
  return framing === 'ws'
    ? `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${to}' version='1.0'/>`
    : `<?xml version='1.0'?><stream:stream to='${to}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`
}

export const FEATURES = /<stream:features.*?<\/stream:features>/s
/** A SASL answer, complete. */
export const OUTCOME = /<(success|failure|challenge)\b[^>]*?(\/>|>.*?<\/\1>)/s

/** Opens the stream and waits for its features. */
export async function open(line: Line): Promise<string> {
  line.send(header(line.framing))
  return line.until(FEATURES)
}

/** The same, over TLS from the first byte. */
export async function openTls(port: number, options: ConnectionOptions = {}): Promise<TcpLine> {
  const line = await dialTls(port, options)
  await open(line)
  return line
}

/** The stream error that ends a line, if one does. */
export async function errorOf(line: Line): Promise<string | undefined> {
  return /<stream:error[^>]*><([\w-]+)/.exec(await line.closed())?.[1]
}

export function auth(mechanism: string, initial?: string | Buffer): string {
  return `<auth xmlns='${SASL}' mechanism='${mechanism}'>${initial === undefined ? '' : encode(initial)}</auth>`
}

export function response(text: string | Buffer): string {
  return `<response xmlns='${SASL}'>${encode(text)}</response>`
}

export function plain(name: string, password: string, authzid = ''): string {
  return auth('PLAIN', `${authzid}\0${name}\0${password}`)
}

const DIGESTS = { 'SCRAM-SHA-1': 'sha1', 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' } as const

/** What a client may do wrong, or otherwise, in a SCRAM exchange. */
export interface ScramTwist {
  readonly mechanism?: keyof typeof DIGESTS | `${keyof typeof DIGESTS}-PLUS`
  /** GS2 header; default `n,,`. */
  readonly gs2?: string
  /** The bytes that client-final carries after the GS2 header. */
  readonly binding?: Buffer
  /** Changes client-final, with the right proof at hand. */
  readonly final?: (withoutProof: string, proof: Buffer) => string
  /** Changes what the proof covers, so that only the change is wrong and not the proof. */
  readonly withoutProof?: (channel: string, nonce: string) => string
  /** XEP-0474: the list of mechanisms and the one of channel bindings, as the client saw them. */
  readonly offered?: readonly (readonly string[])[]
  /** XEP-0515: of TLS as the client sees it. */
  readonly tlsVersion?: string
  /** What becomes of the server's first message between server and client. */
  readonly onTheWay?: (serverFirst: string) => string
}

/** The client's side of RFC 5802, written apart from the server's: `first`, `final` of what came, `verify` the end. */
export function scramClient(name: string, password: string, twist: ScramTwist = {}) {
  const { mechanism = 'SCRAM-SHA-256', gs2 = 'n,,', binding = Buffer.alloc(0), offered } = twist
  const digest = DIGESTS[mechanism.replace('-PLUS', '') as keyof typeof DIGESTS]
  const bare = `n=${name},r=${randomBytes(18).toString('base64')}`
  const hmac = (key: Buffer, text: string) => createHmac(digest, key).update(text).digest()
  const hash = (text: string | Buffer) => createHash(digest).update(text).digest()
  let expected = ''
  return {
    mechanism,
    first: gs2 + bare,
    final(sent: string): string {
      const serverFirst = twist.onTheWay?.(sent) ?? sent
      const { r = '', s = '', i = '', h, t } = partsOf(serverFirst)
      if (twist.tlsVersion !== undefined && t !== twist.tlsVersion) throw new Error('another TLS')
      const seen = offered?.map((list) => list.toSorted().join('\x1e')).join('\x1f')
      if (seen !== undefined && h !== hash(seen).toString('base64')) throw new Error('somebody changed the offer')
      const salted = pbkdf2Sync(password, Buffer.from(s, 'base64'), Number(i), hash('').length, digest)
      const clientKey = hmac(salted, 'Client Key')
      const channel = Buffer.concat([Buffer.from(gs2), binding]).toString('base64')
      const withoutProof = twist.withoutProof?.(channel, r) ?? `c=${channel},r=${r}`
      const authMessage = `${bare},${serverFirst},${withoutProof}`
      const signature = hmac(hash(clientKey), authMessage)
      const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)))
      expected = `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`
      return twist.final?.(withoutProof, proof) ?? `${withoutProof},p=${encode(proof)}`
    },
    verify(serverFinal: string): void {
      if (serverFinal !== expected) throw new Error('wrong server signature')
    },
  }
}

/** The attributes of a SCRAM message, by letter. */
export function partsOf(message: string): Record<string, string | undefined> {
  return Object.fromEntries(message.split(',').map((part) => [part[0], part.slice(2)]))
}

/** Signs in by SCRAM on an open stream and returns the server's last word. */
export async function scram(
  line: Line,
  name: string,
  password = `${name}-password`,
  twist: ScramTwist = {},
): Promise<string> {
  const client = scramClient(name, password, twist)
  line.send(auth(client.mechanism, client.first))
  const challenge = await line.until(OUTCOME)
  if (!challenge.includes('<challenge')) return challenge
  line.send(response(client.final(textOf(challenge))))
  const outcome = await line.until(OUTCOME)
  if (outcome.includes('<success')) client.verify(textOf(outcome))
  return outcome
}

/** What base64 between tags says. */
export function textOf(element: string): string {
  return Buffer.from(/>([^<]*)<\/\w+>$/.exec(element)?.[1] ?? '', 'base64').toString()
}

/** Signs in on a fresh line, up to the features that come after it. */
export async function signIn(line: Line, name: string): Promise<string> {
  await open(line)
  const outcome = await scram(line, name)
  if (!outcome.includes('<success')) throw new Error(`${name} is refused: ${outcome}`)
  return open(line)
}

/** Signs in and binds; the line shows what came after the answer. */
export async function bound<L extends Line>(line: L, name: string, resource = 'r'): Promise<L> {
  await signIn(line, name)
  line.send(bindRequest(resource))
  await line.until(/<iq[^>]*type="result".*?<\/iq>/s)
  return line
}

export function bindRequest(resource = 'r'): string {
  return (
    `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>` +
    `<resource>${resource}</resource><client xmlns='urn:drawbridge:client:1' name='test' version='1.0'/></bind></iq>`
  )
}

export const PING = `<iq xmlns='jabber:client' type='get' id='ping' to='im.test'><ping xmlns='urn:xmpp:ping'/></iq>`
export const PONG = /<iq [^>]*id="ping"[^>]*\/>/
