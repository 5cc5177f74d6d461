import { IMAGE_FORMATS } from '@drawbridge/contract'
import type { PublicSuspension } from '@drawbridge/contract'
import { compile, hiddenFormats, isInForce, isTold, liveEffect } from '@drawbridge/policy'
import type {
  AccountFacts,
  ClientIdentity,
  Policy,
  PolicyCode,
  PolicySettings,
  SessionFacts,
  Subject,
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
  /** Its client says that it is a bot (XEP-0030: client/bot). */
  readonly isBot?: boolean
  /** What its client would be without what it has proved by such keys of devices. Absent: it has proved nothing. */
  clientWithout?(isGone: IsGone): ClientIdentity
  /** Ends the session with its reason, now: nothing more is read from it or written to it. */
  closeWith(code: PolicyCode, details: VerdictDetails): void
  notify(notice: SessionNotice): void
  /**
   * Images of these formats are not for this client from now on, and what is suspended is hidden from it; empty lists let
   * all of them through again.
   */
  withhold(formats: readonly string[], hidden: HiddenImages): void
}

/** Images that a suspension keeps from somebody who has a session (control §4.2, `reject`). */
export interface HiddenImages {
  readonly formats: readonly string[]
  /** Incident rooms, by bare JID: what is said there is shown all the same. */
  readonly exceptRooms: readonly string[]
}
export const NOTHING_HIDDEN: HiddenImages = { formats: [], exceptRooms: [] }

/** Whether the key of a device, by its thumbprint, counts no more. */
export type IsGone = (deviceKey: string) => boolean

/** The sessions of this node. */
export interface LiveSessions {
  list(): Iterable<LiveSession>
}

export interface EnforceCounts {
  readonly disconnected: number
  readonly notified: number
}

/** What a change of the rules would do here. */
export interface Forecast extends EnforceCounts {
  /** Full JIDs of sessions that would be closed: the first 500. */
  readonly closes: readonly string[]
}

const MAX_NAMED = 500

const DAY_MS = 86_400_000

/** Applies the rules in force to sessions that are already open. */
export interface Enforcer {
  /** Every session, after a change. Synchronous: when it returns, nobody is connected who may not be. */
  all(at: number): EnforceCounts
  /** One session that has just been let in, or has just said what its client is. */
  one(session: LiveSession, at: number): void
  /**
   * What other rules than those in force would do to every session. Nothing is done, and nobody is told.
   *
   * @param isGone - keys that would count no more. Default: all count.
   */
  forecast(settings: PolicySettings, at: number, isGone?: IsGone): Forecast
}

/**
 * Keeps track of who was told what, so that a reminder comes once and not with every change.
 *
 * @param onRecalls - other files are recalled than before; sessions have been told.
 * @param onSuspensions - other suspensions are in force than before; sessions have been told.
 */
export function createEnforcer(
  gate: Gate,
  sessions: LiveSessions,
  { onRecalls, onSuspensions }: { onRecalls?(): void; onSuspensions?(): void } = {},
): Enforcer {
  const warned = new Map<string, string>()
  const reminded = new Map<string, number>()
  /** What each session was told of suspensions; absent: nothing. */
  const concerned = new Map<string, string>()
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
  /** Nothing is asked as long as nothing is hidden from anybody. */
  const hiddenFrom = (facts: SessionFacts): HiddenImages => {
    if (!gate.settings.suspensions.some(isHiding)) return NOTHING_HIDDEN
    const { at, account, client, address } = facts
    const hidden = (room?: string) => hiddenFormats(gate.policy, { at, account, client, address, room }, IMAGE_FORMATS)
    const formats = hidden()
    if (formats.length === 0) return NOTHING_HIDDEN
    return { formats, exceptRooms: (account.rooms ?? []).filter((room) => hidden(room).length === 0) }
  }
  const apply = (session: LiveSession, at: number): 'none' | 'notified' | 'disconnected' => {
    const { client, entrance, remoteAddress: address } = session
    const facts = { at, account: gate.factsOf(session.account, address), client, entrance, address }
    const effect = liveEffect(gate.policy, facts)
    session.withhold(effect.action === 'degrade' ? effect.formats : [], hiddenFrom(facts))
    if (effect.action === 'none') return 'none'
    const { action, code, details } = effect
    if (action === 'disconnect') {
      // Whoever was sent away already, or was away anyway, is kept for the end of a suspension.
      const isAway = code === 'suspended' && session.state === 'waiting'
      session.closeWith(code, details)
      if (isAway) return 'none'
      if (code !== 'suspended' && details['rule'] !== undefined) {
        gate.lockedOut(details['rule'], session.account.localpart)
      }
      countEffect({ action })
      return 'disconnected'
    }
    const stage = action === 'notify' ? 'notify' : 'warn'
    if (!isNews(session, stage, details['rule'] ?? code, at)) return 'none'
    session.notify({ kind: 'client', stage, code, details })
    countEffect({ action })
    return 'notified'
  }
  /** Tells a session what concerns it, where that is not what it was told last; false when there is nothing to tell. */
  const tell = (session: LiveSession, isNew: boolean): boolean => {
    const { id, account, client, remoteAddress: address } = session
    // An id may come again with another session behind it, whose user has seen nothing yet.
    const before = isNew ? '[]' : (concerned.get(id) ?? '[]')
    const suspensions = publicSuspensions(gate.settings.suspensions, {
      subject: { account: gate.factsOf(account), client, address },
    })
    const state = JSON.stringify(suspensions)
    if (suspensions.length > 0) concerned.set(id, state)
    else concerned.delete(id)
    if (state !== before) session.notify({ kind: 'suspensions', suspensions })
    return state !== before
  }
  const forget = (open: ReadonlySet<string>, at: number) => {
    for (const id of concerned.keys()) if (!open.has(id)) concerned.delete(id)
    for (const id of warned.keys()) if (!open.has(id)) warned.delete(id)
    for (const [key, since] of reminded) if (at - since >= DAY_MS) reminded.delete(key)
  }

  return {
    all(at) {
      const { suspensions } = gate.settings
      const state = JSON.stringify(suspensions)
      const isChanged = state !== told
      told = state
      const hiding = gate.settings.suspensions.filter(hidesMedia)
      const recalls = JSON.stringify([...gate.settings.recalls, ...hiding].map(({ id }) => id))
      // What was recalled when this began is in force for whoever comes.
      const isFirst = recalled === undefined
      const isPurged = !isFirst && recalls !== recalled
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
        const isTold = isChanged && tell(session, false)
        if (isPurged) session.notify({ kind: 'purge' })
        // Whoever is away finds it when he comes back: nobody has seen it yet.
        if ((isTold && session.state === 'connected') || outcome === 'notified') notified++
      }
      if (isPurged) onRecalls?.()
      // What was in force when this began is in force for whoever comes.
      if (isChanged && !isFirst) onSuspensions?.()
      forget(open, at)
      return { disconnected, notified }
    },
    one(session, at) {
      // An id may come again with another session behind it, whose user has seen nothing yet.
      warned.delete(session.id)
      if (apply(session, at) === 'disconnected') return
      tell(session, true)
    },
    forecast(settings, at, isGone = () => false) {
      const policy = compile(settings)
      const isChanged = JSON.stringify(settings.suspensions) !== told
      const closes: string[] = []
      let notified = 0
      for (const session of sessions.list()) {
        const { entrance, state, remoteAddress: address } = session
        const account = gate.allFactsOf(session.account, address, settings.suspensions)
        const effectOf = (by: Policy, client: ClientIdentity) =>
          liveEffect(by, { at, account, client, entrance, address })
        const after = effectOf(policy, session.clientWithout?.(isGone) ?? session.client)
        if (after.action === 'disconnect') {
          // As when it is applied: who is away anyway is not sent away.
          if (after.code !== 'suspended' || state === 'connected') closes.push(session.jid)
        } else if (isChanged) notified += state === 'connected' ? 1 : 0
        else if (after.action === 'notify' || after.action === 'warn') {
          if (effectOf(gate.policy, session.client).action !== after.action) notified++
        }
      }
      return { disconnected: closes.length, notified, closes: closes.slice(0, MAX_NAMED) }
    },
  }
}

function isHiding(suspension: SuspensionSetting): boolean {
  return (suspension.mode === 'reject' || suspension.mode === 'cut') && isInForce(suspension)
}

/** Suspensions that keep files from those who have them already: what clients keep of them has to go. */
function hidesMedia(setting: SuspensionSetting): boolean {
  return (
    isHiding(setting) && setting.scopes.some((scope) => /^(?:service|files|images|hash:.*|format:.*)$/u.test(scope))
  )
}

/**
 * Suspensions as users may see them: those that concern this one; without one, what everybody may know, at /status.json;
 * and the one that whoever asks was refused for (`about`).
 * One that is planned is an announcement until it begins; a drill is nobody's business.
 */
export function publicSuspensions(
  suspensions: readonly SuspensionSetting[],
  { subject, about }: { readonly subject?: Subject; readonly about?: string | undefined } = {},
): PublicSuspension[] {
  return suspensions.flatMap(({ id, scopes, mode, reason, reasons, since, until, isScheduled, isDrill }) => {
    const told = isDrill ? [] : scopes.filter((scope) => id === about || isTold(scope, subject))
    if (told.length === 0) return []
    return {
      id,
      scopes: told,
      mode: isScheduled ? 'announce' : mode,
      reason,
      reasons,
      since: new Date(since).toISOString(),
      until: until === undefined ? null : new Date(until).toISOString(),
    }
  })
}
