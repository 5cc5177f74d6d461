import { appendAudit, createArchiveWriter, listAccounts, openDatabase, loadUnits } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { InspectFile, Sanitize, SessionEndCode } from '@drawbridge/contract'
import { createJobs } from '@drawbridge/jobs'
import {
  askSanitizer,
  createDirectories,
  createFetcher,
  createHealth,
  createInspect,
  createSanitize,
  isLoopback,
  paths,
} from '@drawbridge/runtime'
import type { Fetcher, Log } from '@drawbridge/runtime'
import { C2S_LIMITS, findJid, parseJid } from '@drawbridge/xmpp'
import { join } from 'node:path'
import { createAdminApi, LOCAL_ACTOR } from './admin/index.ts'
import { openBlobs } from './blobs/blobs.ts'
import { createRenewal } from './blobs/renewal.ts'
import { createMediaLinks } from './blobs/media-link.ts'
import { sinksFrom, startDelivery } from './event-sinks/deliver.ts'
import { FEATURES } from './features/index.ts'
import { linkPreviews } from './features/link-previews.ts'
import { createAdmitFile } from './files/admission.ts'
import { checkAntivirus, createAntivirus } from './files/antivirus.ts'
import { countBreakGlass } from './policy/events.ts'
import { startImageCensus } from './image-census.ts'
import { startAuditSigning } from './audit-signing.ts'
import { startInventory } from './inventory.ts'
import { startTraffic } from './traffic.ts'
import { startWork } from './jobs/index.ts'
import { enqueueRenewal } from './jobs/renew-images.ts'
import type { LiveSessions } from './policy/enforce.ts'
import type { LivePolicy } from './policy/live.ts'
import { watchCommands } from './policy/command-directory.ts'
import { loadOfflineTokens } from './policy/offline-token.ts'
import { openOrders } from './policy/orders.ts'
import { createBreakGlassWatch } from './policy/break-glass.ts'
import { createZone } from './policy/break-glass.config.ts'
import { createMediaPolicy } from './policy/media.ts'
import { createAdvisories } from './policy/advisories.ts'
import { startFeedMirror } from './policy/feed-mirror.ts'
import { registerOwnBuild } from './policy/own-build.ts'
import { buildStatusDocument, startPolicy } from './policy/start.ts'
import { createStrain } from './policy/strain.ts'
import type { PolicyService } from './policy/start.ts'
import { createAccounts } from './routing/accounts.ts'
import type { Accounts } from './routing/accounts.ts'
import { createMeasure, timed } from './measure.ts'
import type { Measure } from './measure.ts'
import { createBlockLists } from './routing/block-lists.ts'
import { createOfflineCursors } from './routing/cursor.ts'
import { UPLOAD_PATH } from './blobs/link.ts'
import { createChats } from './routing/chats.ts'
import { createComponents } from './routing/components.ts'
import type { Context } from './routing/feature.ts'
import { buildRegistry } from './routing/registry.ts'
import { approversAmong, tellPeople, watchersAmong } from './routing/approvers.ts'
import { isStillClean } from './blobs/still-clean.ts'
import { deliverReleased, route, routeFromComponent } from './routing/router.ts'
import type { Routing } from './routing/router.ts'
import { createPushTargets } from './routing/push-targets.ts'
import { createInvitations } from './routing/invitations.ts'
import { createRosters } from './routing/rosters.ts'
import { createUnits } from './routing/units.ts'
import { createSessions } from './routing/sessions.ts'
import { prune } from './prune.ts'
import { rememberFailures } from './sanitize-memory.ts'
import type { ServerConfig } from './server.config.ts'
import { createAdmission } from './stream/admission.ts'
import { C2sStream } from './stream/c2s.ts'
import { ComponentStream } from './stream/component.ts'
import { createChangePassword } from './stream/change-password.ts'
import { createClients } from './stream/clients.ts'
import { createFast } from './stream/fast.ts'
import { createPacing } from './stream/pacing.ts'
import { createPasswords } from './stream/password.ts'
import type { Session } from './stream/session.ts'
import { createRevocations } from './stream/revocations.ts'
import { familiesFrom } from './stream/stream.config.ts'
import { loadSealer } from './stream/seal.ts'
import type { StreamServer } from './stream/stream-server.ts'
import { createThrottle } from './stream/throttle.ts'
import { createTurnedAway } from './stream/turned-away.ts'
import { createWithdrawal } from './stream/withdrawal.ts'
import { createBosh } from './transport/bosh.ts'
import { createAddressLimit } from './transport/address-limit.ts'
import { createStreamServer } from './streams.ts'
import type { Accept } from './transport/connection.ts'
import { listenHttp } from './transport/http.ts'
import type { HttpHandler } from './transport/http.ts'
import { listenLocally } from './transport/local.ts'
import { mediaOrigin } from './transport/media-origin.ts'
import { featureRoutes, serviceRoutes } from './transport/service.ts'
import { listenTcp } from './transport/tcp.ts'
import { createTrust } from './transport/proxy.config.ts'
import { createOrigins, crossOrigin } from './transport/origins.ts'
import type { Origins } from './transport/origins.ts'
import { loadTls } from './transport/tls.ts'
import { createWebFiles } from './transport/web.ts'
import { createWebSockets } from './transport/websocket.ts'
import { loadVapid } from './web-push/vapid.ts'
import { createWebPush } from './web-push/web-push.ts'

const VERSION = '0.1.0'
const LOOPBACK = '127.0.0.1'
const PRUNE_EVERY_MS = 3_600_000
/** How often it is looked whether there is a new certificate. */
const TLS_REFRESH_MS = 60_000
/** Longest time to send the headers of a request, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000

export interface RunningServer extends AsyncDisposable {
  readonly addresses: {
    readonly http: string
    readonly c2s: string
    readonly c2sTls: string
    /** Absent when no port for components is configured. */
    readonly component?: string
  }
  /** Stops taking work, tells every client, flushes, and closes. */
  close(): Promise<void>
}

/** Everything but the sockets: what a test drives with its own connections. */
export interface BuiltServer extends AsyncDisposable {
  readonly ctx: Context
  readonly policy: PolicyService
  readonly streams: StreamServer
  readonly accept: Accept
  readonly acceptComponent: Accept
  readonly handlers: readonly HttpHandler[]
  /** Brings the levels among the metrics up to date. */
  readonly measure: Measure
  /** The admin API for callers on this machine, without sign-in. */
  readonly localAdmin: HttpHandler
  readonly origins: Origins
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

/** Builds the server in order: storage, keys, policy, features, streams. Rejects when a part cannot be had. */
export async function buildServer(config: ServerConfig, log: Log, outside: Outside = {}): Promise<BuiltServer> {
  const { common } = config
  const at = paths(common.dataDir)
  createDirectories(at)
  if (common.databaseUrl === undefined) throw new Error('DRAWBRIDGE_DATABASE_URL is missing: start with `npm start`.')

  // Storage.
  const database = openDatabase(common.databaseUrl, {
    onError: (error) => log.warn('database connection lost', { error }),
  })
  const { db } = database
  const blobs = await openBlobs(config.blobs, at.blobs)
  const writer = createArchiveWriter({
    url: common.databaseUrl,
    onError: (error) => log.warn('the archive cannot be written; messages wait', { error }),
  })
  const accounts = createAccounts(common.domain, await readAccounts(db))
  const units = createUnits(accounts, await readUnits(db, accounts))

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
  const now = outside.now ?? (() => new Date())
  const contact = config.push.contact ?? contactOf(config)
  const vapid = await loadVapid(join(at.secrets, 'vapid-key'), contact, now)

  // Policy: loaded before anybody can ask.
  const sessions = createSessions()
  const isInZone = createZone(config.policy.breakGlassNetworks)
  const onBreakGlass = createBreakGlassWatch({
    report({ localpart, question, address }, target) {
      const actor = `${localpart}@${common.domain}`
      countBreakGlass()
      log.warn('a break-glass account passes', { account: localpart, question, address, target })
      const entry = { actor, action: 'use-break-glass', target, detail: { question, address: address ?? 'local' } }
      void appendAudit(db, entry, now()).catch((error: unknown) => log.error('not audited', { error: String(error) }))
    },
    alert: (text) => tellPeople(text, watchersAmong(accounts.all()), ctx),
  })
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
    withdraw: createWithdrawal({ db, revocations, log, emit: (event, payload) => ctx.emit(event, payload) }),
    settled: (session) => inventory.saw(session),
  })
  const liveSessions: LiveSessions = { list: () => Array.from(sessions.all(), admission.liveSession) }
  const policy: PolicyService = await startPolicy({
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
    isBreakGlass: (account, address) => (accounts.find(account.localpart) ?? account).isBreakGlass && isInZone(address),
    onBreakGlass,
    onEnforce: ({ settings }) => {
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
      approvers: () => approversAmong(accounts.all()),
      tell: (text, to) => tellPeople(text, to, ctx),
    },
    queue: {
      deliverReleased: (messages) => deliverReleased(routing, messages),
      isStillClean: (stanza) =>
        isStillClean(stanza, {
          db,
          recalls: policy.gate.settings.recalls,
          localpartOf: (id) => accounts.findById(id)?.localpart,
        }),
    },
  })

  const sanitize = rememberFailures(db, timed(outside.sanitize ?? createSanitize(at.sanitizerSocket)))
  const census = startImageCensus(db, sanitize, log.child({ part: 'census' }), now)
  const traffic = startTraffic(db, log.child({ part: 'traffic' }))
  const inventory = startInventory({ db, log: log.child({ part: 'inventory' }), connected: () => sessions.all(), now })

  const closeSessions = (localpart: string, why: SessionEndCode, keep?: Session) => {
    revocations.revoke(localpart)
    const open = sessions.of(`${localpart}@${common.domain}`).filter((session) => session !== keep)
    for (const session of open) admission.dismiss(session, why)
    return open.length
  }
  /** One session, and nothing else: who has the account may go on, and sign in again. */
  const closeSession = (localpart: string, resource: string, why: SessionEndCode) => {
    const open = sessions.of(`${localpart}@${common.domain}`).filter(({ jid }) => jid.resourcepart === resource)
    for (const session of open) admission.dismiss(session, why)
    return open.length
  }
  const changePassword = createChangePassword({
    db,
    passwords,
    closeSessions,
    changed: (account, keep) => ctx.emit('password.changed', { account, keep }),
  })

  // Features.
  const registry = buildRegistry(common.hasPreviews ? [...FEATURES, linkPreviews] : FEATURES)
  const components = createComponents({
    domain: common.domain,
    labels: config.components.secrets.map(({ label }) => label),
    domains: new Map(config.components.domains.map(({ domain, label }) => [domain, label])),
  })
  const jobs = createJobs({
    databaseUrl: common.databaseUrl,
    ...(common.redisUrl === undefined ? {} : { redisUrl: common.redisUrl }),
    log: log.child({ part: 'jobs' }),
  })
  let publicUrl = config.web.publicUrl ?? ''
  const invitations = createInvitations({
    db,
    domain: common.domain,
    accounts,
    lifetimeMs: config.registration.invitationLifetimeMs,
    isInBand: config.registration.isInBand,
    now,
    publicUrl: () => publicUrl,
  })
  const chats = createChats()
  const mediaPolicy = createMediaPolicy(policy.gate, units)
  const antivirus = createAntivirus(config.antivirus, log.child({ part: 'antivirus' }))
  const ctx: Context = {
    domain: common.domain,
    domainJid: parseJid(common.domain),
    db,
    writer,
    cursors: createOfflineCursors(db, log),
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
    disco: {
      server: registry.disco,
      account: registry.accountDisco,
      identities: registry.identities,
      services: [...registry.services, ...components.labels.map((label) => ({ label, name: label }))].map(
        ({ label, name }) => ({ jid: `${label}.${common.domain}`, name }),
      ),
      findNode: (to, node) => registry.findDiscoNode(to, node, ctx),
      accountItems: async (request) => {
        const lists = registry.features.map(({ accountItems }) =>
          (async () => (await accountItems?.(request, ctx)) ?? [])(),
        )
        return (await Promise.all(lists)).flat()
      },
      forms: () =>
        registry.features.flatMap(({ discoForms }) => discoForms?.flatMap((build) => build(ctx) ?? []) ?? []),
    },
    clients: createClients({ db, sessions, revocations, now: outside.now ?? (() => new Date()) }),
    passwords: { make: passwords.make, change: changePassword },
    commands: registry.features.flatMap(({ commands }) => commands ?? []),
    administrate: (account, id, request) => admin.call(account, id, request),
    removeAccount: (account) => admin.removeAccount(account),
    registration: config.registration,
    contacts: config.contacts,
    throttle,
    now,
    findService: (domainpart) => registry.findService(domainpart, ctx),
    hasBosh: config.web.hasBosh,
    statusUrl: () => config.web.statusUrl ?? `${publicUrl}/status.json`,
    publicUrl: () => publicUrl,
    mediaUrl: () => config.web.mediaUrl ?? publicUrl,
    hasMediaOrigin: config.web.mediaUrl !== undefined,
    hasPlainLinks: config.web.hasPlainLinks,
    route: (stanza, sender) => route(routing, stanza, sender),
    emit: (event, payload) => registry.emit(event, payload, ctx),
    async renewImages(signal) {
      const counts = { renewed: 0, kept: 0, failed: 0 }
      for (const feature of registry.features) {
        const { renewed, kept, failed } = (await feature.renewImages?.(ctx, signal)) ?? {
          renewed: 0,
          kept: 0,
          failed: 0,
        }
        counts.renewed += renewed
        counts.kept += kept
        counts.failed += failed
      }
      return counts
    },
  }
  const routing: Routing = { registry, ctx }
  for (const feature of registry.features) await feature.start?.(ctx)
  // A crash may have left messages of an ended suspension behind: before anybody connects, they get home.
  await policy.operations.recover()

  // Streams.
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
  const health = createHealth()
  health.add('ready', 'database', () => database.pool.query('select 1'))
  health.add('ready', 'archive', () => {
    if (!writer.isConnected) throw new Error('the archive cannot be written')
  })
  const pages = await Promise.all([
    ...(common.adminDir === undefined ? [] : [createWebFiles({ directory: common.adminDir, prefix: '/admin' })]),
    ...(common.webDir === undefined
      ? []
      : [
          createWebFiles({
            directory: common.webDir,
            mediaUrl: config.web.mediaUrl,
            onPage: (isAnswered) => strain.pageAsked(isAnswered),
          }),
        ]),
  ])
  const renewal = createRenewal(blobs, log)
  const advisories = createAdvisories({
    db,
    operations: policy.operations,
    feedKeys: config.advisories.feedKeys,
    log: log.child({ part: 'advisories' }),
    now,
  })
  const mirror = startFeedMirror({
    advisories,
    url: config.advisories.feedUrl,
    intervalMs: config.advisories.feedIntervalMs,
    log: log.child({ part: 'advisories' }),
  })
  const ownBuild = common.webDir === undefined ? undefined : registerOwnBuild(common.webDir, advisories, log)
  const signing = await startAuditSigning(db, join(at.secrets, 'audit-key'), log.child({ part: 'audit' }), now)
  const eventLog = log.child({ part: 'events' })
  const sinks = sinksFrom(config.eventSinks, common.domain, eventLog)
  const eventSinks = startDelivery({ db, sinks, log: eventLog })
  const admin = createAdminApi({
    db,
    advisories,
    auditKey: signing.publicKey,
    domain: common.domain,
    version: VERSION,
    startedAt: new Date(),
    accounts,
    units,
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
    publicUrl: () => publicUrl,
    sealer,
    settings: config.admin,
    changePassword,
    closeSessions,
    closeSession,
    accountDeleted: (localpart) => ctx.emit('account.deleted', { localpart }),
    sandbox,
    async checks() {
      const { checks } = await health.ready()
      const parts = Object.entries(checks).map(([name, answer]) =>
        answer === 'ok' ? { name, isOk: true } : { name, isOk: false, detail: answer },
      )
      const scanning = antivirus ? [await checkAntivirus(antivirus)] : []
      return [...parts, ...scanning, ...(await eventSinks.checks())]
    },
  })
  const origins = createOrigins(config.web.allowedOrigins, () => publicUrl)
  const { mediaUrl } = config.web
  /** Our own pages are of another origin than the files, too. */
  const fileReaders = {
    isForeign: (origin: string) =>
      origins.isForeign(origin) || (mediaUrl !== undefined && origin === URL.parse(publicUrl)?.origin),
  }
  const bosh = createBosh({
    accept,
    isEncrypted: true,
    isAllowedOrigin: (origin, request) => origins.isAllowed(origin, request.headers.host),
    maxPerAddress: config.stream.maxConnectionsPerAddress,
  })
  const handlers: HttpHandler[] = [
    ...(mediaUrl === undefined ? [] : [mediaOrigin(mediaUrl, UPLOAD_PATH)]),
    ...(config.web.hasBosh ? [bosh] : []),
    (req, res) => admin.handle(req, res),
    crossOrigin(fileReaders, UPLOAD_PATH),
    featureRoutes(registry, ctx),
    serviceRoutes({
      domain: common.domain,
      health,
      status: () => buildStatusDocument(policy.gate, pacing.draw()),
      measure,
    }),
    ...pages,
  ]
  const commands = await watchCommands(at.commands, policy.standalone.takeToken, log.child({ part: 'commands' }))
  const pruning = setInterval(() => void prune(db, log, config.stream.clientRetentionMs), PRUNE_EVERY_MS)
  const dismissAll = () => {
    const text = 'The server is restarting.'
    streams.stop(text)
    for (const session of [...sessions.all()]) session.end('system-shutdown', text)
  }
  const close = async () => {
    clearInterval(pruning)
    await commands.close()
    dismissAll()
    for (const feature of registry.features.toReversed()) await feature.stop?.(ctx)
    await jobs.close()
    await renewal.stop()
    await ownBuild
    await mirror[Symbol.asyncDispose]()
    await signing[Symbol.asyncDispose]()
    await eventSinks[Symbol.asyncDispose]()
    await policy.close()
    await ctx.cursors.flush()
    await inventory[Symbol.asyncDispose]()
    await census[Symbol.asyncDispose]()
    await traffic[Symbol.asyncDispose]()
    await writer.close()
    await database.close()
  }
  return {
    ctx,
    policy,
    streams,
    accept,
    acceptComponent,
    handlers,
    measure,
    localAdmin: (req, res) => admin.handle(req, res, LOCAL_ACTOR),
    origins,
    announceHttp: (url) => {
      if (config.web.publicUrl === undefined) publicUrl = url
    },
    dismissAll,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Starts everything and listens. Rejects with a sentence when a port is taken. */
export async function startServer(config: ServerConfig, log: Log, outside: Outside = {}): Promise<RunningServer> {
  const { common, stream } = config
  const built = await buildServer(config, log, outside)
  const at = paths(common.dataDir)
  const tls = await loadTls({
    certificateFile: common.tlsCert,
    keyFile: common.tlsKey,
    secretsDirectory: at.secrets,
    domain: common.domain,
  })
  const refreshing = setInterval(() => {
    tls.refresh().catch((error: unknown) => log.warn('the new certificate is not used', { error: String(error) }))
  }, TLS_REFRESH_MS)
  const isPlainHttp = isLoopback(common.bind)
  const isTrustedProxy = createTrust(config.proxy.trusted)
  const sockets = createWebSockets({
    accept: built.accept,
    // A browser on this machine: what it sends never crosses a network.
    isEncrypted: true,
    isAllowedOrigin: (origin, request) => built.origins.isAllowed(origin, request.headers.host),
  })
  const closers: (() => Promise<unknown> | unknown)[] = [() => built.close(), () => clearInterval(refreshing)]
  const close = async () => {
    built.dismissAll()
    for (const stop of closers.splice(0).toReversed()) await stop()
  }
  try {
    if (common.databaseUrl !== undefined) {
      const work = await startWork(built.ctx, common.databaseUrl)
      closers.push(() => work.close())
    }
    const http = await listenHttp({
      bind: common.bind,
      port: common.httpPort,
      tls: isPlainHttp ? undefined : tls,
      log: log.child({ part: 'http' }),
      limit: createAddressLimit(stream.maxConnectionsPerAddress),
      isTrustedProxy,
      headersTimeoutMs: Math.min(stream.signInTimeoutMs, HEADERS_TIMEOUT_MS),
      handlers: built.handlers,
      upgrade: sockets.upgrade,
    })
    // An upgraded connection is no longer the HTTP server's to close, but it waits for it.
    closers.push(() => Promise.all([sockets.close(), http.close()]))
    const limit = createAddressLimit(stream.maxConnectionsPerAddress)
    const timeoutMs = Math.min(stream.signInTimeoutMs, HEADERS_TIMEOUT_MS)
    const proxyHeader = config.proxy.speaksProxyProtocol ? { isFrom: isTrustedProxy, timeoutMs } : undefined
    const tcp = { bind: common.bind, tls, limit, accept: built.accept, proxyHeader }
    const c2s = await listenTcp({ ...tcp, port: common.c2sPort, mode: 'starttls' })
    closers.push(() => c2s.close())
    const c2sTls = await listenTcp({ ...tcp, port: common.c2sTlsPort, mode: 'direct' })
    closers.push(() => c2sTls.close())
    // Their secrets and stanzas go in the clear, so never further than this machine (XEP-0114 §5).
    const component =
      config.components.port === undefined
        ? undefined
        : await listenTcp({
            bind: LOOPBACK,
            port: config.components.port,
            tls,
            mode: 'starttls',
            limit: createAddressLimit(stream.maxConnectionsPerAddress),
            accept: built.acceptComponent,
          })
    if (component) closers.push(() => component.close())
    const local = await listenLocally(at.adminSocket, built.localAdmin, log)
    closers.push(() => local.close())
    const host = isPlainHttp ? 'localhost' : common.domain
    const url = config.web.publicUrl ?? `${isPlainHttp ? 'http' : 'https'}://${host}:${http.port}`
    built.announceHttp(url)
    const addresses = {
      http: url,
      c2s: `${common.bind}:${c2s.port}`,
      c2sTls: `${common.bind}:${c2sTls.port}`,
      ...(component ? { component: `${LOOPBACK}:${component.port}` } : {}),
    }
    return { addresses, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Whom push services can reach about us: a page that everybody can read, or else by mail. */
function contactOf({ common, web }: ServerConfig): string {
  return web.publicUrl?.startsWith('https:') ? web.publicUrl : `mailto:postmaster@${common.domain}`
}

async function readAccounts(db: Db) {
  const rows = []
  for (let after: string | undefined; ;) {
    const page = await listAccounts(db, 1_000, after)
    rows.push(...page)
    after = page.at(-1)?.localpart
    if (page.length < 1_000 || after === undefined) return rows
  }
}

async function readUnits(db: Db, accounts: Accounts) {
  return (await loadUnits(db)).map(({ row, memberIds }) => ({
    ...row,
    members: new Set(memberIds.flatMap((id) => accounts.findById(id)?.bareJid ?? [])),
  }))
}
