import {
  buildHandledCountTooHigh,
  buildSaslSuccess,
  buildSmFailed,
  buildSmFeature,
  buildStreamError,
  findClient,
  JidFault,
  NS_BIND,
  NS_CLIENT,
  NS_COMPRESS,
  NS_CSI,
  NS_FRAMING,
  NS_SASL,
  NS_SASL2,
  NS_SM,
  NS_STREAM,
  NS_TLS,
  parseJid,
  serialize,
  xml,
} from '@drawbridge/xmpp'
import type { Authenticate, Element, StreamErrorCondition, StreamFault, Words } from '@drawbridge/xmpp'
import type { Account } from '../routing/accounts.ts'
import type { Connection, StreamHandler } from '../transport/connection.ts'
import { announce, bind } from './bind.ts'
import type { KnownClient } from './bind.ts'
import { establish } from './establish.ts'
import type { Established } from './establish.ts'
import { countStreamError } from './events.ts'
import { buildLimits } from './limits.ts'
import { manage, prepareManagement, prepareResumption, takeAnswer, takeFromOther } from './management.ts'
import { Negotiation } from './negotiation.ts'
import type { NegotiatedStream, SignIn } from './negotiation.ts'
import { HandledTooMuch } from './resume.ts'
import { endOf } from './sasl.ts'
import { sayGoodbye } from './session.ts'
import type { Session } from './session.ts'
import { StanzaRate } from './stanza-rate.ts'
import { newStreamId } from './stream-id.ts'
import { Farewell, REFUSED } from './turned-away.ts'
import type { StreamServer, Stranger } from './stream-server.ts'

/** Namespaces of a header that leave it to each stanza to name its own (RFC 6120 §4.8.2). */
const NO_CONTENT_NS: readonly string[] = ['', NS_STREAM]

/** The default language of the streams that we send. */
const STREAM_LANGUAGE = 'en'
/** Subtags of RFC 5646, not looked up in its registry. */
const LANGUAGE = /^(?=.{1,35}$)[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/

/**
 * One client-to-server stream (RFC 6120 §4, RFC 7395): a state machine over `opening` → `negotiating` (TLS, SASL) →
 * `authenticated` → `bound`. The carrier hands it elements; what it does not expect ends the stream.
 */
export class C2sStream implements StreamHandler, NegotiatedStream {
  readonly #server: StreamServer
  readonly #connection: Connection
  #isOpen = false
  #isLetIn = false
  #isClosed = false
  readonly #negotiation: Negotiation
  /** Who speaks before signing in, once that says something beside signing in. */
  #stranger: Stranger | undefined
  /** What came before signing in. */
  #strangeElements = 0
  #account: Account | undefined
  /** What the client said of itself while it signed in. */
  #client: KnownClient = { claims: [] }
  #session: Session | undefined
  /** Something takes a moment; what comes meanwhile waits for it in the backlog, and the connection is not read. */
  #isWaiting = false
  /** At most what one chunk brings: while something is in it, the connection is not read. */
  readonly #backlog: (Element | 'close')[] = []
  readonly #rate: StanzaRate
  readonly #deadline: NodeJS.Timeout

  constructor(server: StreamServer, connection: Connection) {
    this.#server = server
    this.#connection = connection
    connection.setLimits(server.limits.beforeSignIn)
    this.#negotiation = new Negotiation(server, connection, this)
    this.#rate = new StanzaRate(connection, server.config.maxStanzasPerSecond, () => this.#catchUp())
    // Slow clients and silent ones have the same time to sign in (threats DS-09).
    this.#deadline = setTimeout(() => this.fail('connection-timeout'), server.config.signInTimeoutMs)
  }

  // --- opening (RFC 6120 §4.2, RFC 7395 §3.4) -------------------------------------------------------------------------

  open(header: Element, contentNamespace = ''): void {
    if (this.#isClosed) return
    if (this.#isOpen) return this.fail('bad-format')
    const problem =
      this.#server.shutdownText === undefined ? this.#faultIn(header, contentNamespace) : 'system-shutdown'
    this.#writeHeader(header.attrs['from'])
    this.#isOpen = true
    this.#connection.language = languageOf(header)
    this.#negotiation.opened(header.attrs['from'])
    if (problem) return this.fail(problem, this.#server.shutdownText)
    // Once: a stream that begins anew after TLS and SASL is the same newcomer.
    const closed = this.#isLetIn
      ? undefined
      : this.#server.refusalBeforeSignIn(this.#connection.remoteAddress, this.#connection.language)
    this.#isLetIn = true
    if (closed) return this.fail('system-shutdown', closed.text, ...closed.details)
    this.#connection.write(this.#account ? this.#text(this.#featuresAfterSignIn()) : this.#negotiation.offer())
  }

  #faultIn(header: Element, contentNamespace: string): StreamErrorCondition | undefined {
    if (this.#connection.framing === 'tcp') {
      if (header.getNS() !== NS_STREAM) return 'invalid-namespace'
      if (header.name !== 'stream') return 'bad-format'
      if (contentNamespace !== NS_CLIENT && !NO_CONTENT_NS.includes(contentNamespace)) return 'invalid-namespace'
    }
    if (!/^0*[1-9]\d*\.\d+$/.test(header.attrs['version'] ?? '')) return 'unsupported-version'
    const { to } = header.attrs
    if (to === undefined) return undefined
    try {
      return parseJid(to).toString() === this.#server.domain ? undefined : 'host-unknown'
    } catch (error) {
      if (error instanceof JidFault) return 'host-unknown'
      throw error
    }
  }

  #writeHeader(to: string | undefined): void {
    // New for each stream, also after TLS and SASL, and not to be guessed (RFC 6120 §4.7.3).
    const id = newStreamId()
    this.#connection.streamId = id
    const attrs = {
      from: this.#server.domain,
      id,
      version: '1.0',
      'xml:lang': STREAM_LANGUAGE,
      ...(to === undefined ? {} : { to }),
    }
    if (this.#connection.framing === 'ws') {
      this.#connection.write(serialize(xml('open', { xmlns: NS_FRAMING, ...attrs })))
      return
    }
    const whole = serialize(xml('stream:stream', { xmlns: NS_CLIENT, 'xmlns:stream': NS_STREAM, ...attrs }))
    this.#connection.write(`<?xml version="1.0"?>${whole.replace(/\/>$/, '>')}`)
  }

  /** What is left to negotiate (RFC 6120 §4.3.2): a session that is bound, or managed, is so already. */
  #featuresAfterSignIn(session?: Session): Element {
    return xml(
      'stream:features',
      { 'xmlns:stream': NS_STREAM },
      session ? undefined : xml('bind', { xmlns: NS_BIND }),
      session?.outbound ? undefined : buildSmFeature(),
      xml('csi', { xmlns: NS_CSI }),
      buildLimits(this.#server.limits.afterSignIn, this.#server.config.idleTimeoutMs),
      ...this.#server.streamFeatures(),
    )
  }

  // --- elements ---------------------------------------------------------------------------------------------------------

  element(element: Element): void {
    if (this.#isClosed) return
    if (this.#isWaiting || this.#backlog.length > 0 || !this.#rate.take()) this.#backlog.push(element)
    else this.#take(element)
  }

  #take(element: Element): void {
    if (!this.#isOpen) return this.fail('not-authorized')
    const xmlns = element.getNS()
    // The client has found an error, and with that its stream is over: it is closed, not argued with (RFC 6120 §4.9.1.1).
    if (xmlns === NS_STREAM && element.name === 'error') return this.#leave()
    if (this.#session) return this.#bound(this.#session, element, xmlns)
    if (this.#account) return this.#authenticated(this.#account, element, xmlns)
    if (++this.#strangeElements > this.#server.config.maxElementsBeforeSignIn) return this.fail('policy-violation')
    if (xmlns === NS_SASL || xmlns === NS_SASL2) return this.#negotiation.receive(element)
    if (xmlns === NS_TLS && element.name === 'starttls') return this.#startTls()
    if (
      xmlns === NS_CLIENT &&
      element.name === 'iq' &&
      !this.#negotiation.mustUpgrade &&
      !this.#negotiation.isUnderway
    ) {
      const answer = this.#server.answerBeforeSignIn(element, this.#asStranger())
      if (answer) return this.#hold(async () => this.write(await answer))
    }
    // A stanza, or anything else, before signing in (RFC 6120 §4.9.3.12); or in the clear (§5.3.1).
    this.fail(this.#negotiation.mustUpgrade ? 'policy-violation' : 'not-authorized')
  }

  #asStranger(): Stranger {
    return (this.#stranger ??= { remoteAddress: this.#connection.remoteAddress, notes: new Map() })
  }

  #startTls(): void {
    const { startTls, isEncrypted } = this.#connection
    if (!startTls || isEncrypted || this.#negotiation.isUnderway) {
      this.#connection.write(serialize(xml('failure', { xmlns: NS_TLS })))
      return this.fail('policy-violation')
    }
    this.#connection.write(serialize(xml('proceed', { xmlns: NS_TLS })))
    this.#isOpen = false
    // What came behind it in the clear does not count after it (threats TL-03).
    this.#backlog.length = 0
    startTls.call(this.#connection)
  }

  // --- what signing in may do here ----------------------------------------------------------------------------------------

  get isClosed(): boolean {
    return this.#isClosed
  }

  write(element: Element): void {
    this.#connection.write(this.#text(element))
  }

  signedIn(signIn: SignIn): void {
    const { account, authenticate, data, proof } = signIn
    this.#client = { claims: [], endsAt: endOf(proof) }
    if (authenticate) return this.#hold(() => this.#establish({ ...signIn, authenticate }))
    this.#account = account
    this.write(buildSaslSuccess(data))
    this.#isOpen = false
    this.#connection.restart(this.#server.limits.afterSignIn)
  }

  /** Its answer is known, and waits: whoever tries in a loop is not to keep us busy (control §3.3). */
  turnAway(installation: string): boolean {
    const again = this.#server.turnedAway(installation, this.#connection)
    if (!again) return false
    this.#stop()
    countStreamError({ condition: REFUSED })
    this.#connection.awaitEnd(new Farewell(this.#connection, again))
    return true
  }

  /** SASL2: the stream goes on as it is, with what the client wanted along with signing in (XEP-0388 §2.6.1). */
  async #establish(signIn: SignIn & { readonly authenticate: Authenticate }): Promise<void> {
    const { account } = signIn
    const isClosed = () => this.#isClosed
    const isRevoked = (clientId: string | undefined) => this.#negotiation.isRevoked(account, clientId)
    const outcome = await establish(this.#server, { connection: this.#connection, isClosed, isRevoked }, signIn)
    const session = 'session' in outcome ? outcome.session : undefined
    // The client did not wait for it, or the session was ended before it began.
    if (this.#isClosed || session?.isEnded) {
      if (outcome.kind === 'bound') this.#server.detached(outcome.session)
      return this.#finish(undefined)
    }
    if (outcome.kind === 'refused') {
      return this.#negotiation.refuse(outcome.condition, outcome.text, outcome.details)
    }
    if (this.#negotiation.isRevoked(account)) return this.#negotiation.refuse('not-authorized')
    this.#account = account
    this.#connection.setLimits(this.#server.limits.afterSignIn)
    this.#begin(
      outcome,
      [outcome.success, this.#featuresAfterSignIn(session)].map((element) => this.#text(element)),
    )
  }

  /** @param texts - `<success/>` and the features, which come before anything that the session sends */
  #begin(outcome: Exclude<Established, { readonly kind: 'refused' }>, texts: readonly string[]): void {
    if (outcome.kind === 'resumed') return this.#attach(outcome.session, outcome.h, texts)
    if (outcome.kind === 'signed-in') {
      this.#client = outcome.client
      for (const text of texts) this.#connection.write(text)
      return
    }
    const { session, held } = outcome
    session.connection = held.release(texts)
    this.#session = session
    announce(this.#server, session)
  }

  // --- after signing in ---------------------------------------------------------------------------------------------------

  #authenticated(account: Account, element: Element, xmlns: string | undefined): void {
    if (this.#negotiation.isRevoked(account, this.#client.clientId)) return this.fail('not-authorized')
    if (xmlns === NS_SM && element.name === 'resume') return this.#hold(() => this.#resume(account, element))
    if (xmlns === NS_SM) {
      this.write(buildSmFailed('unexpected-request'))
      return
    }
    if (xmlns === NS_COMPRESS) return this.#refuseCompression()
    const payload = element.name === 'iq' && xmlns === NS_CLIENT ? element.getChild('bind', NS_BIND) : undefined
    if (!payload || element.attrs['type'] !== 'set' || element.attrs['id'] === undefined)
      return this.fail('not-authorized')
    this.#session = bind(this.#server, this.#connection, account, element, payload, this.#client)
    if (this.#session) clearTimeout(this.#deadline)
  }

  /** Does something that takes a moment; what the client sends meanwhile is kept in order and looked at afterwards. */
  #hold(work: () => Promise<void>): void {
    this.#isWaiting = true
    this.#connection.pause('order')
    void (async () => {
      try {
        await work()
        if (this.#session) clearTimeout(this.#deadline)
        this.#isWaiting = false
        this.#catchUp()
      } catch (error) {
        this.failed(error)
      }
      this.#connection.resume('order')
    })()
  }

  #catchUp(): void {
    while (!this.#isWaiting && !this.#isClosed) {
      const next = this.#backlog[0]
      if (next === undefined || (next !== 'close' && !this.#rate.take())) return
      this.#backlog.shift()
      if (next === 'close') this.#leave()
      else this.#take(next)
    }
  }

  async #resume(account: Account, element: Element): Promise<void> {
    const isClosed = () => this.#isClosed
    const connection = this.#connection
    const proofs = this.#server.proofs.check(findClient(element), { account, connection })
    const request = { account, connection, element, proofs, isClosed }
    const resumption = await prepareResumption(this.#server, request)
    if (this.#isClosed) return
    if ('failed' in resumption) this.write(resumption.failed)
    else this.#attach(resumption.session, resumption.h, [this.#text(resumption.resumed)])
  }

  /** Of two that resume one session, the last one to ask has it. */
  #attach(session: Session, h: number, texts: readonly string[]): void {
    if (session.isEnded) return this.#finish(undefined)
    takeFromOther(this.#server, session)
    session.endsAt = this.#client.endsAt
    try {
      session.attach(this.#connection, h, texts)
    } catch (error) {
      if (!(error instanceof HandledTooMuch)) throw error
      return this.#handledTooMuch(error)
    }
    this.#server.attached(session)
    this.#session = session
  }

  #bound(session: Session, element: Element, xmlns: string | undefined): void {
    // It ended, or went on elsewhere, and what this connection had still buffered is nobody's.
    if (session.connection !== this.#connection) return
    if (xmlns === NS_CLIENT) {
      if (element.name !== 'message' && element.name !== 'presence' && element.name !== 'iq') {
        return this.fail('unsupported-stanza-type')
      }
      const { language } = this.#connection
      if (language !== undefined) element.attrs['xml:lang'] ??= language
      const fault = session.receive(element)
      if (fault) this.fail(fault)
      return
    }
    if (xmlns === NS_SM) return this.#streamManagement(session, element)
    if (xmlns === NS_CSI && (element.name === 'active' || element.name === 'inactive')) {
      return session.setActive(element.name === 'active')
    }
    if (xmlns === NS_COMPRESS) return this.#refuseCompression()
    this.fail('unsupported-stanza-type')
  }

  /** XEP-0138 §2: asked for what was never offered; that "SHOULD NOT result in a stream error". */
  #refuseCompression(): void {
    this.write(xml('failure', { xmlns: NS_COMPRESS }, xml('unsupported-method')))
  }

  #streamManagement(session: Session, element: Element): void {
    if (element.name === 'enable' && !session.outbound) return this.#enable(session, element)
    if (!session.outbound || element.name === 'resume' || element.name === 'enable') {
      this.write(buildSmFailed('unexpected-request'))
      return
    }
    if (element.name === 'r') return session.acknowledge()
    if (element.name !== 'a') return this.fail('unsupported-stanza-type')
    try {
      if (!takeAnswer(session, element)) this.fail('bad-format')
    } catch (error) {
      if (!(error instanceof HandledTooMuch)) throw error
      this.#handledTooMuch(error)
    }
  }

  #enable(session: Session, element: Element): void {
    this.#hold(async () => {
      const management = await prepareManagement(this.#server, session.account, element)
      if (this.#isClosed || session.connection !== this.#connection) return
      if ('failed' in management) {
        this.write(management.failed)
        return
      }
      manage(this.#server, session, management)
      this.write(management.enabled)
    })
  }

  #handledTooMuch({ h, sent }: Pick<HandledTooMuch, 'h' | 'sent'>): void {
    this.fail('undefined-condition', undefined, buildHandledCountTooHigh(h, sent))
  }

  // --- closing ----------------------------------------------------------------------------------------------------------------

  fault({ condition, text }: StreamFault): void {
    this.fail(condition, text)
  }

  failed(error: unknown): void {
    this.#server.log.error('a stream failed', { error: error instanceof Error ? error.stack : String(error) })
    this.fail('internal-server-error')
  }

  close(): void {
    if (this.#isClosed) return
    if (this.#isWaiting || this.#backlog.length > 0) this.#backlog.push('close')
    else this.#leave()
  }

  /** The client closed its stream; what it sent before is done first. */
  #leave(): void {
    if (!this.#session) return this.#finish(undefined)
    this.#stop()
    this.#session.leave()
  }

  gone(): void {
    this.#stop()
    const session = this.#session
    this.#session = undefined
    // The connection was lost: a session that can be resumed waits, any other is over.
    if (session?.connection === this.#connection) this.#server.detached(session)
  }

  /** Ends the stream with an error. A session whose client breaks the protocol is not to be resumed. */
  fail(condition: StreamErrorCondition, text?: Words, ...details: Element[]): void {
    if (this.#isClosed) return
    if (!this.#isOpen) this.#writeHeader(undefined)
    const session = this.#session
    countStreamError({ condition })
    this.#finish(buildStreamError(condition, text, ...details).toString())
    if (session?.connection === this.#connection) session.end()
  }

  #finish(error: string | undefined): void {
    this.#stop()
    sayGoodbye(this.#connection, error)
  }

  #stop(): void {
    this.#isClosed = true
    clearTimeout(this.#deadline)
    this.#rate.stop()
  }

  #text(element: Element): string {
    return serialize(element, { parentNS: this.#connection.framing === 'tcp' ? NS_CLIENT : '' })
  }
}

/** The language that a header declares for what follows, where it is not that of the streams of the recipients anyway. */
function languageOf(header: Element): string | undefined {
  const language = header.attrs['xml:lang']
  return language !== undefined && language !== STREAM_LANGUAGE && LANGUAGE.test(language) ? language : undefined
}
