import { findClientRule } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { compileClientRules, findBreach, GUARDRAIL_LIMITS, isAtLeast, stageAt, stageBelow } from '@drawbridge/policy'
import type { ClientRuleSetting, RuleFacts } from '@drawbridge/policy'
import type { Log } from '@drawbridge/runtime'
import type { LiveSessions } from './enforce.ts'
import { countGuardrail } from './events.ts'
import type { Gate } from './gate.ts'
import type { Operations } from './operations.ts'

/** Whoever holds back a rule that does more than was meant. */
export const GUARDRAILS_ACTOR = 'local:guardrails'

const EVERY_MS = 60_000
/** How long somebody who was kept out is remembered, in milliseconds. */
const REMEMBERED_MS = 24 * 3_600_000
/** Most people remembered for a rule; the limits are exceeded long before. */
const MAX_PEOPLE = 100_000

export interface GuardrailsOptions {
  readonly db: Db
  readonly operations: Pick<Operations, 'setClientRuleCeiling'>
  readonly gate: Gate
  readonly sessions: LiveSessions
  readonly alert: (text: string) => void
  readonly log: Log
}

/** Watches rules that block, by what this node sees (control §3.5). */
export interface Guardrails {
  /** A rule has kept somebody out. */
  lockedOut(rule: string, localpart: string, at: Date): void
  /** Called at every look at the clock; looks at the rules once a minute. */
  tick(at: Date): void
}

interface Person {
  readonly firstAt: number
  lastAt: number
  /** Has been here since with a client that is allowed. */
  hasReturned: boolean
}

interface Seen {
  readonly people: Map<string, Person>
  isBreakGlassMatched: boolean
}

/**
 * Builds the watch of this node. A rule that runs into a guardrail falls back one stage and stays there until somebody
 * releases it; then counting begins anew.
 */
export function createGuardrails({ db, operations, gate, sessions, alert, log }: GuardrailsOptions): Guardrails {
  const seen = new Map<string, Seen>()
  const active = new Map<string, number>()
  let lookedAt = Number.NEGATIVE_INFINITY
  let isBusy = false

  const seenOf = (rule: string): Seen => {
    const known = seen.get(rule) ?? { people: new Map<string, Person>(), isBreakGlassMatched: false }
    seen.set(rule, known)
    return known
  }
  const note = (rule: string, localpart: string, at: number) => {
    const { people } = seenOf(rule)
    const person = people.get(localpart)
    if (person) person.lastAt = at
    else if (people.size < MAX_PEOPLE) people.set(localpart, { firstAt: at, lastAt: at, hasReturned: false })
    active.set(localpart, at)
  }
  /** Adds what live sessions show: `block` leaves their streams open. */
  const look = (at: number) => {
    const { clientRules, exceptions } = gate.settings
    const find = compileClientRules(clientRules, exceptions)
    const allowed = new Set<string>()
    for (const { account, client, remoteAddress: address } of sessions.list()) {
      const facts = gate.factsOf(account, address)
      active.set(account.localpart, at)
      const match = find({ at, account: facts, client, address })
      if (!match || !isAtLeast(match.stage, 'block')) allowed.add(account.localpart)
      // It is let in all the same, and nobody comes back who never left.
      else if (facts.isBreakGlass) seenOf(match.setting.id).isBreakGlassMatched = true
      else note(match.setting.id, account.localpart, at)
    }
    for (const { people } of seen.values()) {
      for (const [localpart, person] of people) {
        if (allowed.has(localpart)) person.hasReturned = true
        if (at - person.lastAt >= REMEMBERED_MS) people.delete(localpart)
      }
    }
    for (const [localpart, lastAt] of active) if (at - lastAt >= GUARDRAIL_LIMITS.withinMs) active.delete(localpart)
  }
  const judge = async (rule: ClientRuleSetting, at: number) => {
    const row = await findClientRule(db, rule.id)
    const known = seen.get(rule.id)
    const breach = row && known && findBreach(factsOf(known, { simulation: row.simulation, active: active.size, at }))
    if (!breach) return
    const stage = stageBelow(rule, at)
    seen.delete(rule.id)
    await operations.setClientRuleCeiling(GUARDRAILS_ACTOR, rule.id, { stage, reason: breach.reason })
    countGuardrail({ guardrail: breach.guardrail })
    log.warn('a guardrail holds a client rule back', { rule: rule.id, stage, ...breach })
    alert(`Client rule ${rule.id} was held back at ${stage}. ${breach.reason} It stays there until it is released.`)
  }
  const work = async (at: number) => {
    const blocking = gate.settings.clientRules.filter((rule) => isAtLeast(stageAt(rule, at), 'block'))
    for (const id of seen.keys()) if (!blocking.some((rule) => rule.id === id)) seen.delete(id)
    if (blocking.length === 0) return
    look(at)
    for (const rule of blocking) await judge(rule, at)
  }
  return {
    lockedOut: (rule, localpart, at) => note(rule, localpart, at.getTime()),
    tick(at) {
      if (isBusy || at.getTime() - lookedAt < EVERY_MS) return
      isBusy = true
      lookedAt = at.getTime()
      work(at.getTime())
        .catch((error: unknown) => log.warn('guardrails cannot be looked at', { error: String(error) }))
        .finally(() => (isBusy = false))
    },
  }
}

function factsOf(
  { people, isBreakGlassMatched }: Seen,
  { simulation, active, at }: { simulation: unknown; active: number; at: number },
): RuleFacts {
  const { withinMs, returnAfterMs } = GUARDRAIL_LIMITS
  const all = [...people.values()]
  const due = all.filter(({ firstAt }) => at - firstAt >= returnAfterMs)
  const { people: simulated } = (simulation ?? {}) as { readonly people?: number }
  return {
    simulated,
    matched: all.filter(({ lastAt }) => at - lastAt < withinMs).length,
    active,
    isBreakGlassMatched,
    dueBack: due.length,
    returned: due.filter(({ hasReturned }) => hasReturned).length,
  }
}
