import type { InspectFile, Sanitize } from '@drawbridge/contract'
import { countHeldOf } from '@drawbridge/db'
import { createJobs } from '@drawbridge/jobs'
import { isWholeCut } from '@drawbridge/policy'
import { askSanitizer, createDirectories, createSanitize, paths } from '@drawbridge/runtime'
import type { Fetcher, Log } from '@drawbridge/runtime'
import { join } from 'node:path'
import { asClaimed, createAdminApi, LOCAL_ACTOR } from './admin/index.ts'
import { createRenewal } from './blobs/renewal.ts'
import { createChecks } from './checks.ts'
import { createContext } from './context.ts'
import { loadCredentials } from './credentials.ts'
import { openDoors } from './doors.ts'
import type { Addresses, Inside } from './doors.ts'
import { FEATURES } from './features/index.ts'
import { linkPreviews } from './features/link-previews.ts'
import { traffic as trafficFeature } from './features/traffic.ts'
import { createAntivirus } from './files/antivirus.ts'
import type { Ground } from './ground.ts'
import { createHttpRoutes } from './http-routes.ts'
import { startImageCensus } from './image-census.ts'
import { startInventory } from './inventory.ts'
import { startWork } from './jobs/index.ts'
import { enqueueRenewal } from './jobs/renew-images.ts'
import { createMeasure, timed } from './measure.ts'
import type { Measure } from './measure.ts'
import { policyPorts } from './policy-ports.ts'
import type { BuiltOnPolicy } from './policy-ports.ts'
import { createZone } from './policy/break-glass.config.ts'
import { COMMAND_FILE, watchCommands } from './policy/command-directory.ts'
import type { LiveSessions } from './policy/enforce.ts'
import type { LivePolicy } from './policy/live.ts'
import { loadOfflineTokens } from './policy/offline-token.ts'
import { openOrders } from './policy/orders.ts'
import { startAdvisories } from './policy/start-advisories.ts'
import { buildStatusDocument, startPolicy } from './policy/start.ts'
import type { PolicyService } from './policy/start.ts'
import { createStrain } from './policy/strain.ts'
import { startPruning } from './prune.ts'
import { createComponents } from './routing/components.ts'
import type { Context } from './routing/feature.ts'
import { buildRegistry } from './routing/registry.ts'
import type { Routing } from './routing/registry.ts'
import { createSessions } from './routing/sessions.ts'
import { createWebAddresses } from './routing/web-addresses.ts'
import { rememberFailures } from './sanitize-memory.ts'
import type { ServerConfig } from './server.config.ts'
import { openStorage } from './storage.ts'
import { createAdmission } from './stream/admission.ts'
import { C2sStream } from './stream/c2s.ts'
import { createChangePassword } from './stream/change-password.ts'
import { listedId } from './stream/clients.ts'
import { createFast } from './stream/fast.ts'
import { openOidc } from './stream/oidc/oidc.ts'
import { createPacing } from './stream/pacing.ts'
import { createSessionEnds } from './stream/session-ends.ts'
import type { StreamServer } from './stream/stream-server.ts'
import { createTurnedAway } from './stream/turned-away.ts'
import { createWithdrawal } from './stream/withdrawal.ts'
import { acceptComponents, createStreamServer } from './streams.ts'
import { startTraffic, UNCOUNTED } from './traffic.ts'
import type { Accept } from './transport/connection.ts'
import { createOrigins } from './transport/origins.ts'
import { awaitDatabase } from './vestibule.ts'

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
 * Builds the server in order: storage, credentials, policy, features, streams, HTTP. Each part ends after those that were
 * built on it. Rejects when a part cannot be had; then the others have ended.
 */
export async function buildServer(config: ServerConfig, log: Log, outside: Outside = {}): Promise<BuiltServer> {
  const { common } = config
  const at = paths(common.dataDir)
  const now = outside.now ?? (() => new Date())
  createDirectories(at)
  await using parts = new AsyncDisposableStack()
  const ground: Ground = { config, at, log, now, parts }
  const storage = await openStorage(ground)
  const { db, blobs, accounts, units } = storage
  const credentials = await loadCredentials(ground, storage)
  const { sealer, passwords, throttle, revocations } = credentials

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
    settled: (session) => {
      inventory.saw(session)
      ctx.emit('client.known', { session })
    },
    refused: (session) => ctx.emit('client.known', { session }),
    now,
  })
  const liveSessions: LiveSessions = { list: () => Array.from(sessions.all(), admission.liveSession) }
  const onPolicy: BuiltOnPolicy = {
    get gate() {
      return policy.gate
    },
    get routing() {
      return routing
    },
    get inventory() {
      return inventory
    },
  }
  const policy: PolicyService = parts.use(
    await startPolicy({
      ...policyPorts(ground, storage, { isInZone, later: onPolicy }),
      db,
      url: storage.url,
      log: log.child({ part: 'policy' }),
      nodeName: config.policy.nodeName,
      strain,
      offline: {
        orders: openOrders(at.orders, sealer.derive('orders')),
        tokens: await loadOfflineTokens(join(at.secrets, 'offline-token-key'), common.domain),
      },
      onLoad: (from) => credentials.deviceKeys.refresh(from),
      foresee: (tx) => credentials.deviceKeys.foresee(tx),
      onEnforce: ({ settings }) => {
        for (const session of sessions.all()) session.reviewProofs()
        const isCut = settings.suspensions.some(isWholeCut)
        pacing.applied(isCut, isCut ? [...sessions.all()].filter(({ connection }) => connection).length : 0)
      },
      posture: config.policy.posture,
      leaseTtlMs: config.policy.leaseTtlMs,
      sessions: liveSessions,
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
      databaseUrl: storage.url,
      ...(common.redisUrl === undefined ? {} : { redisUrl: common.redisUrl }),
      log: log.child({ part: 'jobs' }),
    }),
  )
  const addresses = createWebAddresses(config.web)
  const antivirus = createAntivirus(config.antivirus, log.child({ part: 'antivirus' }))
  const ctx = createContext(ground, {
    storage,
    credentials,
    addresses,
    antivirus,
    census,
    changePassword,
    components,
    fetcher: outside.fetcher,
    inspect: outside.inspect,
    jobs,
    policy,
    registry,
    sessions,
    traffic,
    later: {
      get admin() {
        return admin
      },
      get builds() {
        return builds
      },
      get routing() {
        return routing
      },
    },
  })
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
      buildGraceMs: config.clientProof.buildGraceMs,
      log: log.child({ part: 'advisories' }),
      now,
    }),
  )
  const checks = createChecks({ ...storage, antivirus })
  const admin = createAdminApi({
    db,
    advisories,
    auditKey: storage.signing.publicKey,
    domain: common.domain,
    version: VERSION,
    startedAt: new Date(),
    accounts,
    units,
    rooms: () => registry.services.flatMap((service) => [...(service.rooms?.(ctx) ?? [])]),
    rosters: ctx.rosters,
    blobs,
    renewal,
    invitations: ctx.invitations,
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
    isHttps: streams.isHttps,
    publicUrl: ctx.publicUrl,
    sealer,
    settings: config.admin,
    changePassword,
    ...sessionEnds,
    accountDeleted: (localpart) => ctx.emit('account.deleted', { localpart }),
    sandbox,
    checks: checks.list,
  })
  const origins = createOrigins(config.web.allowedOrigins, ctx.publicUrl)
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
    await watchCommands(
      at.commands,
      (text) => policy.standalone.takeToken(COMMAND_FILE, text),
      log.child({ part: 'commands' }),
    ),
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
    acceptComponent: acceptComponents(ground, routing),
    handlers,
    measure,
    localAdmin: (req, res) => asClaimed(req, () => admin.handle(req, res, LOCAL_ACTOR)),
    origins,
    announceHttp: addresses.announce,
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
