import { codeOf } from '@drawbridge/contract'
import {
  countRuleHits,
  findClientRule,
  findOldestQuarantined,
  noteNodeStrain,
  noteReturned,
  noteRuleHits,
  pruneRuleHits,
  sumNodeStrain,
} from '@drawbridge/db'
import type { ClientRule, Db, RuleHit } from '@drawbridge/db'
import {
  compileClientRules,
  deadlineOf,
  findBreach,
  GUARDRAIL_LIMITS,
  isAtLeast,
  stageAt,
  stageBelow,
} from '@drawbridge/policy'
import type { ClientRuleSetting, ServiceFacts } from '@drawbridge/policy'
import type { Log } from '@drawbridge/runtime'
import type { LiveSessions } from './enforce.ts'
import { countGuardrail } from './events.ts'
import type { Gate } from './gate.ts'
import type { Node } from './nodes.ts'
import type { Operations } from './operations.ts'
import type { Strain } from './strain.ts'

/** Whoever holds back a rule that does more than was meant. */
export const GUARDRAILS_ACTOR = 'local:guardrails'

const EVERY_MS = 60_000
/** How long somebody who was kept out is remembered, in milliseconds. */
const REMEMBERED_MS = 24 * 3_600_000
/** Most hits of a minute that this node reports; the limits are exceeded long before. */
const MAX_HITS = 100_000

export interface GuardrailsOptions {
  readonly db: Db
  readonly node: Pick<Node, 'id'>
  readonly operations: Pick<Operations, 'setClientRuleCeiling'>
  readonly gate: Gate
  readonly sessions: LiveSessions
  readonly strain: Strain
  readonly alert: (text: string) => void
  readonly log: Log
}

/** Watches rules that block, by what all nodes see (control §3.5). */
export interface Guardrails {
  /** A rule has kept somebody out. @param isBreakGlass - it would have, were the account not a break-glass account */
  lockedOut(rule: string, localpart: string, at: Date, isBreakGlass?: boolean): void
  /** Called at every look at the clock; looks at the rules once a minute. */
  tick(at: Date): void
}

/**
 * Builds the watch of this node. What it sees it adds to what the others have seen, and judges all of it. A rule that
 * runs into a guardrail falls back one stage and stays there until somebody releases it; then counting begins anew.
 */
export function createGuardrails(options: GuardrailsOptions): Guardrails {
  const { db, node, operations, gate, sessions, strain, alert, log } = options
  /** What nobody was told yet, by rule and person. */
  const hits = new Map<string, RuleHit>()
  const active = new Map<string, number>()
  let lookedAt = Number.NEGATIVE_INFINITY
  let queueOldSince: number | undefined
  let isBusy = false

  const note = (ruleId: string, localpart: string, at: number, isBreakGlass = false) => {
    active.set(localpart, at)
    const key = `${ruleId} ${localpart}`
    const known = hits.get(key)
    if (!known && hits.size >= MAX_HITS) return
    const { firstAt = new Date(at) } = known ?? {}
    hits.set(key, { ruleId, localpart, firstAt, lastAt: new Date(at), isBreakGlass })
  }
  /** Adds what live sessions show: `block` leaves their streams open. Returns who is here with a client that is allowed. */
  const look = (at: number): ReadonlySet<string> => {
    const { clientRules, exceptions } = gate.settings
    const find = compileClientRules(clientRules, exceptions)
    const allowed = new Set<string>()
    for (const { account, client, remoteAddress: address } of sessions.list()) {
      const facts = gate.factsOf(account, address)
      active.set(account.localpart, at)
      const match = find({ at, account: facts, client, address })
      if (match && isAtLeast(match.stage, 'block')) note(match.setting.id, account.localpart, at, facts.isBreakGlass)
      else allowed.add(account.localpart)
    }
    for (const [localpart, lastAt] of active) if (at - lastAt >= GUARDRAIL_LIMITS.withinMs) active.delete(localpart)
    return allowed
  }
  const report = async (blocking: readonly string[], at: number) => {
    const allowed = look(at)
    const fresh = [...hits.values()].filter(({ ruleId }) => blocking.includes(ruleId))
    hits.clear()
    await noteNodeStrain(db, node.id, { activePeople: active.size, ...strain.look() })
    await pruneRuleHits(db, blocking, new Date(at - REMEMBERED_MS))
    await noteRuleHits(db, fresh)
    await noteReturned(db, [...allowed])
  }
  const serviceAt = async (at: number): Promise<ServiceFacts & { readonly active: number }> => {
    const oldest = await findOldestQuarantined(db)
    const isOld = oldest !== undefined && at - oldest.getTime() > GUARDRAIL_LIMITS.queueMs
    queueOldSince = isOld ? (queueOldSince ?? at) : undefined
    const { activePeople, signInP95Ms, pageRequests, pageErrors } = await sumNodeStrain(db)
    return {
      active: activePeople,
      signInP95Ms: signInP95Ms ?? undefined,
      queueOldForMs: queueOldSince === undefined ? 0 : at - queueOldSince,
      pageRequests,
      pageErrors,
    }
  }
  const judge = async (
    rule: ClientRuleSetting,
    row: ClientRule,
    service: ServiceFacts & { active: number },
    at: number,
  ) => {
    const { withinMs, returnAfterMs } = GUARDRAIL_LIMITS
    const counts = await countRuleHits(db, rule.id, {
      matchedAfter: new Date(at - withinMs),
      dueBefore: new Date(at - returnAfterMs),
    })
    const { people: simulated } = (row.simulation ?? {}) as { readonly people?: number }
    const blockingMs = at - (deadlineOf(rule) ?? at)
    return findBreach({ ...counts, simulated, active: service.active, blockingMs }, service)
  }
  const holdBack = async (rule: ClientRuleSetting, service: ServiceFacts & { active: number }, at: number) => {
    const row = await findClientRule(db, rule.id)
    const breach = row?.isGuarded === true ? await judge(rule, row, service, at) : undefined
    if (!breach) return
    const stage = stageBelow(rule, at)
    try {
      const ceiling = { stage, reason: breach.reason }
      await operations.setClientRuleCeiling(GUARDRAILS_ACTOR, rule.id, ceiling, rule.ceiling ?? null)
    } catch (error) {
      // Another node was faster, or the rule is gone.
      if (codeOf(error) === 'no-such-rule') return
      throw error
    }
    countGuardrail({ guardrail: breach.guardrail })
    log.warn('a guardrail holds a client rule back', { rule: rule.id, stage, ...breach })
    alert(`Client rule ${rule.id} was held back at ${stage}. ${breach.reason} It stays there until it is released.`)
  }
  const work = async (at: number) => {
    const blocking = gate.settings.clientRules.filter((rule) => isAtLeast(stageAt(rule, at), 'block'))
    if (blocking.length === 0) return hits.clear()
    await report(
      blocking.map(({ id }) => id),
      at,
    )
    const service = await serviceAt(at)
    for (const rule of blocking) await holdBack(rule, service, at)
  }
  return {
    lockedOut: (rule, localpart, at, isBreakGlass) => note(rule, localpart, at.getTime(), isBreakGlass),
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
