import {
  buildConfigVersionMismatch,
  buildSasl2Continue,
  buildSasl2TaskData,
  findAuthenticate,
  SASL2,
  SASL_CLASSIC,
} from '@drawbridge/xmpp'
import type {
  Authenticate,
  Element,
  SaslFailure,
  SaslProfile,
  SaslRequest,
  StreamErrorCondition,
  Words,
} from '@drawbridge/xmpp'
import { refusalWords } from '../policy/words.ts'
import type { Account } from '../routing/accounts.ts'
import type { Connection } from '../transport/connection.ts'
import { countSignIn, observeSignIn } from './events.ts'
import { fastMechanismsFor } from './fast.ts'
import type { FastMechanism } from './fast.ts'
import { localpartOf } from './claimant.ts'
import { offerOn } from './offer.ts'
import { beginSasl, mechanismsFor } from './sasl.ts'
import type { Mechanism, Proof, SaslAttempt, SaslSituation, SaslStep } from './sasl.ts'
import type { StreamServer } from './stream-server.ts'
import { claimedName, installationOf } from './turned-away.ts'
import { Upgrades } from './upgrade.ts'

/** Tries to sign in per stream (RFC 6120 §6.4.5). */
const SASL_TRIES = 5

/** Credentials that were right, with everything the client wanted along with that. */
export interface SignIn {
  readonly account: Account
  readonly proof: Proof
  /** What the mechanism says last; absent when it was said in `<continue/>`. */
  readonly data: Uint8Array | undefined
  /** Of SASL2; classic SASL restarts the stream instead. */
  readonly authenticate: Authenticate | undefined
  readonly situation: SaslSituation
}

/** What the negotiation does to its stream. */
export interface NegotiatedStream {
  readonly isClosed: boolean
  write(element: Element): void
  fail(condition: StreamErrorCondition, text?: string): void
  signedIn(signIn: SignIn): void
  /** Answers an installation that the rules have turned away before; false when it is none of those. */
  turnAway(installation: string): boolean
}

/** One try: what was begun, in which profile, and how far it is. */
interface Exchange {
  readonly profile: SaslProfile
  readonly mechanism: Mechanism | FastMechanism
  readonly situation: SaslSituation
  readonly authenticate: Authenticate | undefined
  readonly attempt: SaslAttempt
  /** Whose account it is about, by the first words of the client. */
  localpart?: string | undefined
  /** What the next response is for. */
  step: 'initial' | 'response'
  /** What it has taken us so far; a client that takes its time is not a slow server. */
  tookMs: number
  upgrades?: { readonly tasks: Upgrades; readonly signIn: SignIn }
}

/**
 * SASL on one stream, in the profile of RFC 6120 §6 or of XEP-0388: one step at a time, a few tries, and no faster than
 * the throttle lets it.
 */
export class Negotiation {
  readonly #server: StreamServer
  readonly #connection: Connection
  readonly #stream: NegotiatedStream
  #from: string | undefined
  /** Of the features that this stream was told (XEP-0509). */
  #configVersion: string | undefined
  #exchange: Exchange | undefined
  /** What was enough. The rest of the exchange, verifiers among it, is not kept for as long as the session lasts. */
  #proved: Pick<Exchange, 'profile' | 'mechanism'> | undefined
  /** A step takes a moment; what comes of a step that was given up meanwhile is not looked at. */
  #checking: Exchange | undefined
  #tries = 0
  /** Of the last try: credentials that ended after it do not count. */
  #mark = 0

  constructor(server: StreamServer, connection: Connection, stream: NegotiatedStream) {
    this.#server = server
    this.#connection = connection
    this.#stream = stream
  }

  get isUnderway(): boolean {
    return this.#exchange !== undefined
  }

  /** Whether TLS has to come first (RFC 6120 §5.3.1). */
  get mustUpgrade(): boolean {
    return !this.#connection.isEncrypted && !this.#server.config.allowPlaintext
  }

  /** The stream was opened, by somebody who says that he is this. */
  opened(from: string | undefined): void {
    this.#from = from
  }

  /** What is offered on this connection, as the text of its stream features. */
  offer(): string {
    const { text, configVersion } = offerOn(this.#connection, this.#situation(), this.#server)
    this.#configVersion = configVersion
    return text
  }

  /** Whether what the account signed in with has been taken back since, or the access of this client (threats AU-23). */
  isRevoked(account: Account, clientId?: string): boolean {
    const { revocations } = this.#server
    return [account.localpart, clientId].some((key) => key !== undefined && revocations.isRevoked(key, this.#mark))
  }

  /** Takes an element of a SASL namespace. */
  receive(element: Element): void {
    const profile = element.getNS() === SASL2.xmlns ? SASL2 : SASL_CLASSIC
    const request = profile.parse(element)
    if (this.mustUpgrade) return this.#failed(profile, 'encryption-required')
    if (request.kind === 'abort') return this.#failed(profile, 'aborted')
    // One step at a time: a client that does not wait for our answer is not doing SASL.
    if (this.#checking) return this.#stream.fail('policy-violation')
    if (request.kind === 'unreadable') return this.#failed(profile, request.condition)
    if (request.kind === 'begin') return this.#begin(profile, request, element)
    const exchange = this.#exchange
    if (exchange?.profile !== profile) return this.#failed(profile, 'malformed-request')
    if (exchange.upgrades) return this.#upgrade(exchange, exchange.upgrades.tasks, request)
    if (request.kind !== 'response') return this.#failed(profile, 'malformed-request')
    const { attempt, mechanism, step } = exchange
    exchange.step = 'response'
    const data = Buffer.from(request.data)
    if (step === 'initial') exchange.localpart = this.#claimed(mechanism, data)
    this.#check(exchange, () => (step === 'initial' ? attempt.start(data) : attempt.next(data)))
  }

  /** The credentials were right, and yet the client is not let in. */
  refuse(condition: SaslFailure, text?: Words, details?: readonly Element[]): void {
    this.#failed(this.#proved?.profile ?? SASL2, condition, { text, details })
  }

  #situation(): SaslSituation {
    const { channelBindings, tlsVersion, isEncrypted, framing } = this.#connection
    const isProtected = framing === 'tcp' ? isEncrypted : this.#server.isHttps
    return {
      bindings: channelBindings,
      tlsVersion,
      isProtected: isProtected || this.#server.config.allowPlaintext,
      from: this.#from,
    }
  }

  #begin(profile: SaslProfile, { mechanism, initial }: SaslRequest & { kind: 'begin' }, element: Element): void {
    this.#mark = this.#server.revocations.mark()
    this.#exchange = undefined
    const authenticate = profile === SASL2 ? findAuthenticate(element) : undefined
    if (profile === SASL2 && !authenticate) return this.#failed(profile, 'malformed-request')
    // Nothing was tried yet: what a client thinks is offered is no reason to count it among those who guess.
    const wentBy = authenticate?.configVersion
    if (wentBy !== undefined && this.#configVersion !== undefined && wentBy !== this.#configVersion)
      return this.#stream.write(profile.buildFailure('aborted', undefined, [buildConfigVersionMismatch()]))
    const localpart = this.#claimed(mechanism, initial)
    if (authenticate && localpart !== undefined) {
      const installation = installationOf(localpart, this.#connection.remoteAddress, authenticate)
      if (installation !== undefined && this.#stream.turnAway(installation)) return
    }
    const exchange = this.#exchangeFor(profile, mechanism, authenticate)
    if (!exchange) return this.#failed(profile, 'invalid-mechanism')
    this.#exchange = exchange
    exchange.localpart = localpart
    if (initial) return this.#check(exchange, () => exchange.attempt.start(Buffer.from(initial)))
    // Every mechanism of ours has the client speak first; without an initial response we ask for it (§6.4.2).
    exchange.step = 'initial'
    this.#stream.write(profile.buildChallenge())
  }

  #claimed(mechanism: string, initial: Uint8Array | undefined): string | undefined {
    const name = claimedName(mechanism, initial)
    return name === undefined ? undefined : localpartOf(name, this.#server.domain)
  }

  /** Nothing for a mechanism that was not offered for this purpose: tokens are proved by their own (XEP-0484 §3.4). */
  #exchangeFor(profile: SaslProfile, wanted: string, authenticate: Authenticate | undefined): Exchange | undefined {
    const situation = this.#situation()
    const common = { profile, situation, authenticate, step: 'response' as const, tookMs: 0 }
    if (authenticate?.fast) {
      const mechanism = fastMechanismsFor(situation).find((name) => name === wanted)
      if (!mechanism) return undefined
      return { ...common, mechanism, attempt: this.#server.fast.begin(mechanism, situation, authenticate) }
    }
    const mechanism = mechanismsFor(situation, this.#server).find((name) => name === wanted)
    if (!mechanism) return undefined
    return { ...common, mechanism, attempt: beginSasl(mechanism, situation, this.#server) }
  }

  #check(exchange: Exchange, step: () => Promise<SaslStep>): void {
    const { profile, authenticate, mechanism, localpart } = exchange
    // A token cannot be guessed: a device that is known comes in however much its address is slowed (threats §3.5).
    const canGuess = !authenticate?.fast && mechanism !== 'OAUTHBEARER'
    if (canGuess && this.#server.throttle.delayMs(this.#throttleKeys(localpart)) > 0)
      return this.#failed(profile, 'temporary-auth-failure', { name: localpart })
    this.#wait(exchange, async () => {
      const outcome = await step()
      return () => this.#answer(exchange, outcome)
    })
  }

  /** Does something that takes a moment, and goes on with what it returns, if the client still wants it. */
  #wait(exchange: Exchange, work: () => Promise<() => void>): void {
    this.#checking = exchange
    const startedAt = performance.now()
    const settle = (then: () => void) => {
      exchange.tookMs += performance.now() - startedAt
      if (this.#checking !== exchange) return
      this.#checking = undefined
      if (!this.#stream.isClosed) then()
    }
    void work().then(settle, (error: unknown) => {
      this.#server.log.error('signing in failed', { error: error instanceof Error ? error.stack : String(error) })
      settle(() => this.#failed(exchange.profile, 'temporary-auth-failure'))
    })
  }

  #answer(exchange: Exchange, step: SaslStep): void {
    const { profile, authenticate, situation } = exchange
    if (step.kind === 'challenge') return this.#stream.write(profile.buildChallenge(step.bytes))
    const { throttle } = this.#server
    const name = step.kind === 'success' ? step.account.localpart : step.name
    const keys = this.#throttleKeys(name)
    const isGuess = step.kind === 'success' ? step.proof.kind === 'password' : step.isGuess
    // After too many wrong passwords, right and wrong get one answer: whoever guesses must not learn which it was.
    if (isGuess && throttle.delayMs(keys) > 0) return this.#failed(profile, 'temporary-auth-failure', { name })
    if (step.kind === 'failure') {
      if (isGuess) throttle.failed(keys)
      if (throttle.delayMs(keys) > 0)
        this.#server.guessingSlowed({ name, remoteAddress: this.#connection.remoteAddress })
      const text = step.code && refusalWords(step.code, {}, this.#connection.language)
      return this.#failed(profile, step.condition, { name, text })
    }
    const { account, proof, bytes: data } = step
    if (this.isRevoked(account)) return this.#failed(profile, 'not-authorized', { name })
    if (isGuess) throttle.succeeded(keys)
    const signIn = { account, proof, data, authenticate, situation }
    const scram = proof.kind === 'password' ? proof.scram : undefined
    if (!scram || !authenticate) return this.#finish(exchange, signIn)
    const { verifiers, family } = scram
    const tasks = new Upgrades(verifiers, family, authenticate.upgrades, this.#server.passwords.iterations)
    this.#goOn(exchange, tasks, signIn)
  }

  /** The next task, or the end (XEP-0388 §2.6.3). */
  #goOn(exchange: Exchange, tasks: Upgrades, signIn: SignIn): void {
    if (tasks.task === undefined) return this.#finish(exchange, signIn)
    exchange.upgrades = { tasks, signIn: { ...signIn, data: undefined } }
    this.#stream.write(buildSasl2Continue(tasks.task, signIn.data))
  }

  #upgrade(exchange: Exchange, tasks: Upgrades, request: SaslRequest): void {
    const { profile, upgrades } = exchange
    if (request.kind === 'next') {
      const payload = tasks.begin(request.task)
      return payload ? this.#stream.write(buildSasl2TaskData(payload)) : this.#failed(profile, 'malformed-request')
    }
    if (request.kind !== 'task-data' || !upgrades) return this.#failed(profile, 'malformed-request')
    this.#wait(exchange, async () => {
      const outcome = await tasks.finish(request.payload)
      if (outcome === 'malformed') return () => this.#failed(profile, 'malformed-request')
      if (outcome === 'superseded') return () => this.#failed(profile, 'not-authorized')
      return () => this.#goOn(exchange, tasks, upgrades.signIn)
    })
  }

  #finish({ profile, mechanism, tookMs }: Exchange, signIn: SignIn): void {
    this.#exchange = undefined
    this.#proved = { profile, mechanism }
    countSignIn({ mechanism, outcome: 'success' })
    observeSignIn(tookMs / 1_000)
    this.#server.signInProved(tookMs)
    this.#stream.signedIn(signIn)
  }

  #throttleKeys(name: string | undefined): string[] {
    return this.#server.throttle.keysOf(this.#connection.remoteAddress, name)
  }

  #failed(profile: SaslProfile, condition: SaslFailure, why: FailureDetails = {}): void {
    const { name, text, details } = why
    const { mechanism = 'none' } = this.#exchange ?? this.#proved ?? {}
    countSignIn({ mechanism, outcome: condition })
    this.#exchange = this.#proved = undefined
    this.#checking = undefined
    this.#server.signInRefused({ name, condition, remoteAddress: this.#connection.remoteAddress })
    this.#stream.write(profile.buildFailure(condition, text, details))
    if (++this.#tries >= SASL_TRIES) this.#stream.fail('policy-violation', 'Too many tries to sign in.')
  }
}

interface FailureDetails {
  /** The account, as far as it was named. */
  readonly name?: string | undefined
  readonly text?: Words | undefined
  readonly details?: readonly Element[] | undefined
}
