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
  jidFrom,
  NS_BIND,
  NS_CLIENT,
  NS_CSI,
  NS_FRAMING,
  NS_SASL,
  NS_SM,
  NS_STREAM,
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
import { HandledTooMuch, OutboundQueue } from './resume.ts'
import { beginSasl, mechanismsFor } from './sasl.ts'
import type { SaslAttempt, SaslSituation, SaslStep } from './sasl.ts'
import { closing } from './session.ts'
import type { Session } from './session.ts'
import type { StreamServer } from './stream-server.ts'
import { addressKey } from './throttle.ts'

/** Tries to sign in per stream (RFC 6120 §6.4.5). */
const SASL_TRIES = 5
/** A resumption waits so long for what the old connection had sent, in milliseconds. */
const RESUME_WAIT_MS = 10_000
/** Elements a client may send ahead while one is being answered. */
const BACKLOG_MAX = 32

/**
 * One client-to-server stream (RFC 6120 §4, RFC 7395): a state machine over `opening` → `negotiating` (TLS, SASL) →
 * `authenticated` → `bound`. The carrier hands it elements; what it does not expect ends the stream.
 */
export class C2sStream implements StreamHandler {
  readonly #server: StreamServer
  readonly #connection: Connection
  #id = ''
  #isOpen = false
  #isClosed = false
  #attempt: SaslAttempt | undefined
  #isChecking = false
  #tries = 0
  #account: Account | undefined
  #session: Session | undefined
  #isWaiting = false
  readonly #backlog: Element[] = []
  readonly #deadline: NodeJS.Timeout

  constructor(server: StreamServer, connection: Connection) {
    this.#server = server
    this.#connection = connection
    // Slow clients and silent ones have the same time to sign in (threats DS-09).
    this.#deadline = setTimeout(() => this.#fail('connection-timeout'), server.config.signInTimeoutMs)
  }

  // --- opening (RFC 6120 §4.2, RFC 7395 §3.4) -------------------------------------------------------------------------

  open(header: Element): void {
    if (this.#isClosed) return
    if (this.#isOpen) return this.#fail('bad-format')
    this.#id = randomBytes(16).toString('base64url')
    const problem = this.#server.shutdownText === undefined ? this.#faultIn(header) : 'system-shutdown'
    this.#writeHeader(header.attrs['from'])
    this.#isOpen = true
    if (problem) return this.#fail(problem, this.#server.shutdownText)
    const closed = this.#server.refusalBeforeSignIn(this.#connection.remoteAddress)
    if (closed) return this.#fail('system-shutdown', closed.text, ...closed.details)
    this.#write(this.#account ? this.#featuresAfterSignIn() : this.#featuresBefore())
  }

  #faultIn(header: Element): StreamErrorCondition | undefined {
    if (this.#connection.framing === 'tcp') {
      if (header.getNS() !== NS_STREAM) return 'invalid-namespace'
      if (header.name !== 'stream') return 'bad-format'
    }
    if (!/^[1-9]\d*\.\d+$/.test(header.attrs['version'] ?? '')) return 'unsupported-version'
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
    const attrs = { from: this.#server.domain, id: this.#id, version: '1.0', 'xml:lang': 'en', ...(to === undefined ? {} : { to }) }
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
      features.append(xml('sasl-channel-binding', { xmlns: 'urn:xmpp:sasl-cb:0' }, ...types))
    }
    return features
  }

  #featuresAfterSignIn(): Element {
    return xml(
      'stream:features',
      { 'xmlns:stream': NS_STREAM },
      xml('bind', { xmlns: NS_BIND }),
      xml('session', { xmlns: 'urn:ietf:params:xml:ns:xmpp-session' }, xml('optional')),
      buildSmFeature(),
      xml('csi', { xmlns: NS_CSI }),
      ...this.#server.streamFeatures(),
    )
  }

  #situation(): SaslSituation {
    const { channelBindings, isEncrypted, framing } = this.#connection
    const isTcpTls = framing === 'tcp' && isEncrypted
    return {
      bindings: channelBindings,
      mayOfferPlain: isTcpTls || this.#server.isHttps || this.#server.config.allowPlaintext,
    }
  }

  // --- elements ---------------------------------------------------------------------------------------------------------

  element(element: Element): void {
    if (this.#isClosed) return
    if (!this.#isOpen) return this.#fail('not-authorized')
    if (this.#isWaiting) {
      if (this.#backlog.push(element) > BACKLOG_MAX) this.#fail('policy-violation')
      return
    }
    const xmlns = element.getNS()
    if (this.#session) return this.#bound(this.#session, element, xmlns)
    if (this.#account) return this.#authenticated(this.#account, element, xmlns)
    if (xmlns === NS_SASL) return this.#sasl(element)
    if (xmlns === NS_TLS && element.name === 'starttls') return this.#startTls()
    // A stanza, or anything else, before signing in (RFC 6120 §4.9.3.12).
    this.#fail('not-authorized')
  }

  #startTls(): void {
    const { startTls, isEncrypted } = this.#connection
    if (!startTls || isEncrypted || this.#isChecking || this.#attempt) {
      this.#connection.write(serialize(xml('failure', { xmlns: NS_TLS })))
      return this.#fail('policy-violation')
    }
    this.#connection.write(serialize(xml('proceed', { xmlns: NS_TLS })))
    this.#isOpen = false
    startTls.call(this.#connection)
  }

  // --- SASL (RFC 6120 §6) -------------------------------------------------------------------------------------------------

  #sasl(element: Element): void {
    const mustUpgrade = !this.#connection.isEncrypted && !this.#server.config.allowPlaintext
    if (mustUpgrade) return this.#saslFailed('encryption-required', undefined)
    // One step at a time: a client that does not wait for our answer is not doing SASL.
    if (this.#isChecking) return this.#fail('policy-violation')
    const bytes = decodeBase64(element.getText())
    if (element.name === 'abort') return this.#saslFailed('aborted', undefined)
    if (bytes === undefined) return this.#saslFailed('incorrect-encoding', undefined)
    if (element.name === 'auth') {
      this.#attempt = beginSasl(element.attrs['mechanism'] ?? '', this.#situation(), this.#server)
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
    if (throttle.delayMs([addressKey(this.#connection.remoteAddress)]) > 0) {
      return this.#saslFailed('temporary-auth-failure', undefined)
    }
    this.#isChecking = true
    step()
      .catch((error: unknown): SaslStep => {
        log.error('signing in failed', { error: String(error) })
        return { kind: 'failure', condition: 'temporary-auth-failure', name: undefined, isGuess: false }
      })
      .then((outcome) => {
        this.#isChecking = false
        if (!this.#isClosed) this.#answer(outcome)
      })
      .catch((error: unknown) => {
        log.error('a stream failed', { error: String(error) })
        this.#fail('internal-server-error')
      })
  }

  #answer(step: SaslStep): void {
    if (step.kind === 'challenge') {
      this.#write(xml('challenge', { xmlns: NS_SASL }, step.bytes.toString('base64')))
      return
    }
    if (step.kind === 'failure') {
      if (step.isGuess) this.#server.throttle.failed(this.#throttleKeys(step.name))
      return this.#saslFailed(step.condition, step.name)
    }
    const keys = this.#throttleKeys(step.account.localpart)
    // The right password, but after too many wrong ones: whoever guesses must not learn that this one is right.
    if (this.#server.throttle.delayMs(keys) > 0) return this.#saslFailed('temporary-auth-failure', step.account.localpart)
    this.#server.throttle.succeeded(keys)
    this.#account = step.account
    this.#attempt = undefined
    this.#write(xml('success', { xmlns: NS_SASL }, step.bytes?.toString('base64')))
    this.#isOpen = false
    this.#connection.restart(C2S_LIMITS)
  }

  #throttleKeys(name: string | undefined): string[] {
    const address = addressKey(this.#connection.remoteAddress)
    return name === undefined ? [address] : [address, `account ${name}`]
  }

  #saslFailed(condition: SaslFailure, name: string | undefined): void {
    this.#attempt = undefined
    this.#server.signInRefused({ name, condition, remoteAddress: this.#connection.remoteAddress })
    this.#write(buildSaslFailure(condition))
    if (++this.#tries >= SASL_TRIES) this.#fail('policy-violation', 'Too many tries to sign in.')
  }

  // --- after signing in ---------------------------------------------------------------------------------------------------

  #authenticated(account: Account, element: Element, xmlns: string | undefined): void {
    if (xmlns === NS_SM && element.name === 'resume') return this.#hold(() => this.#resume(account, element))
    if (xmlns === NS_SM) {
      this.#write(buildSmFailed('unexpected-request'))
      return
    }
    const payload = element.name === 'iq' && xmlns === NS_CLIENT ? element.getChild('bind', NS_BIND) : undefined
    if (!payload || element.attrs['type'] !== 'set' || element.attrs['id'] === undefined) return this.#fail('not-authorized')
    this.#hold(async () => {
      const session = await bind(this.#server, this.#connection, account, element, payload)
      if (session) this.#session = session
    })
  }

  /** Does something that takes a moment; what the client sends meanwhile is kept in order and looked at afterwards. */
  #hold(work: () => Promise<void>): void {
    this.#isWaiting = true
    work()
      .catch((error: unknown) => {
        this.#server.log.error('a stream failed', { error: error instanceof Error ? error.stack : String(error) })
        this.#fail('internal-server-error')
      })
      .finally(() => {
        this.#isWaiting = false
        if (this.#session) clearTimeout(this.#deadline)
        if (this.#isClosed) return this.#lose()
        for (const element of this.#backlog.splice(0)) this.element(element)
      })
  }

  /** XEP-0198 §5. What cannot be resumed is told the durable count, so that nothing is sent twice or lost. */
  async #resume(account: Account, element: Element): Promise<void> {
    const { previousId: id = '', h } = findSmResume(element) ?? {}
    const session = this.#server.sessions.findResumable(id)
    const refusal = this.#server.refusalFor(account, session?.client, 'resume', this.#connection)
    if (h === undefined || !session || session.account.id !== account.id || refusal) {
      const handled = h === undefined ? undefined : await this.#server.findHandled(id, account)
      this.#write(buildSmFailed('item-not-found', handled))
      return
    }
    session.connection?.destroy()
    session.detach()
    const isIdle = await Promise.race([
      session.idle().then(() => session.persistHandled()).then(() => true, () => false),
      new Promise<false>((resolve) => setTimeout(resolve, RESUME_WAIT_MS, false)),
    ])
    if (!isIdle || session.isEnded || this.#isClosed) {
      this.#write(buildSmFailed('item-not-found', await this.#server.findHandled(id, account)))
      return
    }
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

  #bound(session: Session, element: Element, xmlns: string | undefined): void {
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
    if (!session.outbound) {
      this.#write(buildSmFailed('unexpected-request'))
      return
    }
    if (element.name === 'r') return session.acknowledge()
    const h = element.name === 'a' ? findSmH(element) : undefined
    if (h === undefined) return this.#fail('bad-format')
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
      this.#write(buildSmEnabled(wantsResume ? { id, maxSeconds } : {}))
    }
    if (!wantsResume) return enable()
    // The count is kept in the database from the first stanza on, so its row comes first.
    this.#hold(async () => {
      await this.#server.keepCount(id, session)
      if (!this.#isClosed) enable()
    })
  }

  #handledTooMuch({ h, sent }: HandledTooMuch): void {
    this.#fail('undefined-condition', undefined, buildHandledCountTooHigh(h, sent))
  }

  // --- closing ----------------------------------------------------------------------------------------------------------------

  fault({ condition, text }: StreamFault): void {
    this.#fail(condition, text)
  }

  close(): void {
    if (this.#isClosed) return
    // A stream that is closed properly is not resumed (XEP-0198 §5).
    const session = this.#session
    this.#session = undefined
    this.#finish(undefined)
    session?.end()
  }

  gone(): void {
    this.#isClosed = true
    clearTimeout(this.#deadline)
    this.#lose()
  }

  /** The connection was lost: a session that can be resumed waits, any other is over. */
  #lose(): void {
    const session = this.#session
    this.#session = undefined
    if (!session || session.connection !== this.#connection) return
    this.#server.detached(session)
  }

  #fail(condition: StreamErrorCondition, text?: string, ...details: Element[]): void {
    if (this.#isClosed) return
    if (!this.#isOpen) this.#writeHeader(undefined)
    const session = this.#session
    this.#session = undefined
    this.#finish(buildStreamError(condition, text, ...details))
    if (session) {
      session.detach()
      session.end()
    }
  }

  #finish(error: Element | undefined): void {
    this.#isClosed = true
    clearTimeout(this.#deadline)
    this.#connection.write(closing(this.#connection, error))
    if (error && this.#connection.framing === 'ws') this.#connection.write(closing(this.#connection, undefined))
    this.#connection.end()
  }

  #write(element: Element): void {
    this.#connection.write(serialize(element, { parentNS: this.#connection.framing === 'tcp' ? NS_CLIENT : '' }))
  }
}

/** `=` is an empty initial response (RFC 6120 §6.4.2); nothing for text that is not strict base64. */
function decodeBase64(text: string): Buffer | undefined {
  if (text === '' || text === '=') return Buffer.alloc(0)
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  return Buffer.from(text, 'base64')
}

/** The full JID of a resource, prepared. Throws `JidFault`. */
export function fullJid(account: Account, domain: string, resourcepart: string) {
  return jidFrom({ localpart: account.localpart, domainpart: domain, resourcepart })
}
