import { Refusal } from '@drawbridge/contract'
import type { Effect, NewClientException, NewClientRule } from '@drawbridge/contract'
import {
  deleteClientException,
  deleteClientRule,
  findClientRule,
  forgetRuleHits,
  insertClientException,
  insertClientRule,
  listClientRules,
  updateClientRule,
  uuidv7,
} from '@drawbridge/db'
import type { AuditEntry, ClientException, ClientRule, Db } from '@drawbridge/db'
import { clientRuleSetting, findShadows, isAtLeast, isSameRule, mayBeUnguarded } from '@drawbridge/policy'
import type { ClientRuleSetting, RuleAction, Shadow } from '@drawbridge/policy'
import { conditionsFrom, documentFrom, ruleInputFrom } from './stored-rules.ts'

/** How long an exception lasts where nothing else is said (control §3.2), in milliseconds. */
const EXCEPTION_MS = 14 * 86_400_000
/** What lasts longer is no exception: write a rule. */
const MAX_EXCEPTION_MS = 366 * 86_400_000

export interface RuleChange {
  readonly rule: ClientRule
  readonly effect: Effect
}

/** Changes of the client rules. Each returns when this node enforces it on its live sessions. */
export interface ClientRuleOperations {
  /**
   * What comes from the local socket is final: that way in cannot be locked out. Other rules that block need to be
   * confirmed.
   *
   * @param simulation - what was simulated before, for the record.
   * @param agreed - where it took two people.
   * @throws Refusal `rule-shadowed`
   */
  addClientRule(actor: string, rule: NewClientRule, simulation?: unknown, agreed?: Agreed): Promise<RuleChange>
  confirmClientRule(actor: string, id: string): Promise<RuleChange>
  /**
   * Lets a rule fall back to a stage; undefined lets it climb again. Its guardrails begin to count anew.
   *
   * @param from - the ceiling it must have for that, null for none; whoever must not be second says it.
   */
  setClientRuleCeiling(
    actor: string,
    id: string,
    ceiling: RuleCeiling | undefined,
    from?: RuleAction | null,
  ): Promise<RuleChange>
  /** Takes the guardrails from a rule, or gives them back. @throws Refusal `guardrails-needed` */
  setClientRuleGuarded(
    actor: string,
    id: string,
    wanted: RuleGuard,
    approvedBy?: readonly string[],
    also?: Also,
  ): Promise<RuleChange>
  removeClientRule(actor: string, id: string): Promise<{ effect: Effect }>
  /** @param approvedBy - the second person, where there was one. @throws Refusal `end-in-the-past`, `exception-too-long` */
  addClientException(
    actor: string,
    exception: NewClientException,
    approvedBy?: string,
    also?: Also,
  ): Promise<{ exception: ClientException; effect: Effect }>
  removeClientException(actor: string, id: string): Promise<{ effect: Effect }>
}

/** The second person, and the agreement, in the transaction of what is done. */
export interface Agreed {
  readonly approvedBy: string
  readonly also: Also
}

export interface RuleGuard {
  readonly isGuarded: boolean
  readonly reason: string
}

export interface RuleCeiling {
  readonly stage: RuleAction
  readonly reason: string
}

interface UpdateOptions {
  readonly where?: Parameters<typeof updateClientRule>[3]
  /** For the record, beside what is set. */
  readonly more?: Readonly<Record<string, unknown>>
  /** In the same transaction. What it throws undoes the change. */
  readonly also?: (tx: Db, row: ClientRule) => unknown
}

export interface ChangeOptions<T> {
  /** Runs between the commit and its effect, while no message can be written. Synchronous. */
  readonly committed?: (result: T) => void
  readonly writtenWithinMs?: number
}

/** One change of the rules: what it does, and the audit row, in one transaction. */
export type Change = <T>(
  work: (tx: Db) => Promise<{ readonly result: T; readonly entry: AuditEntry }>,
  options?: ChangeOptions<T>,
) => Promise<{ result: T; effect: Effect }>

/** What else belongs to a change: in its transaction, and before it. What it throws undoes the change. */
export type Also = (tx: Db) => Promise<unknown>

/** Builds the operations. @param change - see `createOperations`, which runs them one at a time. */
export function createClientRuleOperations(change: Change, now: () => Date): ClientRuleOperations {
  const update = async (
    actor: string,
    action: string,
    id: string,
    set: Parameters<typeof updateClientRule>[2],
    { where, more, also }: UpdateOptions = {},
  ): Promise<RuleChange> => {
    const { result, effect } = await change(async (tx) => {
      const before = isId(id) ? await findClientRule(tx, id) : undefined
      const result = before && (await updateClientRule(tx, id, set, where))
      if (!result) throw new Refusal('no-such-rule')
      await also?.(tx, result)
      const changed = Object.keys(set) as (keyof typeof set)[]
      const detail = { before: Object.fromEntries(changed.map((key) => [key, before[key]])), after: set, ...more }
      return { result, entry: { actor, action, target: id, detail } }
    })
    return { rule: result, effect }
  }
  return {
    async addClientRule(actor, rule, simulation = null, agreed = undefined) {
      const { result, effect } = await change(async (tx) => {
        await agreed?.also(tx)
        const result = await writeClientRule(tx, { actor, rule, simulation, at: now() })
        const by = agreed && { approvedBy: agreed.approvedBy }
        const detail = { ...(result.rule as Record<string, unknown>), isFinal: result.isFinal, ...by }
        return { result, entry: { actor, action: 'add-client-rule', target: result.id, detail } }
      })
      return { rule: result, effect }
    },
    confirmClientRule: (actor, id) =>
      update(actor, 'confirm-client-rule', id, { confirmedAt: now(), confirmedBy: actor, withdrawnAt: null }),
    setClientRuleCeiling: (actor, id, ceiling, from) =>
      update(
        actor,
        ceiling ? 'hold-client-rule' : 'release-client-rule',
        id,
        { ceiling: ceiling?.stage ?? null, ceilingReason: ceiling?.reason ?? null },
        {
          ...(from === undefined ? {} : { where: { ceiling: from } }),
          also: (tx, row) => {
            if (ceiling) assertBelow(settingFrom(row), ceiling.stage)
            return forgetRuleHits(tx, id)
          },
        },
      ),
    setClientRuleGuarded: (actor, id, { isGuarded, reason }, approvedBy = [], first = undefined) =>
      update(
        actor,
        isGuarded ? 'guard-client-rule' : 'unguard-client-rule',
        id,
        { isGuarded },
        {
          more: { reason, approvedBy },
          also: async (tx, row) => {
            await first?.(tx)
            if (!isGuarded && !mayBeUnguarded(settingFrom(row))) throw new Refusal('guardrails-needed')
          },
        },
      ),
    async removeClientRule(actor, id) {
      const { effect } = await change(async (tx) => {
        const result = isId(id) ? await deleteClientRule(tx, id) : undefined
        if (!result) throw new Refusal('no-such-rule')
        const detail = result.rule as Record<string, unknown>
        return { result, entry: { actor, action: 'remove-client-rule', target: id, detail } }
      })
      return { effect }
    },
    async addClientException(actor, exception, approvedBy, also) {
      const untilAt =
        exception.until === undefined ? new Date(now().getTime() + EXCEPTION_MS) : new Date(exception.until)
      if (untilAt <= now()) throw new Refusal('end-in-the-past')
      if (untilAt.getTime() - now().getTime() > MAX_EXCEPTION_MS) throw new Refusal('exception-too-long')
      const { rule, reason } = exception
      const row = {
        id: uuidv7(),
        ruleId: rule ?? null,
        conditions: conditionsFrom(exception),
        reason,
        untilAt,
        createdBy: actor,
        createdAt: now(),
        approvedBy: approvedBy ?? null,
      }
      const { result, effect } = await change(async (tx) => {
        await also?.(tx)
        const rules = await listClientRules(tx)
        if (rule !== undefined && !rules.some(({ id }) => id === rule)) throw new Refusal('no-such-rule')
        const result = await insertClientException(tx, row)
        const detail = {
          ...row.conditions,
          rule: rule ?? null,
          reason,
          until: untilAt.toISOString(),
          ...(approvedBy === undefined ? {} : { approvedBy }),
        }
        return { result, entry: { actor, action: 'add-client-exception', target: row.id, detail } }
      })
      return { exception: result, effect }
    },
    async removeClientException(actor, id) {
      const { effect } = await change(async (tx) => {
        const result = isId(id) ? await deleteClientException(tx, id) : undefined
        if (!result) throw new Refusal('no-such-exception')
        const { reason, ruleId, conditions } = result
        const detail = { reason, rule: ruleId, conditions }
        return { result, entry: { actor, action: 'remove-client-exception', target: id, detail } }
      })
      return { effect }
    },
  }
}

/** A rule falls back, and never to `allow`: that would let through what stricter rules after it keep out. */
function assertBelow({ action }: ClientRuleSetting, stage: RuleAction): void {
  if (stage === 'allow' || !isAtLeast(action, stage) || stage === action) throw new Refusal('not-a-stage-below')
}

/** Adds a rule in a change of the rules. @throws Refusal `rule-shadowed` */
export async function writeClientRule(
  tx: Db,
  { actor, rule, simulation = null, at }: { actor: string; rule: NewClientRule; simulation?: unknown; at: Date },
): Promise<ClientRule> {
  const isFinal = actor.startsWith('local:')
  const row = { id: uuidv7(), rule: documentFrom(rule), isFinal, simulation, createdBy: actor, createdAt: at }
  const before = (await listClientRules(tx)).map(settingFrom)
  const made = await insertClientRule(tx, row)
  const shadows = newShadows(before, settingFrom(made))
  if (shadows.length > 0 && rule.isShadowAccepted !== true) {
    throw new Refusal('rule-shadowed', { detail: shadows.map((shadow) => `${shadow.rule} by ${shadow.by}`).join(', ') })
  }
  return made
}

/** A row as the engine takes it, checked. */
export function settingFrom(row: ClientRule): ClientRuleSetting {
  return clientRuleSetting.parse(ruleInputFrom(row))
}

/** Shadows that a new rule brings: it would never decide, keeps a stricter rule from deciding, or is there already. */
export function newShadows(before: readonly ClientRuleSetting[], added: ClientRuleSetting): Shadow[] {
  const known = new Set(findShadows(before).map(({ rule }) => rule))
  const same = new Set(before.filter((one) => isSameRule(one, added)).map(({ id }) => id))
  return findShadows([...before, added]).filter(
    ({ rule, by, isWeaker }) =>
      !known.has(rule) && (rule === added.id || isWeaker || (by === added.id && same.has(rule))),
  )
}

/** Ids are UUIDs; anything else would be an error of the database instead of a 404. */
export function isId(id: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(id)
}
