import type { InspectFile, Sanitize } from '@drawbridge/contract'
import { countHeldOf, createArchiveWriter, openDatabase } from '@drawbridge/db'
import { createJobs } from '@drawbridge/jobs'
import {
  askSanitizer,
  createDirectories,
  createFetcher,
  createInspect,
  createSanitize,
  paths,
} from '@drawbridge/runtime'
import type { Fetcher, Log } from '@drawbridge/runtime'
import { C2S_LIMITS, findJid, parseJid } from '@drawbridge/xmpp'
import { join } from 'node:path'
import { asClaimed, createAdminApi, LOCAL_ACTOR } from './admin/index.ts'
import { startAuditSigning } from './audit-signing.ts'
import { openBlobs } from './blobs/blobs.ts'
import { createMediaLinks } from './blobs/media-link.ts'
import { createRenewal } from './blobs/renewal.ts'
import { isStillClean } from './blobs/still-clean.ts'
import { createChecks } from './checks.ts'
import { openDoors } from './doors.ts'
import type { Addresses, Inside } from './doors.ts'
import { sinksFrom, startDelivery } from './event-sinks/deliver.ts'
import { FEATURES } from './features/index.ts'
import { linkPreviews } from './features/link-previews.ts'
import { traffic as trafficFeature } from './features/traffic.ts'
import { createAdmitFile } from './files/admission.ts'
import { createAntivirus } from './files/antivirus.ts'
import { createHttpRoutes } from './http-routes.ts'
import { startImageCensus } from './image-census.ts'
import { startInventory } from './inventory.ts'
import { startWork } from './jobs/index.ts'
import { enqueueRenewal } from './jobs/renew-images.ts'
import { createMeasure, timed } from './measure.ts'
import type { Measure } from './measure.ts'
import { createZone } from './policy/break-glass.config.ts'
import { createBreakGlassWatch, recordBreakGlass } from './policy/break-glass.ts'
import { watchCommands } from './policy/command-directory.ts'
import type { LiveSessions } from './policy/enforce.ts'
import type { LivePolicy } from './policy/live.ts'
import { createMediaPolicy } from './policy/media.ts'
import { loadOfflineTokens } from './policy/offline-token.ts'
import { openOrders } from './policy/orders.ts'
import { startAdvisories } from './policy/start-advisories.ts'
import { buildStatusDocument, startPolicy } from './policy/start.ts'
import type { PolicyService } from './policy/start.ts'
import { createStrain } from './policy/strain.ts'
import { startPruning } from './prune.ts'
import { loadAccounts } from './routing/accounts.ts'
import { advertise } from './routing/advertise.ts'
import { approversAmong, tellPeople, watchersAmong } from './routing/approvers.ts'
import { createBlockLists } from './routing/block-lists.ts'
import { createChats } from './routing/chats.ts'
import { createComponents } from './routing/components.ts'
import { createOfflineCursors } from './routing/cursor.ts'
import type { Context } from './routing/feature.ts'
import { createInvitations } from './routing/invitations.ts'
import { createPushTargets } from './routing/push-targets.ts'
import { buildRegistry } from './routing/registry.ts'
import type { Routing } from './routing/registry.ts'
import { createRosters } from './routing/rosters.ts'
import { deliverReleased } from './routing/released.ts'
import { route, routeFromComponent } from './routing/router.ts'
import { createSessions } from './routing/sessions.ts'
import { loadUnits } from './routing/units.ts'
import { createWebAddresses } from './routing/web-addresses.ts'
import { rememberFailures } from './sanitize-memory.ts'
import type { ServerConfig } from './server.config.ts'
import { awaitDatabase } from './vestibule.ts'
import { createAdmission } from './stream/admission.ts'
import { C2sStream } from './stream/c2s.ts'
import { createChangePassword } from './stream/change-password.ts'
import { createClientProofs } from './stream/client-proofs.ts'
import { createClientTokens } from './stream/client-token.ts'
import { createClients, listedId } from './stream/clients.ts'
import { ComponentStream } from './stream/component.ts'
import { createDeviceKeys } from './stream/device-keys.ts'
import { createFast } from './stream/fast.ts'
import { openOidc } from './stream/oidc/oidc.ts'
import { createPacing } from './stream/pacing.ts'
import { createPasswords } from './stream/password.ts'
import { createRevocations } from './stream/revocations.ts'
import { loadSealer } from './stream/seal.ts'
import { createSessionEnds } from './stream/session-ends.ts'
import type { StreamServer } from './stream/stream-server.ts'
import { familiesFrom } from './stream/stream.config.ts'
import { createThrottle } from './stream/throttle.ts'
import { createTurnedAway } from './stream/turned-away.ts'
import { createWithdrawal } from './stream/withdrawal.ts'
import { createStreamServer } from './streams.ts'
import { startTraffic, UNCOUNTED } from './traffic.ts'
import type { Accept } from './transport/connection.ts'
import { createOrigins } from './transport/origins.ts'
import { loadVapid } from './web-push/vapid.ts'
import { createWebPush } from './web-push/web-push.ts'

const VERSION = '0.1.0'

export interface RunningServer extends AsyncDisposable {
  readonly addresses: Addresses
  /** Stops taking work, tells every client, flushes, and closes. */
  close(): Promise<void>
}

/** Everything but the sockets: what a test drives with its own connections. */
export interface BuiltServer extends Inside, AsyncDisposable {
  readonly ctx: Context
  readonly policy: PolicyService
  readonly streams: StreamServer
  /** Brings the levels among the metrics up to date. */
  readonly measure: Measure
  /** The base URL once the port is known, where none is configured. */
  announceHttp(url: string): void
  /** Refuses new streams and tells every client that the server stops, while its connection still stands. */
  dismissAll(): void
  close(): Promise<void>
}

/** What lies outside this process, for tests that are not about it. */
export interface Outside {
  readonly now?: () => Date
  readonly sanitize?: Sanitize
  readonly inspect?: InspectFile
  readonly fetcher?: Fetcher
}

/**
 * Builds the server in order: storage, keys, policy, features, streams, HTTP. Each part ends after those that were built
 * on it. Rejects when a part cannot be had; then the others have ended.
 */
export async function buildServer(config: ServerConfig, log: Log, outside: Outside = {}): Promise<BuiltServer> {
  const { common } = config
  const at = paths(common.dataDir)
  const now = outside.now ?? (() => new Date())
  createDirectories(at)
  await using parts = new AsyncDisposableStack()
  if (common.databaseUrl === undefined) throw new Error('DRAWBRIDGE_DATABASE_URL is missing: start with `npm start`.')

  // Storage.
  const database = parts.use(
    openDatabase(common.databaseUrl, { onError: (error) => log.warn('database connection lost', { error }) }),
  )
  const { db } = database
  const blobs = await openBlobs(config.blobs, at.blobs)
  const writer = parts.use(
    createArchiveWriter({
      url: common.databaseUrl,
      onError: (error) => log.warn('the archive cannot be written; messages wait', { error }),
    }),
  )
  const signing = parts.use(
    await startAuditSigning(db, join(at.secrets, 'audit-key'), log.child({ part: 'audit' }), now),
  )
  const eventLog = log.child({ part: 'events' })
  const sinks = sinksFrom(config.eventSinks, common.domain, eventLog)
  const eventSinks = parts.use(startDelivery({ db, sinks, log: eventLog }))
  const accounts = await loadAccounts(db, common.domain)
  const units = await loadUnits(db, accounts)

  // Keys.
  const sealer = await loadSealer(join(at.secrets, 'credential-key'))
  const passwords = createPasswords({
    db,
    domain: common.domain,
    sealer,
    scramIterations: config.stream.scramIterations,
    families: familiesFrom(config.stream),
    onError: (error) => log.warn('a verifier was not made anew', { error: String(error) }),
  })
  const throttle = createThrottle(config.stream.freeSignInFailures)
  const revocations = createRevocations(config.stream.signInTimeoutMs)
  const deviceKeys = createDeviceKeys()
  const { tokenTtlMs, buildGraceMs } = config.clientProof
  const clientTokens = createClientTokens(sealer.derive('client tokens'), common.domain, tokenTtlMs)
  const contact = config.push.contact ?? contactOf(config)
  const vapid = await loadVapid(join(at.secrets, 'vapid-key'), contact, now)

  // Policy: loaded before anybody can ask.
  const sessions = createSessions()
  const isInZone = createZone(config.policy.breakGlassNetworks)
  // Nobody can be away before there are streams.
  const returning: { streams?: StreamServer } = {}
  const pacing = createPacing(config.stream.acceptRate, (windowMs) => returning.streams?.awaitReturn(windowMs))
  const turnedAway = createTurnedAway()
  const strain = createStrain()
  const admission = createAdmission({
    policy: (): LivePolicy => policy.live,
    domain: common.domain,
    isInZone,
    pacing,
    turnedAway,
    countHeld: (account) => countHeldOf(db, account),
    withdraw: createWithdrawal({ db, revocations, log, emit: (event, payload) => ctx.emit(event, payload) }),
    settled: (session) => inventory.saw(session),
  })
  const liveSessions: LiveSessions = { list: () => Array.from(sessions.all(), admission.liveSession) }
  const policy: PolicyService = parts.use(
    await startPolicy({
      db,
      url: common.databaseUrl,
      log: log.child({ part: 'policy' }),
      nodeName: config.policy.nodeName,
      strain,
      offline: {
        orders: openOrders(at.orders, sealer.derive('orders')),
        tokens: await loadOfflineTokens(join(at.secrets, 'offline-token-key'), common.domain),
      },
      // As the account is now, not as it was when its session began.
      isBreakGlass: (account, address) =>
        (accounts.find(account.localpart) ?? account).isBreakGlass && isInZone(address),
      onBreakGlass: createBreakGlassWatch({
        report: recordBreakGlass({ db, domain: common.domain, log, now }),
        alert: (text) => tellPeople(text, watchersAmong(accounts.all()), ctx),
      }),
      // Unknown ones above all: where they are refused, nobody would see them otherwise.
      onClientRefused: (localpart, client, remoteAddress) => {
        const account = accounts.find(localpart)
        if (account) inventory.saw({ account, client, remoteAddress }, { isRefused: true })
      },
      onLoad: (from) => deviceKeys.refresh(from),
      onEnforce: ({ settings }) => {
        for (const session of sessions.all()) session.reviewProofs()
        const isCut = settings.suspensions.some(
          ({ scopes, mode, isScheduled, isDrill }) =>
            mode === 'cut' && scopes.includes('service') && !isScheduled && !isDrill,
        )
        pacing.applied(isCut, isCut ? [...sessions.all()].filter(({ connection }) => connection).length : 0)
      },
      posture: config.policy.posture,
      leaseTtlMs: config.policy.leaseTtlMs,
      unitsOf: (localpart) => units.of(`${localpart}@${common.domain}`).map(({ name }) => name),
      sessions: liveSessions,
      pendingWrites: () => writer.pending,
      onRecalls: () => ctx.emit('recalls.changed', {}),
      onSuspensions: () => ctx.emit('suspensions.changed', {}),
      roomsOf: (localpart, rooms) =>
        rooms.filter((room) => {
          const jid = findJid(room)
          return jid && registry.findService(jid.domainpart, ctx)?.isMember?.(jid, `${localpart}@${common.domain}`, ctx)
        }),
      people: {
        accounts: () => accounts.all(),
        peopleIn: (room) => {
          const jid = findJid(room)
          const there = jid ? registry.findService(jid.domainpart, ctx)?.peopleIn?.(jid, ctx) : undefined
          return Array.from(there ?? [], (bareJid) => accounts.findByBareJid(bareJid)?.localpart ?? '')
        },
        approvers: () => approversAmong(accounts.all()),
        tell: (text, to) => tellPeople(text, to, ctx),
      },
      queue: {
        deliverReleased: (messages, isElsewhere) => deliverReleased(routing, messages, isElsewhere),
        isStillClean: (stanza) =>
          isStillClean(stanza, {
            db,
            recalls: policy.gate.settings.recalls,
            localpartOf: (id) => accounts.findById(id)?.localpart,
          }),
        isBlocked: (recipient, from) => {
          const sender = findJid(from)
          return sender !== undefined && ctx.blockLists.blocks(recipient, sender)
        },
      },
    }),
  )

  const sanitize = rememberFailures(db, timed(outside.sanitize ?? createSanitize(at.sanitizerSocket)))
  const census = parts.use(startImageCensus({ db, sanitize, log: log.child({ part: 'census' }), now }))
  const traffic = parts.use(
    config.traffic.isCounted ? startTraffic({ db, log: log.child({ part: 'traffic' }), now }) : UNCOUNTED,
  )
  const inventory = parts.use(
    startInventory({
      db,
      log: log.child({ part: 'inventory' }),
      node: policy.node.name,
      requiredTier: (account) => policy.gate.requiredTier(account),
      connected: () => sessions.all(),
      now,
    }),
  )

  const sessionEnds = createSessionEnds({ domain: common.domain, sessions, revocations, admission })
  const changePassword = createChangePassword({
    db,
    passwords,
    closeSessions: sessionEnds.closeSessions,
    changed: (account, keep) => ctx.emit('password.changed', { account, keep }),
    now,
  })

  // Features.
  const features = config.traffic.isCounted ? FEATURES : FEATURES.filter((feature) => feature !== trafficFeature)
  const registry = buildRegistry(common.hasPreviews ? [...features, linkPreviews] : features)
  const components = createComponents({
    domain: common.domain,
    labels: config.components.secrets.map(({ label }) => label),
    domains: new Map(config.components.domains.map(({ domain, label }) => [domain, label])),
  })
  const jobs = parts.use(
    createJobs({
      databaseUrl: common.databaseUrl,
      ...(common.redisUrl === undefined ? {} : { redisUrl: common.redisUrl }),
      log: log.child({ part: 'jobs' }),
    }),
  )
  const { publicUrl, mediaUrl, statusUrl, announce } = createWebAddresses(config.web)
  const invitations = createInvitations({
    db,
    domain: common.domain,
    accounts,
    lifetimeMs: config.registration.invitationLifetimeMs,
    isInBand: config.registration.isInBand,
    now,
    publicUrl,
  })
  const chats = createChats()
  const mediaPolicy = createMediaPolicy(policy.gate, units)
  const antivirus = createAntivirus(config.antivirus, log.child({ part: 'antivirus' }))
  const cursors = createOfflineCursors(db, log)
  parts.defer(() => cursors.flush())
  const ctx: Context = {
    domain: common.domain,
    domainJid: parseJid(common.domain),
    db,
    writer,
    cursors,
    sessions,
    accounts,
    rosters: createRosters(db, units),
    units,
    invitations,
    blockLists: createBlockLists(),
    components,
    sanitize: census.sanitize,
    mediaLinks: createMediaLinks(sealer.derive('media links'), config.web.mediaLinkTtlMs),
    pushTargets: createPushTargets(chats.forget),
    chats,
    traffic,
    webPush: createWebPush({ config: config.push, vapid, sealer }),
    push: config.push,
    externalServices: config.externalServices,
    jobs,
    gate: policy.gate,
    reclassify: policy.operations.reclassify,
    mediaPolicy,
    fetcher: common.hasPreviews ? (outside.fetcher ?? createFetcher(at.fetcherSocket)) : undefined,
    admitFile: createAdmitFile({
      inspect: outside.inspect ?? createInspect(at.sanitizerSocket),
      mediaPolicy,
      antivirus,
    }),
    log,
    blobs,
    evidenceRetentionMs: config.blobs.evidenceRetentionMs,
    limits: config.limits,
    archive: config.archive,
    images: config.images,
    disco: advertise(registry, { domain: common.domain, components }, () => ctx),
    clientTokens,
    clientProofs: createClientProofs({ domain: common.domain, tokens: clientTokens, deviceKeys, now }),
    clientBuilds: { isCurrent: (build) => builds.isCurrent(build) },
    clients: createClients({ db, sessions, revocations, now }),
    passwords: { make: passwords.make, change: changePassword },
    commands: registry.features.flatMap(({ commands }) => commands ?? []),
    administrate: (account, id, request) => admin.call(account, id, request),
    factorByChat: {
      isNeeded: (account) => admin.factorByChat.isNeeded(account),
      show: (account, code, address) => admin.factorByChat.show(account, code, address),
    },
    removeAccount: (account) => admin.removeAccount(account),
    registration: config.registration,
    contacts: config.contacts,
    throttle,
    now,
    findService: (domainpart) => registry.findService(domainpart, ctx),
    hasBosh: config.web.hasBosh,
    statusUrl,
    publicUrl,
    mediaUrl,
    hasMediaOrigin: config.web.mediaUrl !== undefined,
    hasPlainLinks: config.web.hasPlainLinks,
    route: (stanza, sender) => route(routing, stanza, sender),
    emit: (event, payload) => registry.emit(event, payload, ctx),
    imageStores: registry.features.flatMap(({ imageStores }) => imageStores ?? []),
  }
  const routing: Routing = { registry, ctx }
  for (const feature of registry.features) {
    await feature.start?.(ctx)
    parts.defer(() => feature.stop?.(ctx))
  }
  // A crash may have left messages of an ended suspension behind: before anybody connects, they get home.
  await policy.operations.recover()

  // Streams.
  const oidc = openOidc(config, {
    db,
    accounts,
    gate: policy.gate,
    endGrants(account, clientIds) {
      const open = sessionEnds.closeGrants(account.localpart)
      const ids = open.map(({ clientId, jid }) => listedId(clientId, jid.resourcepart))
      for (const id of new Set([...clientIds, ...ids])) ctx.emit('client.revoked', { account, id })
    },
    log: log.child({ part: 'oidc' }),
    now,
  })
  const streams = createStreamServer({
    config,
    routing,
    policy,
    admission,
    passwords,
    fast: createFast({
      db,
      sealer,
      domain: common.domain,
      accounts,
      tokenTtlMs: config.stream.fastTokenTtlMs,
      now: ctx.now,
    }),
    oidc,
    nameKey: sealer.derive('resource names'),
    throttle,
    turnedAway,
    revocations,
    strain,
    log,
  })
  returning.streams = streams
  const accept: Accept = (connection) => new C2sStream(streams, connection)
  const acceptComponent: Accept = (connection) =>
    new ComponentStream(
      {
        domain: common.domain,
        secrets: new Map(config.components.secrets.map(({ label, secret }) => [label, secret])),
        components,
        limits: C2S_LIMITS,
        handshakeTimeoutMs: config.stream.signInTimeoutMs,
        route: (stanza, link) => routeFromComponent(routing, stanza, link),
        failed: (error) => log.error('a component failed', { error: String(error) }),
      },
      connection,
    )

  // HTTP and the administrators' API.
  const sandbox = () =>
    askSanitizer(at.sanitizerSocket).then(
      (sanitizer) => sanitizer.sandbox,
      () => undefined,
    )
  const measureFeatures = () => registry.features.forEach((feature) => feature.measure?.(ctx))
  const measure = createMeasure({ ...ctx, sandbox, measureFeatures }, log)
  const renewal = createRenewal(blobs, log)
  parts.defer(() => renewal.stop())
  const { advisories, builds } = parts.use(
    startAdvisories({
      db,
      operations: policy.operations,
      config: config.advisories,
      webDir: common.webDir,
      buildGraceMs,
      log: log.child({ part: 'advisories' }),
      now,
    }),
  )
  const checks = createChecks({ database, writer, antivirus, eventSinks })
  const admin = createAdminApi({
    db,
    advisories,
    auditKey: signing.publicKey,
    domain: common.domain,
    version: VERSION,
    startedAt: new Date(),
    accounts,
    units,
    rooms: () => registry.services.flatMap((service) => [...(service.rooms?.(ctx) ?? [])]),
    rosters: ctx.rosters,
    blobs,
    renewal,
    invitations,
    emit: ctx.emit,
    passwords,
    throttle,
    policy,
    breakGlassNetworks: config.policy.breakGlassNetworks,
    sessions: liveSessions,
    enqueueRenewal: (renewal) => enqueueRenewal(ctx, renewal),
    simulationKey: sealer.derive('simulations'),
    log: log.child({ part: 'admin' }),
    now,
    isHttps: streams.isHttps || config.web.publicUrl?.startsWith('https:') === true,
    publicUrl,
    sealer,
    settings: config.admin,
    changePassword,
    ...sessionEnds,
    accountDeleted: (localpart) => ctx.emit('account.deleted', { localpart }),
    sandbox,
    checks: checks.list,
  })
  const origins = createOrigins(config.web.allowedOrigins, publicUrl)
  const handlers = await createHttpRoutes({
    config,
    routing,
    origins,
    accept,
    admin: (req, res) => admin.handle(req, res),
    oidc,
    health: checks.health,
    status: () => buildStatusDocument(policy.gate, pacing.draw()),
    measure,
    onPage: (isAnswered) => strain.pageAsked(isAnswered),
  })
  parts.adopt(
    await watchCommands(at.commands, policy.standalone.takeToken, log.child({ part: 'commands' })),
    (commands) => commands.close(),
  )
  parts.use(
    startPruning(db, log, { clientsMs: config.stream.clientRetentionMs, trafficMs: config.traffic.retentionMs }),
  )
  const dismissAll = () => {
    const text = 'The server is restarting.'
    streams.stop(text)
    for (const session of [...sessions.all()]) session.end('system-shutdown', text)
  }
  parts.defer(dismissAll)
  const built = parts.move()
  const close = () => built.disposeAsync()
  return {
    ctx,
    policy,
    streams,
    accept,
    acceptComponent,
    handlers,
    measure,
    localAdmin: (req, res) => asClaimed(req, () => admin.handle(req, res, LOCAL_ACTOR)),
    origins,
    announceHttp: announce,
    dismissAll,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Starts everything and listens. Rejects with a sentence when a port is taken. */
export async function startServer(config: ServerConfig, log: Log, outside: Outside = {}): Promise<RunningServer> {
  await awaitDatabase(config, VERSION, log)
  await using started = new AsyncDisposableStack()
  const built = started.use(await buildServer(config, log, outside))
  if (config.common.databaseUrl !== undefined) started.use(await startWork(built.ctx, config.common.databaseUrl))
  const { addresses } = started.use(await openDoors(config, built, log))
  built.announceHttp(addresses.http)
  // Before the doors close: everybody is told over a connection that still stands.
  started.defer(built.dismissAll)
  const running = started.move()
  const close = () => running.disposeAsync()
  return { addresses, close, [Symbol.asyncDispose]: close }
}

/** Whom push services can reach about us: a page that everybody can read, or else by mail. */
function contactOf({ common, web }: ServerConfig): string {
  return web.publicUrl?.startsWith('https:') ? web.publicUrl : `mailto:postmaster@${common.domain}`
}
