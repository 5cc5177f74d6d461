import { buildSaslFailure, NS_SASL, NS_SASL_CHANNEL_BINDING, xml } from '@drawbridge/xmpp'
import type { Element, SaslFailure, StreamErrorCondition } from '@drawbridge/xmpp'
import type { Account } from '../routing/accounts.ts'
import type { Connection } from '../transport/connection.ts'
import { countSignIn } from './events.ts'
import { beginSasl, mechanismsFor } from './sasl.ts'
import type { Mechanism, SaslAttempt, SaslSituation, SaslStep } from './sasl.ts'
import type { StreamServer } from './stream-server.ts'

/** Tries to sign in per stream (RFC 6120 §6.4.5). */
const SASL_TRIES = 5

/** What the negotiation does to its stream. */
export interface NegotiatedStream {
  readonly isClosed: boolean
  write(element: Element): void
  fail(condition: StreamErrorCondition, text?: string): void
  signedIn(account: Account): void
}

/** SASL on one stream (RFC 6120 §6): one step at a time, a few tries, and no faster than the throttle lets it. */
export class Negotiation {
  readonly #server: StreamServer
  readonly #connection: Connection
  readonly #stream: NegotiatedStream
  #attempt: SaslAttempt | undefined
  /** Of the last `<auth/>`. */
  #mechanism: Mechanism | 'none' = 'none'
  #isChecking = false
  #tries = 0
  /** Of the last `<auth/>`: credentials that ended after it do not count. */
  #mark = 0

  constructor(server: StreamServer, connection: Connection, stream: NegotiatedStream) {
    this.#server = server
    this.#connection = connection
    this.#stream = stream
  }

  get isUnderway(): boolean {
    return this.#isChecking || this.#attempt !== undefined
  }

  /** Whether TLS has to come first (RFC 6120 §5.3.1). */
  get mustUpgrade(): boolean {
    return !this.#connection.isEncrypted && !this.#server.config.allowPlaintext
  }

  /** What is offered on this connection, as stream features (RFC 6120 §6.4.1, XEP-0440). */
  features(): Element[] {
    const situation = this.#situation()
    const mechanisms = mechanismsFor(situation).map((name) => xml('mechanism', {}, name))
    const types = Object.keys(situation.bindings ?? {}).map((type) => xml('channel-binding', { type }))
    return [
      xml('mechanisms', { xmlns: NS_SASL }, ...mechanisms),
      ...(types.length > 0 ? [xml('sasl-channel-binding', { xmlns: NS_SASL_CHANNEL_BINDING }, ...types)] : []),
    ]
  }

  /** Whether what the account signed in with has been taken back since (threats AU-23). */
  isRevoked(account: Account): boolean {
    return this.#server.revocations.isRevoked(account.localpart, this.#mark)
  }

  /** Takes an element of the SASL namespace. */
  receive(element: Element): void {
    if (this.mustUpgrade) return this.#failed('encryption-required', undefined)
    // One step at a time: a client that does not wait for our answer is not doing SASL.
    if (this.#isChecking) return this.#stream.fail('policy-violation')
    const bytes = decodeBase64(element.getText())
    if (element.name === 'abort') return this.#failed('aborted', undefined)
    if (bytes === undefined) return this.#failed('incorrect-encoding', undefined)
    if (element.name === 'auth') return this.#begin(element.attrs['mechanism'] ?? '', bytes)
    if (element.name !== 'response' || !this.#attempt) return this.#failed('malformed-request', undefined)
    const attempt = this.#attempt
    this.#check(() => attempt.next(bytes))
  }

  #situation(): SaslSituation {
    const { channelBindings, isEncrypted, framing } = this.#connection
    const isProtected = framing === 'tcp' ? isEncrypted : this.#server.isHttps
    return { bindings: channelBindings, mayOfferPlain: isProtected || this.#server.config.allowPlaintext }
  }

  #begin(name: string, initial: Buffer): void {
    this.#mark = this.#server.revocations.mark()
    const situation = this.#situation()
    this.#mechanism = mechanismsFor(situation).find((offered) => offered === name) ?? 'none'
    const attempt = beginSasl(name, situation, this.#server)
    this.#attempt = attempt
    if (!attempt) return this.#failed('invalid-mechanism', undefined)
    if (initial.length > 0) return this.#check(() => attempt.start(initial))
    // Every mechanism of ours has the client speak first; without an initial response we ask for it (§6.4.2).
    this.#stream.write(xml('challenge', { xmlns: NS_SASL }))
    const startLate = (response: Buffer) => {
      this.#attempt = attempt
      return attempt.start(response)
    }
    this.#attempt = { start: attempt.start, next: startLate }
  }

  #check(step: () => Promise<SaslStep>): void {
    if (this.#server.throttle.delayMs(this.#throttleKeys(undefined)) > 0)
      return this.#failed('temporary-auth-failure', undefined)
    this.#isChecking = true
    void (async () => {
      try {
        const outcome = await step()
        this.#isChecking = false
        if (!this.#stream.isClosed) this.#answer(outcome)
      } catch (error) {
        this.#isChecking = false
        this.#server.log.error('signing in failed', { error: error instanceof Error ? error.stack : String(error) })
        if (!this.#stream.isClosed) this.#failed('temporary-auth-failure', undefined)
      }
    })()
  }

  #answer(step: SaslStep): void {
    if (step.kind === 'challenge') {
      return this.#stream.write(xml('challenge', { xmlns: NS_SASL }, step.bytes.toString('base64')))
    }
    const { throttle } = this.#server
    const name = step.kind === 'success' ? step.account.localpart : step.name
    const keys = this.#throttleKeys(name)
    const isGuess = step.kind === 'success' || step.isGuess
    // After too many wrong passwords, right and wrong get one answer: whoever guesses must not learn which it was.
    if (isGuess && throttle.delayMs(keys) > 0) return this.#failed('temporary-auth-failure', name)
    if (step.kind === 'failure') {
      if (isGuess) throttle.failed(keys)
      if (throttle.delayMs(keys) > 0)
        this.#server.guessingSlowed({ name, remoteAddress: this.#connection.remoteAddress })
      return this.#failed(step.condition, name)
    }
    if (this.isRevoked(step.account)) return this.#failed('not-authorized', name)
    throttle.succeeded(keys)
    countSignIn({ mechanism: this.#mechanism, outcome: 'success' })
    this.#attempt = undefined
    this.#stream.write(xml('success', { xmlns: NS_SASL }, step.bytes?.toString('base64')))
    this.#stream.signedIn(step.account)
  }

  #throttleKeys(name: string | undefined): string[] {
    return this.#server.throttle.keysOf(this.#connection.remoteAddress, name)
  }

  #failed(condition: SaslFailure, name: string | undefined): void {
    this.#attempt = undefined
    countSignIn({ mechanism: this.#mechanism, outcome: condition })
    this.#server.signInRefused({ name, condition, remoteAddress: this.#connection.remoteAddress })
    this.#stream.write(buildSaslFailure(condition))
    if (++this.#tries >= SASL_TRIES) this.#stream.fail('policy-violation', 'Too many tries to sign in.')
  }
}

/** `=` is an empty initial response (RFC 6120 §6.4.2); nothing for text that is not strict base64. */
function decodeBase64(text: string): Buffer | undefined {
  if (text === '' || text === '=') return Buffer.alloc(0)
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  return Buffer.from(text, 'base64')
}
