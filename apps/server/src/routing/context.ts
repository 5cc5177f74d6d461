import type { AdminRouteId, BodyOf, ParamsOf, QueryOf, ResponseOf, Sanitize } from '@drawbridge/contract'
import type { ArchiveWriter, Db } from '@drawbridge/db'
import type { Jobs } from '@drawbridge/jobs'
import type { Fetcher, Log } from '@drawbridge/runtime'
import type {
  DiscoForm,
  DiscoIdentity,
  DiscoItem,
  IqStanza,
  Jid,
  MessageStanza,
  PresenceStanza,
} from '@drawbridge/xmpp'
import type { Blobs } from '../blobs/blobs.ts'
import type { MediaLinks } from '../blobs/media-link.ts'
import type { ExternalServicesConfig } from '../features/external-services.config.ts'
import type { AdmitFile } from '../files/admission.ts'
import type { Gate } from '../policy/gate.ts'
import type { KnownCaps } from './known-caps.ts'
import type { Reclassify } from '../policy/operations.ts'
import type { AskMediaPolicy } from '../policy/media.ts'
import type { ClientBuilds } from '../policy/own-build.ts'
import type { ChangePassword } from '../stream/change-password.ts'
import type { ClientProofs } from '../stream/client-proofs.ts'
import type { ClientTokens } from '../stream/client-token.ts'
import type { Clients } from '../stream/clients.ts'
import type { Passwords } from '../stream/password.ts'
import type { Session } from '../stream/session.ts'
import type { Throttle } from '../stream/throttle.ts'
import type { Traffic } from '../traffic.ts'
import type { PushConfig } from '../web-push/push.config.ts'
import type { WebPush } from '../web-push/web-push.ts'
import type { Account, Accounts } from './accounts.ts'
import type { ArchiveConfig } from './archive.config.ts'
import type { BlockLists } from './block-lists.ts'
import type { Chats } from './chats.ts'
import type { Components } from './components.ts'
import type { OfflineCursors } from './cursor.ts'
import type { DomainEvents } from './domain-events.ts'
import type { AdHocCommand, DiscoNode, IqRequest } from './feature.ts'
import type { ImageStore } from './image-store.ts'
import type { ImagesConfig } from './images.config.ts'
import type { Invitations } from './invitations.ts'
import type { PushTargets } from './push-targets.ts'
import type { ContactConfig, RegistrationConfig } from './registration.config.ts'
import type { Relay } from './relay.ts'
import type { Rosters } from './rosters.ts'
import type { Service } from './service.ts'
import type { Sessions } from './sessions.ts'
import type { Units } from './units.ts'

/** An operation of the admin API, with the rights of the account: for whoever speaks XMPP instead of HTTP. */
export type Administrate = <Id extends AdminRouteId>(
  account: Account,
  id: Id,
  request: { readonly params?: ParamsOf<Id>; readonly query?: QueryOf<Id>; readonly body?: BodyOf<Id> },
) => Promise<ResponseOf<Id>>

/** The second factor of an administrator who speaks XMPP instead of HTTP. */
export interface FactorByChat {
  /** Whether it has to be shown. Rejects with `second-factor-missing` where there has to be one, and is none. */
  isNeeded(account: Account): Promise<boolean>
  /** Rejects with `second-factor-failed`, `rate-limited`. */
  show(account: Account, code: string, remoteAddress: string): Promise<void>
}

/** What a feature may reach. Features never reach each other. */
export interface Context {
  readonly domain: string
  readonly domainJid: Jid
  readonly db: Db
  readonly writer: ArchiveWriter
  readonly cursors: OfflineCursors
  readonly sessions: Sessions
  readonly accounts: Accounts
  /** Who waits for whose answer. */
  readonly relay: Relay
  readonly rosters: Rosters
  readonly units: Units
  readonly invitations: Invitations
  readonly blockLists: BlockLists
  readonly components: Components
  readonly sanitize: Sanitize
  readonly admitFile: AdmitFile
  /** What is on the web; absent where the operator lets nothing be fetched. */
  readonly fetcher: Fetcher | undefined
  readonly mediaLinks: MediaLinks
  readonly pushTargets: PushTargets
  readonly chats: Chats
  readonly traffic: Traffic
  readonly webPush: WebPush
  readonly push: PushConfig
  readonly externalServices: ExternalServicesConfig
  readonly jobs: Jobs
  readonly gate: Gate
  /** What clients have announced of themselves while they could say what they liked. */
  readonly knownCaps: KnownCaps
  /** For who makes people others than before to suspensions. */
  readonly reclassify: Reclassify
  readonly mediaPolicy: AskMediaPolicy
  readonly log: Log
  readonly blobs: Blobs
  /** How long sealed files are kept, in milliseconds. */
  readonly evidenceRetentionMs: number
  readonly limits: ServerLimits
  readonly archive: ArchiveConfig
  readonly images: ImagesConfig
  /** What the features in force advertise (XEP-0030 §3.1): for the server, and for each account's bare JID. */
  readonly disco: {
    readonly server: readonly string[]
    readonly account: readonly string[]
    readonly identities: { readonly server: readonly DiscoIdentity[]; readonly account: readonly DiscoIdentity[] }
    readonly services: readonly DiscoItem[]
    findNode(to: DiscoNode['to'], node: string): DiscoNode | undefined
    accountItems(request: IqRequest): Promise<readonly DiscoItem[]>
    /** XEP-0128: what the server says beside its features. */
    forms(): readonly DiscoForm[]
  }
  /** Verifiers for a new account, and another password for one there is. Both throw `PasswordUnfit` and `PasswordBusy`. */
  readonly passwords: Pick<Passwords, 'make'> & { readonly change: ChangePassword }
  /** Tokens that say which build a client runs, and what clients show of them and of keys (control §3.1). */
  readonly clientTokens: ClientTokens
  readonly clientProofs: ClientProofs
  readonly clientBuilds: Pick<ClientBuilds, 'isCurrent'>
  /** Who has access to an account (XEP-0494). */
  readonly clients: Clients
  /** Every command of the features in force, in their order. */
  readonly commands: readonly AdHocCommand[]
  readonly administrate: Administrate
  readonly factorByChat: FactorByChat
  /** Ends an account at its own wish, with all it holds. */
  removeAccount(account: Account): Promise<void>
  readonly registration: RegistrationConfig
  /** Addresses of the people behind the service, by their role (XEP-0157). */
  readonly contacts: ContactConfig
  readonly throttle: Throttle
  now(): Date
  /** The service at a domain below the server's. */
  findService(domainpart: string): Service | undefined
  /** Where the status document is, also while the service is away (XEP-0455). */
  statusUrl(): string
  /** Whether streams may come by HTTP requests (XEP-0206). */
  readonly hasBosh: boolean
  /** Base URL under which people reach the HTTP port, without a trailing slash. */
  publicUrl(): string
  /** The same for files, which may have an origin of their own. */
  mediaUrl(): string
  readonly hasMediaOrigin: boolean
  /** Links to files are good for anybody who knows them, without our signature on whom they were given to. */
  readonly hasPlainLinks: boolean
  /**
   * Sends a stanza from the server itself, or on behalf of an account, through the message path.
   *
   * @param sender - present: it is judged as what this session says.
   */
  route(stanza: MessageStanza | PresenceStanza | IqStanza, sender?: Session): Promise<void>
  /** Stores of the features in force, in their order. */
  readonly imageStores: readonly ImageStore[]
  /** Announces something that happened, to the features that listen for it. */
  emit<K extends keyof DomainEvents>(event: K, payload: DomainEvents[K]): void
}

/** How much one account may have, and what new rooms are like: settings of the section `limits`. */
export interface ServerLimits {
  readonly maxUploadBytes: number
  readonly maxRosterItems: number
  /** Unanswered, of one account (RFC 6121 §3.1.3). */
  readonly maxPresenceRequests: number
  readonly archivePageMax: number
  /** What a new room is like, and who may make one. */
  readonly roomProfile: 'open' | 'members'
  readonly roomCreation: 'everybody' | 'admins'
  readonly maxRoomsPerAccount: number
  readonly maxRoomOccupants: number
  readonly maxPepNodes: number
  readonly maxPepItems: number
  readonly maxPepBytes: number
  readonly maxPepSubscriptions: number
}
