import { appendAudit, findSmSession, insertSmSession } from '@drawbridge/db'
import { NO_IDENTITY } from '@drawbridge/policy'
import { errorReply, NS_CLIENT, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { isLoopback } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import { ask } from './policy/gate.ts'
import type { PolicyService } from './policy/start.ts'
import type { OfflineCursors } from './routing/cursor.ts'
import type { Registration } from './routing/feature.ts'
import { enter, faultFrom, route } from './routing/router.ts'
import type { Routing } from './routing/router.ts'
import type { ServerConfig } from './server.config.ts'
import { entranceOf, textOf } from './stream/admission.ts'
import type { Admission } from './stream/admission.ts'
import type { Passwords } from './stream/password.ts'
import type { Revocations } from './stream/revocations.ts'
import type { Session, SessionHost } from './stream/session.ts'
import type { StreamServer, Stranger } from './stream/stream-server.ts'
import type { Throttle } from './stream/throttle.ts'

export interface StreamParts {
  readonly config: ServerConfig
  readonly routing: Routing
  readonly policy: PolicyService
  readonly admission: Admission
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly revocations: Revocations
  readonly cursors: OfflineCursors
  readonly log: Log
}

/** The server as streams and sessions see it: features, policy and storage behind the few things they ask for. */
export function createStreamServer(parts: StreamParts): StreamServer & { stop(text: string): void } {
  const { config, routing, policy, admission, passwords, throttle, revocations, cursors, log } = parts
  const { ctx, registry } = routing
  const { db, writer, accounts, sessions } = ctx
  const { common } = config
  const hibernating = new Map<Session, NodeJS.Timeout>()
  const host: SessionHost = {
    cursors,
    capsAnnounced: (session, node) => admission.capsAnnounced(session, node),
    enter: (stanza, session) => enter(routing, stanza, session),
    route: (stanza, session, n) => route(routing, stanza, session, n),
    mayReceive: (element, session) => registry.outbound.every((look) => look(element, session, ctx)),
    personalize: (text, session) => registry.personalize(text, session, ctx),
    persistHandled: (session, h) => writer.persistHandled({ id: session.resumeId ?? '', prefixWith: () => h }),
    failed: (what, error) => log.error(what, { error: error instanceof Error ? error.stack : String(error) }),
    ended(session) {
      clearTimeout(hibernating.get(session))
      hibernating.delete(session)
      sessions.remove(session)
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
      (error: unknown) => errorReply(iq, faultFrom(error, ctx)) ?? xml('iq', { xmlns: NS_CLIENT, type: 'error' }),
    )
  let shutdownText: string | undefined
  return {
    domain: common.domain,
    isHttps: !isLoopback(common.bind),
    config: { ...config.stream, allowPlaintext: common.allowPlaintext },
    accounts,
    sessions,
    passwords,
    throttle,
    revocations,
    host,
    log: log.child({ part: 'streams' }),
    get shutdownText() {
      return shutdownText
    },
    stop(text) {
      shutdownText = text
    },
    streamFeatures: () =>
      registry.features.flatMap(({ streamFeatures }) => streamFeatures?.map((build) => build(ctx)) ?? []),
    featuresBeforeSignIn: () => registry.registration?.streamFeatures(ctx) ?? [],
    answerBeforeSignIn: (iq, stranger) => registry.registration && answerStranger(registry.registration, iq, stranger),
    refusalBeforeSignIn: (remoteAddress) => admission.refusalBeforeSignIn(remoteAddress),
    refusalFor(account, client, entrance, connection) {
      const facts = { at: Date.now(), account, client: client ?? NO_IDENTITY, entrance: entranceOf(connection) }
      const verdict = ask(policy.gate, entrance === 'resume' ? 'session.resume' : 'session.open', facts)
      if (verdict.action === 'pass') return undefined
      return { text: verdict.action === 'refuse' ? textOf(verdict.code, verdict.details) : '', details: [] }
    },
    bound(session) {
      for (const { session: hooks } of registry.features) hooks?.bound?.(session, ctx)
      void admission.admit(session).catch((error: unknown) => {
        log.error('a session could not be checked', { error: String(error) })
        session.end('internal-server-error')
      })
    },
    detached(session) {
      session.detach()
      if (!session.resumeId) return session.leave()
      clearTimeout(hibernating.get(session))
      hibernating.set(
        session,
        setTimeout(() => session.end(), config.stream.resumeTimeoutMs),
      )
    },
    attached(session) {
      clearTimeout(hibernating.get(session))
      hibernating.delete(session)
    },
    keepCount: (id, session) => insertSmSession(db, id, session.account.id),
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
    signInRefused: (attempt) => log.info('sign-in refused', attempt),
  }
}
