import {
  buildHandledCountTooHigh,
  buildSaslFailure,
  buildSmEnabled,
  buildSmFailed,
  buildSmFeature,
  buildSmResumed,
  buildStreamError,
  C2S_LIMITS,
  findSmH,
  findSmResume,
  JidFault,
  NS_BIND,
  NS_CLIENT,
  NS_CSI,
  NS_FRAMING,
  NS_SASL,
  NS_SASL_CHANNEL_BINDING,
  NS_SM,
  NS_STREAM,
  NS_STREAM_LIMITS,
  NS_TLS,
  parseJid,
  parseSmEnable,
  serialize,
  smAdvance,
  xml,
} from '@drawbridge/xmpp'
import type { Element, SaslFailure, StreamErrorCondition, StreamFault } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { Account } from '../routing/accounts.ts'
import type { Connection, StreamHandler } from '../transport/connection.ts'
import { bind } from './bind.ts'
import { countSignIn, countStreamError } from './events.ts'
import { HandledTooMuch, OutboundQueue } from './resume.ts'
import { beginSasl, mechanismsFor } from './sasl.ts'
import type { Mechanism, SaslAttempt, SaslSituation, SaslStep } from './sasl.ts'
import { sayGoodbye } from './session.ts'
import type { Session } from './session.ts'
import { StanzaRate } from './stanza-rate.ts'
import type { StreamServer } from './stream-server.ts'

/** Tries to sign in per stream (RFC 6120 §6.4.5). */
const SASL_TRIES = 5
/** A resumption waits so long for what the old connection had sent, in milliseconds. */
const RESUME_WAIT_MS = 10_000
/** Namespaces of a header that leave it to each stanza to name its own (RFC 6120 §4.8.2). */
const NO_CONTENT_NS: readonly string[] = ['', NS_STREAM]

/**
 * One client-to-server stream (RFC 6120 §4, RFC 7395): a state machine over `opening` → `negotiating` (TLS, SASL) →
 * `authenticated` → `bound`. The carrier hands it elements; what it does not expect ends the stream.
 */
export class C2sStream implements StreamHandler {
  readonly #server: StreamServer
  readonly #connection: Connection
  #isOpen = false
  #isClosed = false
  #attempt: SaslAttempt | undefined
  /** Of the last `<auth/>`. */
  #mechanism: Mechanism | 'none' = 'none'
  #isChecking = false
  #tries = 0
  /** Of the last `<auth/>`: credentials that ended after it do not count. */
  #authMark = 0
  #account: Account | undefined
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
    this.#rate = new StanzaRate(connection, server.config.maxStanzasPerSecond, () => this.#catchUp())
    // Slow clients and silent ones have the same time to sign in (threats DS-09).
    this.#deadline = setTimeout(() => this.#fail('connection-timeout'), server.config.signInTimeoutMs)
  }

  // --- opening (RFC 6120 §4.2, RFC 7395 §3.4) -------------------------------------------------------------------------

  open(header: Element, contentNamespace = ''): void {
    if (this.#isClosed) return
    if (this.#isOpen) return this.#fail('bad-format')
    const problem =
      this.#server.shutdownText === undefined ? this.#faultIn(header, contentNamespace) : 'system-shutdown'
    this.#writeHeader(header.attrs['from'])
    this.#isOpen = true
    if (problem) return this.#fail(problem, this.#server.shutdownText)
    const closed = this.#server.refusalBeforeSignIn(this.#connection.remoteAddress)
    if (closed) return this.#fail('system-shutdown', closed.text, ...closed.details)
    this.#write(this.#account ? this.#featuresAfterSignIn() : this.#featuresBefore())
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
    const attrs = {
      from: this.#server.domain,
      // New for each stream, also after TLS and SASL, and not to be guessed (RFC 6120 §4.7.3).
      id: randomBytes(16).toString('base64url'),
      version: '1.0',
      'xml:lang': 'en',
      ...(to === undefined ? {} : { to }),
    }
    if (this.#connection.framing === 'ws') {
      this.#connection.write(serialize(xml('open', { xmlns: NS_FRAMING, ...attrs })))
      return
    }
    const whole = serialize(xml('stream:stream', { xmlns: NS_CLIENT, 'xmlns:stream': NS_STREAM, ...attrs }))
    this.#connection.write(`<?xml version="1.0"?>${whole.replace(/\/>$/, '>')}`)
  }

  #featuresBefore(): Element {
    const features = xml('stream:features', { 'xmlns:stream': NS_STREAM })
    const canUpgrade = this.#connection.framing === 'tcp' && !this.#connection.isEncrypted
    const { allowPlaintext } = this.#server.config
    if (canUpgrade) features.append(xml('starttls', { xmlns: NS_TLS }, allowPlaintext ? undefined : xml('required')))
    if (canUpgrade && !allowPlaintext) return features
    const situation = this.#situation()
    features.append(
      xml('mechanisms', { xmlns: NS_SASL }, ...mechanismsFor(situation).map((name) => xml('mechanism', {}, name))),
    )
    if (situation.bindings) {
      const types = Object.keys(situation.bindings).map((type) => xml('channel-binding', { type }))
      features.append(xml('sasl-channel-binding', { xmlns: NS_SASL_CHANNEL_BINDING }, ...types))
    }
    return features
  }

  #featuresAfterSignIn(): Element {
    return xml(
      'stream:features',
      { 'xmlns:stream': NS_STREAM },
      xml('bind', { xmlns: NS_BIND }),
      buildSmFeature(),
      xml('csi', { xmlns: NS_CSI }),
      xml('limits', { xmlns: NS_STREAM_LIMITS }, xml('max-bytes', {}, C2S_LIMITS.maxStanzaBytes)),
      ...this.#server.streamFeatures(),
    )
  }

  #situation(): SaslSituation {
    const { channelBindings, isEncrypted, framing } = this.#connection
    const isProtected = framing === 'tcp' ? isEncrypted : this.#server.isHttps
    return { bindings: channelBindings, mayOfferPlain: isProtected || this.#server.config.allowPlaintext }
  }

  get #mustUpgrade(): boolean {
    return !this.#connection.isEncrypted && !this.#server.config.allowPlaintext
  }

  // --- elements ---------------------------------------------------------------------------------------------------------

  element(element: Element): void {
    if (this.#isClosed) return
    if (this.#isWaiting || this.#backlog.length > 0 || !this.#rate.take()) this.#backlog.push(element)
    else this.#take(element)
  }

  #take(element: Element): void {
    if (!this.#isOpen) return this.#fail('not-authorized')
    const xmlns = element.getNS()
    if (this.#session) return this.#bound(this.#session, element, xmlns)
    if (this.#account) return this.#authenticated(this.#account, element, xmlns)
    if (xmlns === NS_SASL) return this.#sasl(element)
    if (xmlns === NS_TLS && element.name === 'starttls') return this.#startTls()
    // A stanza, or anything else, before signing in (RFC 6120 §4.9.3.12); or in the clear (§5.3.1).
    this.#fail(this.#mustUpgrade ? 'policy-violation' : 'not-authorized')
  }

  #startTls(): void {
    const { startTls, isEncrypted } = this.#connection
    if (!startTls || isEncrypted || this.#isChecking || this.#attempt) {
      this.#connection.write(serialize(xml('failure', { xmlns: NS_TLS })))
      return this.#fail('policy-violation')
    }
    this.#connection.write(serialize(xml('proceed', { xmlns: NS_TLS })))
    this.#isOpen = false
    // What came behind it in the clear does not count after it (threats TL-03).
    this.#backlog.length = 0
    startTls.call(this.#connection)
  }

  // --- SASL (RFC 6120 §6) -------------------------------------------------------------------------------------------------

  #sasl(element: Element): void {
    if (this.#mustUpgrade) return this.#saslFailed('encryption-required', undefined)
    // One step at a time: a client that does not wait for our answer is not doing SASL.
    if (this.#isChecking) return this.#fail('policy-violation')
    const bytes = decodeBase64(element.getText())
    if (element.name === 'abort') return this.#saslFailed('aborted', undefined)
    if (bytes === undefined) return this.#saslFailed('incorrect-encoding', undefined)
    if (element.name === 'auth') {
      this.#authMark = this.#server.revocations.mark()
      const situation = this.#situation()
      const name = element.attrs['mechanism'] ?? ''
      this.#mechanism = mechanismsFor(situation).find((offered) => offered === name) ?? 'none'
      this.#attempt = beginSasl(name, situation, this.#server)
      if (!this.#attempt) return this.#saslFailed('invalid-mechanism', undefined)
      const attempt = this.#attempt
      if (bytes.length === 0) {
        // Every mechanism of ours has the client speak first; without an initial response we ask for it (§6.4.2).
        this.#write(xml('challenge', { xmlns: NS_SASL }))
        this.#attempt = { start: attempt.start, next: (response) => this.#restartWith(attempt, response) }
        return
      }
      return this.#check(() => attempt.start(bytes))
    }
    if (element.name !== 'response' || !this.#attempt) return this.#saslFailed('malformed-request', undefined)
    const attempt = this.#attempt
    this.#check(() => attempt.next(bytes))
  }

  #restartWith(attempt: SaslAttempt, response: Buffer): Promise<SaslStep> {
    this.#attempt = attempt
    return attempt.start(response)
  }

  #check(step: () => Promise<SaslStep>): void {
    const { throttle, log } = this.#server
    if (throttle.delayMs(this.#throttleKeys(undefined)) > 0)
      return this.#saslFailed('temporary-auth-failure', undefined)
    this.#isChecking = true
    void (async () => {
      try {
        const outcome = await step()
        this.#isChecking = false
        if (!this.#isClosed) this.#answer(outcome)
      } catch (error) {
        this.#isChecking = false
        log.error('signing in failed', { error: error instanceof Error ? error.stack : String(error) })
        if (!this.#isClosed) this.#saslFailed('temporary-auth-failure', undefined)
      }
    })()
  }

  #answer(step: SaslStep): void {
    if (step.kind === 'challenge') {
      this.#write(xml('challenge', { xmlns: NS_SASL }, step.bytes.toString('base64')))
      return
    }
    const { throttle, revocations } = this.#server
    const name = step.kind === 'success' ? step.account.localpart : step.name
    const keys = this.#throttleKeys(name)
    const isGuess = step.kind === 'success' || step.isGuess
    // After too many wrong passwords, right and wrong get one answer: whoever guesses must not learn which it was.
    if (isGuess && throttle.delayMs(keys) > 0) return this.#saslFailed('temporary-auth-failure', name)
    if (step.kind === 'failure') {
      if (isGuess) throttle.failed(keys)
      if (throttle.delayMs(keys) > 0)
        this.#server.guessingSlowed({ name, remoteAddress: this.#connection.remoteAddress })
      return this.#saslFailed(step.condition, name)
    }
    if (revocations.isRevoked(step.account.localpart, this.#authMark)) return this.#saslFailed('not-authorized', name)
    throttle.succeeded(keys)
    countSignIn({ mechanism: this.#mechanism, outcome: 'success' })
    this.#account = step.account
    this.#attempt = undefined
    this.#write(xml('success', { xmlns: NS_SASL }, step.bytes?.toString('base64')))
    this.#isOpen = false
    this.#connection.restart(C2S_LIMITS)
  }

  #throttleKeys(name: string | undefined): string[] {
    return this.#server.throttle.keysOf(this.#connection.remoteAddress, name)
  }

  #saslFailed(condition: SaslFailure, name: string | undefined): void {
    this.#attempt = undefined
    countSignIn({ mechanism: this.#mechanism, outcome: condition })
    this.#server.signInRefused({ name, condition, remoteAddress: this.#connection.remoteAddress })
    this.#write(buildSaslFailure(condition))
    if (++this.#tries >= SASL_TRIES) this.#fail('policy-violation', 'Too many tries to sign in.')
  }

  // --- after signing in ---------------------------------------------------------------------------------------------------

  #authenticated(account: Account, element: Element, xmlns: string | undefined): void {
    // Signed in with what has been taken back since (threats AU-23).
    if (this.#server.revocations.isRevoked(account.localpart, this.#authMark)) return this.#fail('not-authorized')
    if (xmlns === NS_SM && element.name === 'resume') return this.#hold(() => this.#resume(account, element))
    if (xmlns === NS_SM) {
      this.#write(buildSmFailed('unexpected-request'))
      return
    }
    const payload = element.name === 'iq' && xmlns === NS_CLIENT ? element.getChild('bind', NS_BIND) : undefined
    if (!payload || element.attrs['type'] !== 'set' || element.attrs['id'] === undefined)
      return this.#fail('not-authorized')
    this.#session = bind(this.#server, this.#connection, account, element, payload)
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

  /** XEP-0198 §5. What cannot be resumed is told the durable count, so that nothing is sent twice or lost. */
  async #resume(account: Account, element: Element): Promise<void> {
    const { previousId: id = '', h } = findSmResume(element) ?? {}
    const session = this.#server.sessions.findResumable(id)
    const refusal = this.#server.refusalFor(account, session?.client, 'resume', this.#connection)
    const failed = async () => {
      const handled = await this.#server.findHandled(id, account)
      this.#write(buildSmFailed('item-not-found', handled))
    }
    if (h === undefined || !session || session.account.id !== account.id || refusal) return failed()
    this.#takeFromOther(session)
    const isIdle = await within(
      RESUME_WAIT_MS,
      session.idle().then(() => session.persistHandled()),
    )
    if (this.#isClosed) return
    if (!isIdle || session.isEnded) return failed()
    // While this one waited, another connection may have been faster: the last one to ask has the session.
    this.#takeFromOther(session)
    const resumed = buildSmResumed({ previousId: id, h: smAdvance(0, session.handled) }).toString()
    try {
      session.attach(this.#connection, h, resumed)
    } catch (error) {
      if (!(error instanceof HandledTooMuch)) throw error
      return this.#handledTooMuch(error)
    }
    this.#server.attached(session)
    this.#session = session
  }

  /** Cuts a session off from the connection it may still have; until it has another, it is one that lost its client. */
  #takeFromOther(session: Session): void {
    session.connection?.destroy()
    this.#server.detached(session)
  }

  #bound(session: Session, element: Element, xmlns: string | undefined): void {
    // It ended, or went on elsewhere, and what this connection had still buffered is nobody's.
    if (session.connection !== this.#connection) return
    if (xmlns === NS_CLIENT) {
      if (element.name !== 'message' && element.name !== 'presence' && element.name !== 'iq') {
        return this.#fail('unsupported-stanza-type')
      }
      const fault = session.receive(element)
      if (fault) this.#fail(fault)
      return
    }
    if (xmlns === NS_SM) return this.#streamManagement(session, element)
    if (xmlns === NS_CSI && (element.name === 'active' || element.name === 'inactive')) {
      return session.setActive(element.name === 'active')
    }
    this.#fail('unsupported-stanza-type')
  }

  #streamManagement(session: Session, element: Element): void {
    if (element.name === 'enable') return this.#enable(session, element)
    if (!session.outbound || element.name === 'resume') {
      this.#write(buildSmFailed('unexpected-request'))
      return
    }
    if (element.name === 'r') return session.acknowledge()
    if (element.name !== 'a') return this.#fail('unsupported-stanza-type')
    const h = findSmH(element)
    if (h === undefined) {
      // A number that does not fit into 32 bits is none that we sent (threats DS-22).
      if (/^-?\d+$/.test(element.attrs['h'] ?? ''))
        return this.#handledTooMuch({ h: 0xffff_ffff, sent: session.outbound.sent })
      return this.#fail('bad-format')
    }
    try {
      session.acknowledged(h)
    } catch (error) {
      if (!(error instanceof HandledTooMuch)) throw error
      this.#handledTooMuch(error)
    }
  }

  #enable(session: Session, element: Element): void {
    if (session.outbound) {
      this.#write(buildSmFailed('unexpected-request'))
      return
    }
    const { wantsResume } = parseSmEnable(element)
    const id = randomBytes(18).toString('base64url')
    const maxSeconds = Math.round(this.#server.config.resumeTimeoutMs / 1_000)
    const enable = () => {
      session.enableManagement(new OutboundQueue(id, wantsResume))
      if (wantsResume) this.#server.sessions.canResume(id, session)
      this.#write(buildSmEnabled(wantsResume ? { id, maxSeconds } : {}))
    }
    if (!wantsResume) return enable()
    // The count is kept in the database from the first stanza on, so its row comes first.
    this.#hold(async () => {
      try {
        await this.#server.keepCount(id, session)
      } catch (error) {
        this.#server.log.warn('a stream cannot be made resumable', { error: String(error) })
        this.#write(buildSmFailed('internal-server-error'))
        return
      }
      if (!this.#isClosed && session.connection === this.#connection) enable()
    })
  }

  #handledTooMuch({ h, sent }: Pick<HandledTooMuch, 'h' | 'sent'>): void {
    this.#fail('undefined-condition', undefined, buildHandledCountTooHigh(h, sent))
  }

  // --- closing ----------------------------------------------------------------------------------------------------------------

  fault({ condition, text }: StreamFault): void {
    this.#fail(condition, text)
  }

  failed(error: unknown): void {
    this.#server.log.error('a stream failed', { error: error instanceof Error ? error.stack : String(error) })
    this.#fail('internal-server-error')
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
  #fail(condition: StreamErrorCondition, text?: string, ...details: Element[]): void {
    if (this.#isClosed) return
    if (!this.#isOpen) this.#writeHeader(undefined)
    const session = this.#session
    countStreamError({ condition })
    this.#finish(buildStreamError(condition, text, ...details))
    if (session?.connection === this.#connection) session.end()
  }

  #finish(error: Element | undefined): void {
    this.#stop()
    sayGoodbye(this.#connection, error)
  }

  #stop(): void {
    this.#isClosed = true
    clearTimeout(this.#deadline)
    this.#rate.stop()
  }

  #write(element: Element): void {
    this.#connection.write(serialize(element, { parentNS: this.#connection.framing === 'tcp' ? NS_CLIENT : '' }))
  }
}

/** True when the work is done in time; false when it fails or takes longer. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)))
  try {
    return await Promise.race([
      work.then(
        () => true,
        () => false,
      ),
      late,
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** `=` is an empty initial response (RFC 6120 §6.4.2); nothing for text that is not strict base64. */
function decodeBase64(text: string): Buffer | undefined {
  if (text === '' || text === '=') return Buffer.alloc(0)
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  return Buffer.from(text, 'base64')
}
