import type { PublicSuspension } from '@drawbridge/contract'
import { compile, liveEffect } from '@drawbridge/policy'
import type {
  AccountFacts,
  ClientIdentity,
  PolicyCode,
  PolicySettings,
  SessionFacts,
  SuspensionSetting,
  VerdictDetails,
} from '@drawbridge/policy'
import { countEffect } from './events.ts'
import type { Gate } from './gate.ts'

/** What a live session is told without being ended. */
export type SessionNotice =
  /** Its client will be, or is partly, locked out: `stage` tells a remark from a warning that stays on the screen. */
  | {
      readonly kind: 'client'
      readonly stage: 'notify' | 'warn'
      readonly code: PolicyCode
      readonly details: VerdictDetails
    }
  /** All suspensions in force now that concern users; an empty list is the all-clear. */
  | { readonly kind: 'suspensions'; readonly suspensions: readonly PublicSuspension[] }
  /** Files that it may have kept are not to be shown any more, or may be again: it has to ask anew. */
  | { readonly kind: 'purge' }

/** A session as policy needs it, whatever carries it. */
export interface LiveSession {
  readonly id: string
  readonly jid: string
  /** Whether its client is there, or away and may resume (XEP-0198). */
  readonly state: 'connected' | 'waiting'
  readonly account: AccountFacts
  readonly client: ClientIdentity
  readonly entrance: SessionFacts['entrance']
  readonly remoteAddress?: string | undefined
  readonly signedInAt: Date
  /** Ends the session with its reason, now: nothing more is read from it or written to it. */
  closeWith(code: PolicyCode, details: VerdictDetails): void
  notify(notice: SessionNotice): void
  /** Images of these formats are not for this client from now on; an empty list lets all of them through again. */
  withhold(formats: readonly string[]): void
}

/** The sessions of this node. */
export interface LiveSessions {
  list(): Iterable<LiveSession>
}

export interface EnforceCounts {
  readonly disconnected: number
  readonly notified: number
}

const DAY_MS = 86_400_000

/** Applies the rules in force to sessions that are already open. */
export interface Enforcer {
  /** Every session, after a change. Synchronous: when it returns, nobody is connected who may not be. */
  all(at: number): EnforceCounts
  /** One session that has just been let in, or has just said what its client is. */
  one(session: LiveSession, at: number): void
  /** What other rules than those in force would do to every session. Nothing is done, and nobody is told. */
  forecast(settings: PolicySettings, at: number): EnforceCounts
}

/**
 * Keeps track of who was told what, so that a reminder comes once and not with every change.
 *
 * @param onRecalls - other files are recalled than before; sessions have been told.
 */
export function createEnforcer(gate: Gate, sessions: LiveSessions, onRecalls: () => void = () => undefined): Enforcer {
  const warned = new Map<string, string>()
  const reminded = new Map<string, number>()
  let told = '[]'
  let recalled: string | undefined

  const isNews = (session: LiveSession, stage: 'notify' | 'warn', rule: string, at: number): boolean => {
    if (stage === 'warn') {
      if (warned.get(session.id) === rule) return false
      warned.set(session.id, rule)
      return true
    }
    const key = `${session.account.localpart} ${rule}`
    if (at - (reminded.get(key) ?? Number.NEGATIVE_INFINITY) < DAY_MS) return false
    reminded.set(key, at)
    return true
  }
  const apply = (session: LiveSession, at: number): 'none' | 'notified' | 'disconnected' => {
    const { client, entrance, remoteAddress: address } = session
    const effect = liveEffect(gate.policy, {
      at,
      account: gate.factsOf(session.account, address),
      client,
      entrance,
      address,
    })
    session.withhold(effect.action === 'degrade' ? effect.formats : [])
    if (effect.action === 'none') return 'none'
    const { action, code, details } = effect
    if (action === 'disconnect') {
      // Whoever was sent away already, or was away anyway, is kept for the end of a suspension.
      const isAway = code === 'suspended' && session.state === 'waiting'
      session.closeWith(code, details)
      if (isAway) return 'none'
      countEffect({ action })
      return 'disconnected'
    }
    const stage = action === 'notify' ? 'notify' : 'warn'
    if (!isNews(session, stage, details['rule'] ?? code, at)) return 'none'
    session.notify({ kind: 'client', stage, code, details })
    countEffect({ action })
    return 'notified'
  }
  const forget = (open: ReadonlySet<string>, at: number) => {
    for (const id of warned.keys()) if (!open.has(id)) warned.delete(id)
    for (const [key, since] of reminded) if (at - since >= DAY_MS) reminded.delete(key)
  }

  return {
    all(at) {
      const suspensions = publicSuspensions(gate.settings.suspensions.filter(concernsUsers))
      const state = JSON.stringify(suspensions)
      const isChanged = state !== told
      told = state
      const recalls = JSON.stringify(gate.settings.recalls.map(({ id }) => id))
      // What was recalled when this began is in force for whoever comes.
      const isPurged = recalled !== undefined && recalls !== recalled
      recalled = recalls
      const open = new Set<string>()
      let disconnected = 0
      let notified = 0
      // A copy: closing a session takes it out of the list that is being read.
      for (const session of [...sessions.list()]) {
        const outcome = apply(session, at)
        if (outcome === 'disconnected') {
          disconnected++
          continue
        }
        open.add(session.id)
        if (isChanged) session.notify({ kind: 'suspensions', suspensions })
        if (isPurged) session.notify({ kind: 'purge' })
        if (isChanged || outcome === 'notified') notified++
      }
      if (isPurged) onRecalls()
      forget(open, at)
      return { disconnected, notified }
    },
    one(session, at) {
      // An id may come again with another session behind it, whose user has seen nothing yet.
      warned.delete(session.id)
      if (apply(session, at) === 'disconnected') return
      const suspensions = publicSuspensions(gate.settings.suspensions.filter(concernsUsers))
      if (suspensions.length > 0) session.notify({ kind: 'suspensions', suspensions })
    },
    forecast(settings, at) {
      const policy = compile(settings)
      const isChanged = JSON.stringify(publicSuspensions(settings.suspensions.filter(concernsUsers))) !== told
      let disconnected = 0
      let notified = 0
      for (const { account, client, entrance, remoteAddress: address } of sessions.list()) {
        const facts = { at, account: gate.factsOf(account), client, entrance, address }
        const { action: after } = liveEffect(policy, facts)
        if (after === 'disconnect') disconnected++
        else if (isChanged) notified++
        else if ((after === 'notify' || after === 'warn') && liveEffect(gate.policy, facts).action !== after) notified++
      }
      return { disconnected, notified }
    },
  }
}

/** Nobody here can write to other servers: a suspension of that changes nothing for anybody, and nobody is told. */
function concernsUsers({ scope }: SuspensionSetting): boolean {
  return scope !== 'federation'
}

/** Suspensions as everybody may see them: at /status.json, and in the notice to each session. */
export function publicSuspensions(suspensions: readonly SuspensionSetting[]): PublicSuspension[] {
  return suspensions.map(({ id, scope, mode, reason, since, until }) => ({
    id,
    scope,
    mode,
    reason,
    since: new Date(since).toISOString(),
    until: until === undefined ? null : new Date(until).toISOString(),
  }))
}
