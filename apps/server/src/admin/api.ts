import type { KeyObject } from 'node:crypto'
import type {
  AdminRouteId,
  BodyOf,
  Check,
  ParamsOf,
  QueryOf,
  ResponseOf,
  SandboxStatus,
  SessionEndCode,
} from '@drawbridge/contract'
import type { Db, ImageRenewal } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { Blobs } from '../blobs/blobs.ts'
import type { Renewal } from '../blobs/renewal.ts'
import type { Advisories } from '../policy/advisories.ts'
import type { LiveSessions } from '../policy/enforce.ts'
import type { PolicyService } from '../policy/start.ts'
import type { Accounts } from '../routing/accounts.ts'
import type { Context } from '../routing/feature.ts'
import type { Invitations } from '../routing/invitations.ts'
import type { RoomSummary } from '../routing/service.ts'
import type { Rosters } from '../routing/rosters.ts'
import type { Units } from '../routing/units.ts'
import type { ChangePassword } from '../stream/change-password.ts'
import type { Passwords } from '../stream/password.ts'
import type { Sealer } from '../stream/seal.ts'
import type { Throttle } from '../stream/throttle.ts'
import type { AdminConfig } from './access/admin.config.ts'
import type { Passkeys } from './access/passkeys.ts'
import type { Prove } from './access/prove.ts'
import type { SecondFactors } from './access/second-factors.ts'
import type { SignIns } from './access/sign-ins.ts'
import type { Actor, Reach } from './actor.ts'
import type { EventStreams } from './event-streams.ts'

/** What the admin API needs from the server around it. */
export interface AdminDeps {
  readonly db: Db
  readonly domain: string
  readonly version: string
  readonly startedAt: Date
  readonly accounts: Accounts
  readonly units: Units
  readonly rooms: () => readonly RoomSummary[]
  readonly rosters: Pick<Rosters, 'peek'>
  readonly blobs: Blobs
  readonly renewal: Renewal
  readonly invitations: Invitations
  readonly emit: Context['emit']
  readonly passwords: Pick<Passwords, 'make' | 'verify'>
  readonly changePassword: ChangePassword
  readonly throttle: Throttle
  /** Seals the secrets of second factors. */
  readonly sealer: Sealer
  readonly settings: AdminConfig
  readonly policy: Pick<PolicyService, 'gate' | 'live' | 'node' | 'operations' | 'guarded' | 'standalone'>
  /** From where break-glass accounts pass. */
  readonly breakGlassNetworks: readonly string[]
  readonly advisories: Advisories
  /** The public key of the signatures on the audit log. */
  readonly auditKey: KeyObject
  readonly sessions: LiveSessions
  /** Begins, or goes on, to make images anew. */
  enqueueRenewal(renewal: ImageRenewal): Promise<void>
  /** Signs simulations: 32 bytes. */
  readonly simulationKey: Buffer
  readonly log: Log
  readonly now?: () => Date
  /** Over https, answers ask browsers never to come back without it, and cookies never leave without it. */
  readonly isHttps: boolean
  /** Where the console is, for browsers. */
  publicUrl(): string
  /** Ends the live sessions of an account and returns how many there were. */
  closeSessions(localpart: string, why: SessionEndCode): number
  /** Ends one of them. Returns how many there were. */
  closeSession(localpart: string, resource: string, why: SessionEndCode): number
  /** An account is gone: everybody who keeps something about it lets go. */
  accountDeleted(localpart: string): void
  /** State of the parts: database, sanitizer, archive. */
  checks(): Promise<readonly Check[]>
  /** What holds hostile image decoders; undefined while the sanitizer does not answer. */
  sandbox(): Promise<SandboxStatus | undefined>
}

/** One request whose every part was checked against the schemas of its route. */
export interface AdminRequest<Id extends AdminRouteId> {
  readonly params: ParamsOf<Id>
  readonly query: QueryOf<Id>
  readonly body: BodyOf<Id>
  /** Undefined on public routes without a sign-in. */
  readonly actor: Actor | undefined
  /** How far the actor has the permission of the route: lists show no more than that. */
  readonly reach: Reach
  readonly remoteAddress: string
  /** Nothing is to change: operations on the rules see to that by themselves. */
  readonly isDryRun: boolean
  /** What only a request over HTTP has. */
  readonly exchange?: Exchange
}

/** The HTTP around a request. */
export interface Exchange {
  readonly userAgent: string
  /** Whether a page of ours made it. */
  readonly isOwnOrigin: boolean
  setCookie(cookie: string): void
}

export type AdminHandler<Id extends AdminRouteId> = (request: AdminRequest<Id>) => Promise<ResponseOf<Id>>

/** A handler for each of these routes. */
export type AdminHandlers<Ids extends AdminRouteId = AdminRouteId> = { readonly [Id in Ids]: AdminHandler<Id> }

/** What handlers share beside the dependencies. */
export interface AdminContext extends AdminDeps {
  readonly events: EventStreams
  readonly signIns: SignIns
  readonly secondFactors: SecondFactors
  readonly passkeys: Passkeys
  readonly prove: Prove
  readonly now: () => Date
}

/** The actor of a route that is not public; the router has made sure that there is one. */
export function actorOf(request: { readonly actor: Actor | undefined }): Actor {
  if (!request.actor) throw new Error('a route without an actor was not declared public')
  return request.actor
}
