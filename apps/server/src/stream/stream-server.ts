import type { Element, Words } from '@drawbridge/xmpp'
import type { ClientIdentity } from '@drawbridge/policy'
import type { Log } from '@drawbridge/runtime'
import type { Account, Accounts } from '../routing/accounts.ts'
import type { Sessions } from '../routing/sessions.ts'
import type { Connection } from '../transport/connection.ts'
import type { ClientProofs } from './client-proofs.ts'
import type { Fast } from './fast.ts'
import type { StreamLimits } from './limits.ts'
import type { Offer } from './offer.ts'
import type { Oidc } from './oidc/oidc.ts'
import type { Passwords } from './password.ts'
import type { Revocations } from './revocations.ts'
import type { Session, SessionHost } from './session.ts'
import type { StreamConfig } from './stream.config.ts'
import type { Throttle } from './throttle.ts'
import type { Repeated } from './turned-away.ts'

export interface StreamRefusal {
  readonly text: Words
  readonly details: readonly Element[]
  /** It is about the client, which will not be let in until it or the rules have changed. */
  readonly isLasting?: boolean
}

/** Whoever speaks on a stream before signing in. */
export interface Stranger {
  readonly remoteAddress: string
  /** What features keep about it, as long as the stream lasts. */
  readonly notes: Map<string, unknown>
}

/** What a stream needs from the server around it. */
export interface StreamServer {
  readonly domain: string
  /** Whether TLS protects what comes over WebSocket and HTTP, ended here or by a proxy on this machine. */
  readonly isHttps: boolean
  readonly config: StreamConfig
  readonly limits: StreamLimits
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly fast: Fast
  readonly proofs: ClientProofs
  /** Absent: nobody signs in by access tokens. */
  readonly oidc: Oidc | undefined
  readonly throttle: Throttle
  readonly revocations: Revocations
  readonly host: SessionHost
  readonly log: Log
  /** Set while the server stops: new streams are told to come back later. */
  readonly shutdownText: string | undefined
  streamFeatures(): Element[]
  /** What a session can begin with (XEP-0386 §2.1). */
  readonly bindFeatures: readonly string[]
  /** Turns on what the client asked for, and says what is to be said in `<bound/>` (XEP-0386 §2.2). */
  bindInline(session: Session, wanted: readonly Element[]): Promise<Element[]>
  /** A short name that stays the same for the same text and tells nothing of it. */
  stableName(text: string): string
  /** What is offered to whoever has not signed in, beside signing in (XEP-0077 §8). */
  readonly featuresBeforeSignIn: readonly Element[]
  /** What is offered before signing in, by situation; see `offerOn`, which fills it. */
  readonly offers: Map<string, Offer>
  /** The answer to an iq of somebody who has not signed in; nothing when such iqs have no place here. */
  answerBeforeSignIn(iq: Element, stranger: Stranger): Promise<Element> | undefined
  /**
   * During a cut nobody gets as far as signing in, except from where break-glass accounts may come (control §4.2); and
   * after it, not more at once than the accept rate (§4.8).
   */
  refusalBeforeSignIn(remoteAddress: string, language: string | undefined): StreamRefusal | undefined
  /** The policy's word on an account with this client at this entrance; nothing when it may pass. */
  refusalFor(
    account: Account,
    client: ClientIdentity | undefined,
    entrance: 'bind' | 'resume',
    connection: Connection,
  ): StreamRefusal | undefined
  /** See `TurnedAway.again`. */
  turnedAway(installation: string, attempt: Connection): Repeated | undefined
  /** The rules have turned an installation away that had signed in. */
  noteTurnedAway(installation: string, refusal: StreamRefusal): void
  /** A session was bound: it is checked, announced to features, or ended. */
  bound(session: Session): void
  /** It has no connection; it waits for its client, or leaves if it cannot be resumed. Safe to call twice. */
  detached(session: Session): void
  /** A cut of the service is over: who was sent away by it has this time to come back, beside the usual one. */
  awaitReturn(windowMs: number): void
  /** It is connected again. */
  attached(session: Session): void
  /** Opens the record of a stream's durable count (XEP-0198 §5), before anything is counted. */
  keepCount(id: string, account: Account): Promise<void>
  /** The durable count of a stream of this account that can no longer be resumed (XEP-0198 §5). */
  findHandled(id: string, account: Account): Promise<number | undefined>
  /** Too many wrong passwords: this account or address has to wait now. */
  guessingSlowed(attempt: { name: string | undefined; remoteAddress: string }): void
  /** Somebody has proved who he is. @param tookMs - what it took us, without what it took the client */
  signInProved(tookMs: number): void
  signInRefused(attempt: { name: string | undefined; condition: string; remoteAddress: string }): void
}
