import { createHmac } from 'node:crypto'
import type { Line } from './line.ts'
import { scramClient } from './sign-in.ts'
import type { ScramTwist } from './sign-in.ts'

const SASL2 = 'urn:xmpp:sasl:2'
const encode = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64')

/** An answer of XEP-0388, complete. */
export const ANSWER2 = /<(success|failure|challenge|continue|task-data)\b[^>]*?(\/>|>.*?<\/\1>)/s

/** `<authenticate/>` with an initial response, if any, and whatever else the client wants. */
export function authenticate(mechanism: string, initial: string | Buffer | undefined, inside = ''): string {
  const data = initial === undefined ? '' : `<initial-response>${encode(initial)}</initial-response>`
  return `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'>${data}${inside}</authenticate>`
}

export function response2(text: string | Buffer): string {
  return `<response xmlns='${SASL2}'>${encode(text)}</response>`
}

/** A client of this id; ids in tests are words. */
export function userAgent(id: string | undefined, software = 'Test', device = 'a laptop', inside = ''): string {
  const attr = id === undefined ? '' : ` id='${id}'`
  return `<user-agent${attr}><software>${software}</software><device>${device}</device>${inside}</user-agent>`
}

export function bind2(tag: string | undefined, inside = ''): string {
  return `<bind xmlns='urn:xmpp:bind:0'>${tag === undefined ? '' : `<tag>${tag}</tag>`}${inside}</bind>`
}

export const requestToken = (mechanism: string) => `<request-token xmlns='urn:xmpp:fast:0' mechanism='${mechanism}'/>`
export const ENABLE_CARBONS = `<enable xmlns='urn:xmpp:carbons:2'/>`
export const ENABLE_SM = `<enable xmlns='urn:xmpp:sm:3' resume='true'/>`

export interface Sasl2Options extends ScramTwist {
  readonly password?: string
  /** What stands in `<authenticate/>` beside the SASL data. */
  readonly inside?: string
}

/** Signs in by SCRAM in the profile of XEP-0388 on an open stream and returns the server's last word. */
export async function scram2(line: Line, name: string, options: Sasl2Options = {}): Promise<string> {
  const { password = `${name}-password`, inside = '', ...twist } = options
  const client = scramClient(name, password, twist)
  line.send(authenticate(client.mechanism, client.first, inside))
  const challenge = await line.until(ANSWER2)
  if (!challenge.includes('<challenge')) return challenge
  line.send(response2(client.final(decoded(challenge, 'challenge'))))
  const outcome = await line.until(ANSWER2)
  if (!outcome.includes('<failure')) client.verify(decoded(outcome, 'additional-data'))
  return outcome
}

export function plain2(name: string, password = `${name}-password`, inside = '', authzid = ''): string {
  return authenticate('PLAIN', `${authzid}\0${name}\0${password}`, inside)
}

/** What a client says first in OAUTHBEARER (RFC 7628 §3.1). */
export function bearer(token: string, gs2 = 'n,,'): string {
  return `${gs2}\x01auth=Bearer ${token}\x01\x01`
}

/** Signs in by an access token and returns the server's last word: the dummy response is given where it is due. */
export async function bearer2(line: Line, token: string, inside = '', gs2?: string): Promise<string> {
  line.send(authenticate('OAUTHBEARER', bearer(token, gs2), inside))
  const answer = await line.until(ANSWER2)
  if (!answer.includes('<challenge')) return answer
  line.send(response2('\x01'))
  return line.until(ANSWER2)
}

const HT_BINDINGS = { NONE: undefined, EXPR: 'tls-exporter', ENDP: 'tls-server-end-point' } as const

export interface TokenSignIn {
  readonly name: string
  readonly token: string
  readonly agent: string
  readonly mechanism?: `HT-SHA-256-${keyof typeof HT_BINDINGS}`
  readonly binding?: Buffer
  /** Attributes of `<fast/>`. */
  readonly fast?: string
  readonly inside?: string
}

/** Signs in by a token (XEP-0484 §3.4), in one round trip, and returns the server's last word. */
export async function tokenSignIn(line: Line, options: TokenSignIn): Promise<string> {
  const { name, token, agent, mechanism = 'HT-SHA-256-NONE', binding = Buffer.alloc(0) } = options
  const { fast = '', inside = '' } = options
  const hmac = (who: string) => createHmac('sha256', token).update(who).update(binding).digest()
  const initial = Buffer.concat([Buffer.from(`${name}\0`), hmac('Initiator')])
  const rest = `${userAgent(agent)}<fast xmlns='urn:xmpp:fast:0'${fast}/>${inside}`
  line.send(authenticate(mechanism, initial, rest))
  const outcome = await line.until(ANSWER2)
  const last = /<additional-data>([^<]*)</.exec(outcome)?.[1]
  if (outcome.includes('<success') && last !== encode(hmac('Responder'))) throw new Error('wrong responder message')
  return outcome
}

/** The token in `<success/>`. */
export function tokenIn(outcome: string): string | undefined {
  return /<token [^>]*token="([^"]+)"/.exec(outcome)?.[1]
}

/** The address in `<success/>`. */
export function jidIn(outcome: string): string | undefined {
  return /<authorization-identifier>([^<]*)</.exec(outcome)?.[1]
}

/** The condition in `<failure/>`. */
export function conditionIn(outcome: string): string | undefined {
  return /<failure xmlns="urn:xmpp:sasl:2"><([\w-]+) xmlns="urn:ietf:params:xml:ns:xmpp-sasl"\/>/.exec(outcome)?.[1]
}

/** What base64 in this element says. */
export function decoded(text: string, element: string): string {
  return Buffer.from(new RegExp(`<${element}[^>]*>([^<]*)<`).exec(text)?.[1] ?? '', 'base64').toString()
}
