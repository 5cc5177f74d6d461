/**
 * The one place that knows xmpp.js. It hides what xmpp.js leaves open (README, "The wire"): SCRAM-SHA-256, the wait
 * before coming back, dead links, elements that say who this client is, and which refusal means what.
 */
import { xml as xmppXml, type Authenticate } from '@xmpp/client'
import { NS_DRAWBRIDGE_CLIENT, NS_PING, NS_SASL, NS_SASL2, NS_SM, NS_STREAM, NS_STREAM_LIMITS } from '@drawbridge/xmpp'
import type { ClientProof } from '@drawbridge/xmpp'
import { parseStanzaError, type MessageError } from '../protocol/message.ts'
import type { Element, Xml } from './element.ts'
import { failureFrom, isFinal, type Failure } from './failure.ts'
import { afterLoss, delayMs, NO_ATTEMPTS, suspendedDelayMs } from './reconnect.ts'
import { ScramError, ScramExchange } from './scram.ts'
import type { KeptSecret, Secret } from './secret.ts'
import { HashedToken, HT_MECHANISM, tokenKeyFrom } from './token.ts'
import { announceClient, buildUserAgent, createEntity, hideSasl2, interceptInput, keepOnlySasl2 } from './xmpp-js.ts'

/** Makes elements that xmpp.js can send; replies to requests must be made by it. */
export const xml: Xml = xmppXml

/** How the client names itself to the server (`<client/>`, XEP-0092). */
export interface ClientIdentity {
  readonly name: string
  readonly version: string
  readonly build: string
  readonly os: string
}

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online' }
  /** Lost; the next attempt is at `until` (milliseconds since 1970). */
  | { readonly kind: 'waiting'; readonly until: number; readonly failure: Failure }
  /** Ended; nothing happens until {@link Connection.connect} is called. */
  | { readonly kind: 'stopped'; readonly failure: Failure | undefined }

/** How one kind of request is answered; without an element in return the result is empty. */
export interface Answer {
  readonly type: 'get' | 'set'
  readonly xmlns: string
  readonly name: string
  readonly answer: (query: Element, iq: Element) => Element | undefined
}

export interface ConnectionOptions {
  readonly service: string
  readonly domain: string
  readonly username: string
  readonly secret: Secret
  readonly identity: ClientIdentity
  /** Shows on a stream that it is so; see `Evidence`. */
  readonly prove: (streamId: string) => Promise<ClientProof | undefined>
  /** Answers a request of the server or of a contact. */
  readonly answers: readonly Answer[]
  readonly onState: (state: ConnectionState) => void
  /** A session begins: `isResumed` when nothing was lost since the last one (XEP-0198 §5). */
  readonly onSession: (session: { jid: string; isResumed: boolean }) => void
  readonly onStanza: (stanza: Element) => void
  /** The server has made durable what was sent under this id. */
  readonly onAcknowledged: (id: string) => void
  /** The stream could not be resumed; what became of these ids is unknown. */
  readonly onUncertain: (ids: readonly string[]) => void
  /** Asked before each wait: how many milliseconds, or what else is known about the outage. */
  readonly diagnose: (failure: Failure) => Promise<Failure>
  /** May be kept to sign in again without asking the person. */
  readonly onSecret: (secret: KeptSecret) => void
  /**
   * The token has run out: resolves with another one, or with nothing where only the person can get it. Rejects where that
   * cannot be known now.
   */
  readonly renew: () => Promise<KeptSecret | undefined>
}

export interface Connection {
  /** Connects, or tries again now. */
  connect(): void
  /** Whether the server takes an element of this size (XEP-0478); on a larger one it would end the stream. */
  fits(element: Element): boolean
  /** Rejects when not online: the caller keeps what it wanted to send. */
  send(element: Element): Promise<void>
  /** Sends an iq and gives the answer. Rejects with {@link RequestError}, or any Error when the link fails. */
  request(type: 'get' | 'set', payload: Element, to?: string): Promise<Element>
  /** Shows the server once more which client this is. Rejects when the link fails. */
  showClient(): Promise<void>
  /** Proves that the link is alive within 5 s, or drops it and reconnects. */
  probe(): void
  /**
   * The browser says that the network is gone: gives up on the link at once, which a dead link may take long to show.
   * Where the server can be reached all the same, the next try does.
   */
  interrupt(): void
  /** Ends the session for good. */
  close(): Promise<void>
  /** Tells the server that this page goes away; synchronous, for `pagehide`. */
  leave(): void
}

/** An iq was answered with an error. */
export class RequestError extends Error {
  readonly error: MessageError
  constructor(error: MessageError) {
    super(`${error.condition}${error.text && `: ${error.text}`}`)
    this.name = 'RequestError'
    this.error = error
  }
}

const CLOSE = '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>'
const NEGOTIATION_MS = 20_000
const PING_LIMIT_MS = 5_000
const SILENCE_MS = 45_000
const WATCH_EVERY_MS = 15_000
/** What a stanza grows by when it is sent again: xmpp.js says when it was sent first. */
const RESENT_BYTES = 512

/** Prepares a connection; nothing happens before `connect()`. */
export function createConnection(options: ConnectionOptions): Connection {
  let secret = options.secret
  let attempts = NO_ATTEMPTS
  let onlineSince = 0
  let lastHeardAt = 0
  let suspendedSince = 0
  let isWanted = false
  let isBound = false
  let isRenewed = false
  let canManage = false
  let maxBytes = Number.POSITIVE_INFINITY
  let waitsFor: Failure | undefined
  let probing = false
  let failure: Failure | undefined
  let serverFinal = ''
  let uncertain: string[] = []
  let streamId = ''
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  let negotiationTimer: ReturnType<typeof setTimeout> | undefined
  let watchTimer: ReturnType<typeof setInterval> | undefined

  const entity = createEntity({
    service: options.service,
    domain: options.domain,
    username: options.username,
    lang: navigator.language,
    timeout: 8_000,
    credentials: signIn,
  })
  // xmpp.js closes the stream when an <r/> stays unanswered, which would end the session instead of resuming it.
  entity.streamManagement.timeout = 0
  entity.streamManagement.requestAckDebounce = 40

  entity.saslFactory.use('SCRAM-SHA-256', ScramMechanism)
  entity.fast.saslFactory.use(HT_MECHANISM, HashedToken)
  entity.fast.saveToken = async (given) => {
    if (!('token' in secret)) return
    secret = { token: await tokenKeyFrom(given, secret.token.userAgentId) }
    options.onSecret(secret)
  }
  interceptInput(entity, (element) => inspect(element))
  entity.on('open', (header) => (streamId = header.attrs['id'] ?? ''))
  announceClient(entity, clientElement)
  for (const { type, xmlns, name, answer } of options.answers) {
    entity.iqCallee[type](xmlns, name, ({ element, stanza }) => answer(element, stanza) ?? {})
  }
  entity.on('error', (error) => noteError(error))
  entity.on('stanza', (stanza) => options.onStanza(stanza))
  entity.on('online', () => {
    isBound = true
    if (!canManage) setTimeout(() => began(false))
  })
  entity.on('close', () => {
    if (!isWanted) return
    entity.write(CLOSE).catch(() => undefined)
    drop()
  })
  entity.on('disconnect', () => void lost())
  const sm = entity.streamManagement
  // xmpp.js calls itself online right after this event.
  sm.on('resumed', () => setTimeout(() => began(true)))
  sm.on('ack', (stanza) => {
    const id = stanza.attrs['id']
    if (stanza.name === 'message' && id !== undefined) options.onAcknowledged(id)
  })
  sm.on('fail', (stanza) => {
    const id = stanza.attrs['id']
    if (stanza.name === 'message' && id !== undefined) uncertain.push(id)
  })

  async function signIn(authenticate: Authenticate, mechanisms: readonly string[]): Promise<void> {
    if ('token' in secret) {
      const { key, userAgentId } = secret.token
      // Whether it has run out is for the server to say, since clocks differ. Where it has, xmpp.js tries on by the mechanism
      // named here: none.
      const token = { mechanism: HT_MECHANISM, token: '', expiry: '9999-12-31T00:00:00Z' }
      const { name, version } = options.identity
      return authenticate(
        { username: options.username, token, key },
        '',
        buildUserAgent(userAgentId, `${name} ${version}`),
      )
    }
    // Nothing weaker, and PLAIN never: a server that offers no SCRAM must not be given the password.
    if (!mechanisms.includes('SCRAM-SHA-256')) throw new ScramError('malformed', 'SCRAM-SHA-256 is not offered')
    const exchange = new ScramExchange(options.username, secret)
    serverFinal = ''
    await authenticate({ exchange }, 'SCRAM-SHA-256')
    // Throwing here stops xmpp.js before it restarts the stream with a server that proved nothing.
    exchange.verify(serverFinal)
    const { salted } = exchange
    if (salted && 'password' in secret) {
      secret = { salted }
      options.onSecret(secret)
    }
  }

  async function clientElement(): Promise<Element> {
    const { name, version, build, os } = options.identity
    const proof = await options.prove(streamId)
    const shown = proof && xml('proof', { key: proof.key, signature: proof.signature }, proof.token)
    return xml('client', { xmlns: NS_DRAWBRIDGE_CLIENT, name, version, build, os }, shown)
  }

  /** Sees every element before xmpp.js does, and may change what xmpp.js gets to see. */
  function inspect(element: Element): boolean {
    lastHeardAt = Date.now()
    if (element.is('features', NS_STREAM)) {
      if ('token' in secret) keepOnlySasl2(element)
      else hideSasl2(element)
      canManage = element.getChild('sm', NS_SM) !== undefined
      maxBytes =
        Number(element.getChild('limits', NS_STREAM_LIMITS)?.getChildText('max-bytes')) || Number.POSITIVE_INFINITY
    } else if (element.is('success', NS_SASL)) serverFinal = decodeBase64(element.getText())
    else if (element.is('failure', NS_SASL) || element.is('failure', NS_SASL2)) failure = failureFrom(element)
    else if (element.is('error', NS_STREAM)) {
      // Unrecoverable (RFC 6120 §4.9.1.1), and xmpp.js would wait for a farewell that may never come.
      failure = failureFrom(element) ?? failure
      drop()
      return false
    } else if (element.is('a', NS_SM) && !isPlausibleAck(element)) {
      // More acknowledged than was sent: nothing this stream says can be relied on any more.
      sm.id = ''
      drop()
      return false
    } else if (element.is('enabled', NS_SM)) {
      // xmpp.js marks the stream as managed a few turns later; what is sent before would not be counted.
      setTimeout(() => began(false))
    } else if (element.is('failed', NS_SM) && isBound) setTimeout(() => began(false))
    return true
  }

  function isPlausibleAck(element: Element): boolean {
    const h = Number(element.attrs['h'])
    return Number.isInteger(h) && h >= 0 && h <= sm.outbound + sm.outbound_q.length
  }

  function noteError(error: unknown): void {
    if (error instanceof ScramError) {
      failure =
        error.fault === 'salt-changed'
          ? { kind: 'password-needed' }
          : error.fault === 'server-error'
            ? { kind: 'bad-credentials' }
            : { kind: 'untrusted-server' }
    } else if (isStanzaError(error)) {
      // The only request xmpp.js makes by itself is bind: its refusal may say why.
      failure = failureFrom(error.element) ?? failure
    }
    // A step of the negotiation failed and xmpp.js stays half connected.
    if (!isOnline() && entity.status !== 'connecting' && entity.status !== 'disconnect') drop()
  }

  function isOnline(): boolean {
    return onlineSince > 0
  }

  function began(isResumed: boolean): void {
    if (isOnline() || entity.status !== 'online') return
    clearTimeout(negotiationTimer)
    onlineSince = Date.now()
    suspendedSince = 0
    isRenewed = false
    failure = undefined
    watchTimer = setInterval(watch, WATCH_EVERY_MS)
    options.onState({ kind: 'online' })
    if (uncertain.length > 0) options.onUncertain(uncertain)
    uncertain = []
    options.onSession({ jid: String(entity.jid), isResumed })
  }

  async function lost(): Promise<void> {
    clearTimeout(negotiationTimer)
    clearInterval(watchTimer)
    attempts = afterLoss(attempts, onlineSince > 0 ? Date.now() - onlineSince : 0)
    onlineSince = 0
    isBound = false
    if (!isWanted) return
    const seen: Failure = failure ?? { kind: 'unreachable' }
    failure = undefined
    waitsFor = seen
    const ending = seen.kind === 'sign-in-ended' && !isRenewed ? await renewed(seen) : seen
    if (ending === undefined) return open()
    if (isFinal(ending)) return stop(ending)
    options.onState({ kind: 'connecting' })
    const known = await options.diagnose(ending)
    if (!isWanted || entity.status !== 'disconnect') return
    if (isFinal(known)) return stop(known)
    waitsFor = known
    const wait = waitMs(known)
    options.onState({ kind: 'waiting', until: Date.now() + wait, failure: known })
    clearTimeout(retryTimer)
    retryTimer = setTimeout(() => void open(), wait)
  }

  /** Once per link: a server that refuses a new token as well is not asked again and again. */
  async function renewed(seen: Failure): Promise<Failure | undefined> {
    options.onState({ kind: 'connecting' })
    try {
      const fresh = await options.renew()
      if (!fresh) return seen
      isRenewed = true
      secret = fresh
      options.onSecret(fresh)
      return undefined
    } catch {
      return { kind: 'unreachable' }
    }
  }

  function waitMs(known: Failure): number {
    if (known.kind === 'unreachable' && known.returnMs !== undefined) return known.returnMs
    if (known.kind !== 'suspended') return delayMs(attempts, Math.random())
    if (suspendedSince === 0) suspendedSince = Date.now()
    const until = known.suspensions.find(({ mode }) => mode === 'cut')?.until
    return suspendedDelayMs(Date.now(), suspendedSince, until, Math.random(), known.returnMs)
  }

  function stop(reason: Failure | undefined): void {
    isWanted = false
    clearTimeout(retryTimer)
    options.onState({ kind: 'stopped', failure: reason })
  }

  async function open(): Promise<void> {
    if (!isWanted || !['offline', 'disconnect'].includes(entity.status)) return
    options.onState({ kind: 'connecting' })
    negotiationTimer = setTimeout(drop, NEGOTIATION_MS)
    try {
      await entity.connect(options.service)
      await entity.open({ domain: options.domain, lang: navigator.language })
    } catch {
      drop()
    }
  }

  /** Gives up on the link without closing the stream, so that the session can be resumed. */
  function drop(): void {
    clearTimeout(negotiationTimer)
    const socket = entity.socket?.socket
    entity._detachSocket()
    entity._detachParser()
    socket?.close()
    entity._status('disconnect', { clean: false })
  }

  function watch(): void {
    if (Date.now() - lastHeardAt > SILENCE_MS) probe()
  }

  function probe(): void {
    if (!isOnline()) {
      // The network is back, or somebody looks at the page: no need to sit out a random wait.
      if (isWanted && entity.status === 'disconnect' && waitsFor?.kind === 'unreachable') retryNow()
      return
    }
    if (probing) return
    probing = true
    const askedAt = Date.now()
    const timer = setTimeout(() => {
      probing = false
      if (lastHeardAt < askedAt) drop()
    }, PING_LIMIT_MS)
    request('get', xml('ping', { xmlns: NS_PING }), options.domain)
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(timer)
        probing = false
      })
  }

  function interrupt(): void {
    if (isOnline()) drop()
  }

  function retryNow(): void {
    clearTimeout(retryTimer)
    void open()
  }

  async function request(type: 'get' | 'set', payload: Element, to?: string): Promise<Element> {
    const iq = xml('iq', { type, to, id: crypto.randomUUID() }, payload)
    const answer = await entity.iqCaller.request(iq).catch((error: unknown) => {
      if (isStanzaError(error)) throw new RequestError(parseStanzaError(wrap(error.element)))
      throw error
    })
    // xmpp.js matches answers by id alone; nobody else may answer for whom we asked.
    const account = `${options.username}@${options.domain}`
    const from = answer.attrs['from']
    const expected =
      to === undefined ? [undefined, account, options.domain] : [to, ...(to === account ? [undefined] : [])]
    const full = String(entity.jid)
    if (!expected.includes(from) && !(to === undefined && from === full)) throw new Error(`answer from ${from}`)
    return answer
  }

  return {
    connect() {
      isWanted = true
      clearTimeout(retryTimer)
      void open()
    },
    fits: (element) => new TextEncoder().encode(element.toString()).length + RESENT_BYTES <= maxBytes,
    async send(element) {
      if (!isOnline()) throw new Error('not online')
      if (Date.now() - lastHeardAt > 30_000) probe()
      await entity.send(element)
    },
    request,
    async showClient() {
      if (isOnline()) await request('set', await clientElement(), options.domain)
    },
    probe,
    interrupt,
    async close() {
      isWanted = false
      clearTimeout(retryTimer)
      if (isOnline()) await entity.disconnect().catch(() => undefined)
      stop(undefined)
    },
    leave() {
      isWanted = false
      if (isOnline()) entity.write(CLOSE).catch(() => undefined)
    },
  }

  function wrap(error: Element): Element {
    return xml('iq', { type: 'error' }, error)
  }
}

/** Fits {@link ScramExchange} into xmpp.js, which wants binary strings and makes the instance itself. */
class ScramMechanism {
  readonly clientFirst = true
  readonly name = 'SCRAM-SHA-256'
  #serverFirst: string | undefined

  async response(credentials: unknown): Promise<string> {
    const { exchange } = credentials as { exchange: ScramExchange }
    const text = this.#serverFirst === undefined ? exchange.first() : await exchange.final(this.#serverFirst)
    return String.fromCharCode(...new TextEncoder().encode(text))
  }

  challenge(message: string): void {
    this.#serverFirst = message
  }
}

function isStanzaError(error: unknown): error is Error & { element: Element } {
  return error instanceof Error && error.name === 'StanzaError' && 'element' in error
}

function decodeBase64(text: string): string {
  try {
    return atob(text)
  } catch {
    return ''
  }
}
