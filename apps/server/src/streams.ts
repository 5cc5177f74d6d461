import { C2S_LIMITS, errorReply, NS_CLIENT, NS_CSI, NS_SM, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHmac } from 'node:crypto'
import { appendAudit, findSmSession, insertSmSession } from '@drawbridge/db'
import { NO_IDENTITY } from '@drawbridge/policy'
import { isLoopback } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import type { Ground } from './ground.ts'
import { ask } from './policy/gate.ts'
import type { PolicyService } from './policy/start.ts'
import type { Strain } from './policy/strain.ts'
import { faultFrom } from './routing/faults.ts'
import type { Registration } from './routing/feature.ts'
import { enter, route, routeFromComponent } from './routing/router.ts'
import type { Routing } from './routing/registry.ts'
import type { ServerConfig } from './server.config.ts'
import { entranceOf } from './stream/admission.ts'
import type { Admission } from './stream/admission.ts'
import { ComponentStream } from './stream/component.ts'
import type { ComponentServer } from './stream/component.ts'
import type { Fast } from './stream/fast.ts'
import { watchIdle } from './stream/idle.ts'
import { limitsFrom } from './stream/limits.ts'
import type { Oidc } from './stream/oidc/oidc.ts'
import type { Passwords } from './stream/password.ts'
import type { Revocations } from './stream/revocations.ts'
import type { Session, SessionHost } from './stream/session.ts'
import { watchSignIns } from './stream/sign-in-ends.ts'
import type { StreamServer, Stranger } from './stream/stream-server.ts'
import type { Throttle } from './stream/throttle.ts'
import type { TurnedAway } from './stream/turned-away.ts'
import type { Accept } from './transport/connection.ts'

/** The state of a stream is kept for the length of a suspension, and so long at most (control §4.8). */
const MAX_AWAY_MS = 86_400_000

export interface StreamParts {
  readonly config: ServerConfig
  readonly routing: Routing
  readonly policy: PolicyService
  readonly admission: Admission
  readonly passwords: Passwords
  readonly fast: Fast
  readonly oidc: Oidc | undefined
  /** A key of its own, for names that tell nothing. */
  readonly nameKey: Buffer
  readonly throttle: Throttle
  readonly turnedAway: TurnedAway
  readonly revocations: Revocations
  readonly strain: Pick<Strain, 'signedIn'>
  readonly log: Log
}

/** The server as streams and sessions see it: features, policy and storage behind the few things they ask for. */
export function createStreamServer(parts: StreamParts): StreamServer & { stop(text: string): void } {
  const {
    config,
    routing,
    policy,
    admission,
    passwords,
    fast,
    oidc,
    nameKey,
    throttle,
    turnedAway,
    revocations,
    strain,
    log,
  } = parts
  const { ctx, registry } = routing
  const { cursors, db, writer, accounts, sessions } = ctx
  const { common } = config
  const bindInline = registry.features.flatMap((feature) => feature.bindInline ?? [])
  const hibernating = new Map<Session, NodeJS.Timeout>()
  /** Sent away by a suspension, and not back yet. */
  const away = new Set<Session>()
  /** A session without a connection is over after so long. */
  const hibernate = (session: Session, ms: number) => {
    clearTimeout(hibernating.get(session))
    hibernating.set(
      session,
      setTimeout(() => session.end(), ms),
    )
  }
  const detach = (session: Session) => {
    session.detach()
    if (!session.resumeId) return session.leave()
    hibernate(session, config.stream.resumeTimeoutMs)
  }
  const signIns = watchSignIns({ interrupted: detach, now: () => ctx.now().getTime() })
  const host: SessionHost = {
    lease: policy.gate,
    cursors,
    capsAnnounced: (session, node) => admission.capsAnnounced(session, node),
    claimed: (session, claim) => admission.claimed(session, claim),
    corroborated: (session) => admission.corroborated(session),
    reviewed: (session) => admission.reviewed(session),
    cameInLimbo: (session, presence) => ctx.emit('session.presence-waits', { session, presence }),
    standing: (proofs) => ctx.clientProofs.standing(proofs),
    becameActive: (session) => ctx.emit('session.active', { session }),
    enter: (stanza, session) => enter(routing, stanza, session),
    route: (stanza, session, n) => route(routing, stanza, session, n),
    mayReceive: (element, session) => registry.outbound.every((look) => look(element, session, ctx)),
    personalize: (text, session) => registry.personalize(text, session, ctx),
    persistHandled: (session, h) => writer.persistHandled({ id: session.resumeId ?? '', prefixWith: () => h }),
    failed: (what, error) => log.error(what, { error: error instanceof Error ? error.stack : String(error) }),
    sentAway(session) {
      if (away.has(session)) return
      session.detach()
      away.add(session)
      hibernate(session, MAX_AWAY_MS)
    },
    ended(session) {
      away.delete(session)
      clearTimeout(hibernating.get(session))
      hibernating.delete(session)
      signIns.forget(session)
      sessions.remove(session)
      ctx.relay.forget(session)
      void endHooks(session)
    },
  }
  const endHooks = async (session: Session) => {
    try {
      for (const { session: hooks } of registry.features) await hooks?.ended?.(session, ctx)
    } catch (error) {
      log.error('the end of a session was not announced', { error: String(error) })
    }
  }
  const answerStranger = ({ answer }: Registration, iq: Element, stranger: Stranger) =>
    answer(iq, stranger, ctx)?.then(
      (payload) => xml('iq', { xmlns: NS_CLIENT, type: 'result', id: iq.attrs['id'], from: ctx.domain }, payload),
      (error: unknown) =>
        errorReply(iq, faultFrom(error, ctx, iq.attrs['xml:lang'])) ?? xml('iq', { xmlns: NS_CLIENT, type: 'error' }),
    )
  let shutdownText: string | undefined
  const stopWatching = watchIdle(() => sessions.all(), {
    domain: common.domain,
    timeoutMs: config.stream.idleTimeoutMs,
  })
  return {
    domain: common.domain,
    // On the loopback address somebody else on this machine may end TLS, as the address of the outside says (ADR 3).
    isHttps: !isLoopback(common.bind) || config.web.publicUrl?.startsWith('https:') === true,
    config: { ...config.stream, allowPlaintext: common.allowPlaintext },
    limits: limitsFrom(config.stream),
    accounts,
    sessions,
    passwords,
    fast,
    proofs: ctx.clientProofs,
    oidc,
    throttle,
    revocations,
    host,
    log: log.child({ part: 'streams' }),
    get shutdownText() {
      return shutdownText
    },
    stop(text) {
      stopWatching()
      shutdownText = text
    },
    streamFeatures: () =>
      registry.features.flatMap(({ streamFeatures }) => streamFeatures?.map((build) => build(ctx)) ?? []),
    featuresBeforeSignIn: registry.registration?.streamFeatures(ctx) ?? [],
    offers: new Map(),
    answerBeforeSignIn: (iq, stranger) => registry.registration && answerStranger(registry.registration, iq, stranger),
    bindFeatures: [NS_SM, NS_CSI, ...bindInline.map(({ xmlns }) => xmlns)],
    async bindInline(session, wanted) {
      const answers: (Element | undefined)[] = []
      for (const element of wanted) {
        const inline = bindInline.find(({ xmlns }) => element.getNS() === xmlns)
        if (inline) answers.push(await inline.enable(element, session, ctx))
      }
      for (const { session: hooks } of registry.features) answers.push(await hooks?.boundInline?.(session, ctx))
      return answers.filter((answer) => answer !== undefined)
    },
    stableName: (text) => createHmac('sha256', nameKey).update(text).digest('base64url').slice(0, 12),
    refusalBeforeSignIn: (remoteAddress, language) => admission.refusalBeforeSignIn(remoteAddress, language),
    refusalFor(account, client, entrance, connection) {
      const { remoteAddress: address, language } = connection
      const facts = {
        at: ctx.now().getTime(),
        account,
        client: client ?? NO_IDENTITY,
        entrance: entranceOf(connection),
        address,
      }
      const verdict = ask(policy.gate, entrance === 'resume' ? 'session.resume' : 'session.open', facts)
      if (verdict.action === 'pass') return undefined
      return verdict.action === 'refuse'
        ? admission.refusal(verdict.code, verdict.details, language)
        : admission.refusal('internal', {}, language)
    },
    turnedAway: (installation, attempt) => turnedAway.again(installation, policy.gate.epoch, attempt),
    noteTurnedAway: (installation, refusal) => turnedAway.note(installation, policy.gate.epoch, refusal),
    bound(session) {
      signIns.watch(session)
      ctx.emit('session.active', { session })
      for (const { session: hooks } of registry.features) hooks?.bound?.(session, ctx)
      void admission.admit(session).catch((error: unknown) => {
        log.error('a session could not be checked', { error: String(error) })
        session.end('internal-server-error')
      })
    },
    detached: detach,
    awaitReturn(windowMs) {
      for (const session of away) hibernate(session, windowMs + config.stream.resumeTimeoutMs)
      away.clear()
    },
    attached(session) {
      away.delete(session)
      clearTimeout(hibernating.get(session))
      hibernating.delete(session)
      signIns.watch(session)
    },
    keepCount: (id, account) => insertSmSession(db, id, account.id),
    async findHandled(id, account) {
      const row = id === '' ? undefined : await findSmSession(db, id)
      return row?.accountId === account.id ? Number(row.inboundH) : undefined
    },
    guessingSlowed({ name, remoteAddress }) {
      const account = name === undefined ? undefined : accounts.find(name)
      // The audit log is about accounts that exist; whoever makes up names must not fill it.
      if (!account) return
      const row = { actor: 'server', action: 'slow-down-sign-in', target: account.bareJid, detail: { remoteAddress } }
      void appendAudit(db, row, ctx.now()).catch((error: unknown) => log.error('not audited', { error: String(error) }))
    },
    signInProved: (tookMs) => strain.signedIn(tookMs),
    signInRefused: (attempt) => log.info('sign-in refused', attempt),
  }
}

/** What takes connections of components (XEP-0114). */
export function acceptComponents({ config, log }: Ground, routing: Routing): Accept {
  const { domain, components } = routing.ctx
  const server: ComponentServer = {
    domain,
    secrets: new Map(config.components.secrets.map(({ label, secret }) => [label, secret])),
    components,
    limits: C2S_LIMITS,
    handshakeTimeoutMs: config.stream.signInTimeoutMs,
    route: (stanza, link) => routeFromComponent(routing, stanza, link),
    failed: (error) => log.error('a component failed', { error: String(error) }),
  }
  return (connection) => new ComponentStream(server, connection)
}
