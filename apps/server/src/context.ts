import type { InspectFile } from '@drawbridge/contract'
import type { Jobs } from '@drawbridge/jobs'
import { createFetcher, createInspect } from '@drawbridge/runtime'
import type { Fetcher } from '@drawbridge/runtime'
import { parseJid } from '@drawbridge/xmpp'
import type { AdminApi } from './admin/index.ts'
import { createMediaLinks } from './blobs/media-link.ts'
import type { Credentials } from './credentials.ts'
import { createAdmitFile } from './files/admission.ts'
import type { Antivirus } from './files/antivirus.ts'
import type { Ground } from './ground.ts'
import type { ImageCensus } from './image-census.ts'
import { createMediaPolicy } from './policy/media.ts'
import type { ClientBuilds } from './policy/own-build.ts'
import type { PolicyService } from './policy/start.ts'
import { advertise } from './routing/advertise.ts'
import { createBlockLists } from './routing/block-lists.ts'
import { createChats } from './routing/chats.ts'
import { createKnownCaps } from './routing/known-caps.ts'
import type { Components } from './routing/components.ts'
import { createOfflineCursors } from './routing/cursor.ts'
import type { Context } from './routing/feature.ts'
import { createInvitations } from './routing/invitations.ts'
import { createPushTargets } from './routing/push-targets.ts'
import type { Registry, Routing } from './routing/registry.ts'
import { Relay } from './routing/relay.ts'
import { createRosters } from './routing/rosters.ts'
import { route } from './routing/router.ts'
import type { Sessions } from './routing/sessions.ts'
import type { WebAddresses } from './routing/web-addresses.ts'
import type { Storage } from './storage.ts'
import type { ChangePassword } from './stream/change-password.ts'
import { createClientProofs } from './stream/client-proofs.ts'
import { createClients } from './stream/clients.ts'
import type { Traffic } from './traffic.ts'
import { createWebPush } from './web-push/web-push.ts'

export interface ContextParts {
  readonly storage: Storage
  readonly credentials: Credentials
  readonly addresses: WebAddresses
  readonly antivirus: Antivirus | undefined
  readonly census: ImageCensus
  readonly changePassword: ChangePassword
  readonly components: Components
  /** Default: the process that is there for it. */
  readonly fetcher: Fetcher | undefined
  readonly inspect: InspectFile | undefined
  readonly jobs: Jobs
  readonly policy: PolicyService
  readonly registry: Registry
  readonly sessions: Sessions
  readonly traffic: Traffic
  readonly later: BuiltOnContext
}

/** What is built on the context, and what features reach over it all the same, once they have started. */
export interface BuiltOnContext {
  readonly routing: Routing
  readonly admin: AdminApi
  readonly builds: ClientBuilds
}

/** Everything that features are given. */
export function createContext({ config, at, log, now, parts }: Ground, built: ContextParts): Context {
  const { addresses, components, credentials, later, policy, registry, sessions, storage } = built
  const { db, accounts, units } = storage
  const { clientTokens, deviceKeys, passwords, revocations, sealer, throttle, vapid } = credentials
  const { domain, hasPreviews } = config.common
  const chats = createChats()
  const mediaPolicy = createMediaPolicy(policy.gate, units)
  const cursors = createOfflineCursors(db, log)
  parts.defer(() => cursors.flush())
  const ctx: Context = {
    domain,
    domainJid: parseJid(domain),
    db,
    writer: storage.writer,
    cursors,
    sessions,
    accounts,
    relay: new Relay(),
    rosters: createRosters(db, units),
    units,
    invitations: createInvitations({
      db,
      domain,
      accounts,
      lifetimeMs: config.registration.invitationLifetimeMs,
      isInBand: config.registration.isInBand,
      now,
      publicUrl: addresses.publicUrl,
    }),
    blockLists: createBlockLists(),
    components,
    sanitize: built.census.sanitize,
    mediaLinks: createMediaLinks(sealer.derive('media links'), config.web.mediaLinkTtlMs),
    pushTargets: createPushTargets(chats.forget),
    chats,
    knownCaps: createKnownCaps(),
    traffic: built.traffic,
    webPush: createWebPush({ config: config.push, vapid, sealer }),
    push: config.push,
    externalServices: config.externalServices,
    jobs: built.jobs,
    gate: policy.gate,
    reclassify: policy.operations.reclassify,
    mediaPolicy,
    fetcher: hasPreviews ? (built.fetcher ?? createFetcher(at.fetcherSocket)) : undefined,
    admitFile: createAdmitFile({
      inspect: built.inspect ?? createInspect(at.sanitizerSocket),
      mediaPolicy,
      antivirus: built.antivirus,
    }),
    log,
    blobs: storage.blobs,
    evidenceRetentionMs: config.blobs.evidenceRetentionMs,
    limits: config.limits,
    archive: config.archive,
    images: config.images,
    disco: advertise(registry, { domain, components }, () => ctx),
    clientTokens,
    clientProofs: createClientProofs({ domain, tokens: clientTokens, deviceKeys, now }),
    clientBuilds: { isCurrent: (build) => later.builds.isCurrent(build) },
    clients: createClients({ db, sessions, revocations, now }),
    passwords: { make: passwords.make, change: built.changePassword },
    commands: registry.features.flatMap(({ commands }) => commands ?? []),
    administrate: (account, id, request) => later.admin.call(account, id, request),
    factorByChat: {
      isNeeded: (account) => later.admin.factorByChat.isNeeded(account),
      show: (account, code, address) => later.admin.factorByChat.show(account, code, address),
    },
    removeAccount: (account) => later.admin.removeAccount(account),
    registration: config.registration,
    contacts: config.contacts,
    throttle,
    now,
    findService: (domainpart) => registry.findService(domainpart, ctx),
    hasBosh: config.web.hasBosh,
    statusUrl: addresses.statusUrl,
    publicUrl: addresses.publicUrl,
    mediaUrl: addresses.mediaUrl,
    hasMediaOrigin: config.web.mediaUrl !== undefined,
    hasPlainLinks: config.web.hasPlainLinks,
    route: (stanza, sender) => route(later.routing, stanza, sender),
    emit: (event, payload) => registry.emit(event, payload, ctx),
    imageStores: registry.features.flatMap(({ imageStores }) => imageStores ?? []),
  }
  return ctx
}
