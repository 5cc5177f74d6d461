import { Refusal } from '@drawbridge/contract'
import type { ClientRuleView, Effect } from '@drawbridge/contract'
import {
  findClientException,
  findClientRule,
  findLatestEpochs,
  listClientExceptions,
  listClientRules,
} from '@drawbridge/db'
import type { ClientRule } from '@drawbridge/db'
import { inOrder, isAtLeast, isLetInAtTheTop } from '@drawbridge/policy'
import type { Sighting } from '@drawbridge/policy'
import { isId, settingFrom } from '../policy/client-rules.ts'
import type { RuleChange } from '../policy/client-rules.ts'
import type { Guarded } from '../policy/guarded.ts'
import type { Actor } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { checkedConditions } from './rule-conditions.ts'
import { lastChangeOf } from './nodes.ts'
import { pageOf } from './page.ts'
import { isSimulated, simulateRule } from './simulate-rule.ts'
import { approvalView } from './suspension-views.ts'
import { personOf } from './suspensions.ts'
import { clientExceptionView, clientRuleView } from './views.ts'

type RuleRoute =
  | 'listClientRules'
  | 'getClientRule'
  | 'addClientRule'
  | 'simulateClientRule'
  | 'confirmClientRule'
  | 'holdClientRule'
  | 'releaseClientRule'
  | 'guardClientRule'
  | 'removeClientRule'
  | 'listClientExceptions'
  | 'getClientException'
  | 'addClientException'
  | 'removeClientException'

/** Which clients may be used. */
export function clientRuleHandlers(context: AdminContext): AdminHandlers<RuleRoute> {
  const { db, policy, now } = context
  const { operations, gate } = policy
  const shown = ({ rule, effect }: { rule: ClientRule; effect: Effect }): { rule: ClientRuleView; effect: Effect } => ({
    rule: clientRuleView(rule, now().getTime()),
    effect,
  })
  const asked = (outcome: Guarded<RuleChange>) =>
    outcome.request ? { request: approvalView(outcome.request) } : shown(outcome.done)
  return {
    async listClientRules({ query }) {
      const at = now().getTime()
      const rules = inOrder((await listClientRules(db)).map((row) => ({ row, ...settingFrom(row) })))
      const { page, more } = pageOf(rules, query, ({ priority, createdAt, id }) => [
        priority,
        -createdAt,
        backwards(id),
      ])
      const epochs = await findLatestEpochs(
        db,
        page.map(({ id }) => id),
      )
      return { rules: page.map(({ row }) => clientRuleView(row, at, epochs.get(row.id))), ...more }
    },
    async getClientRule({ params: { id } }) {
      const rule = isId(id) ? await findClientRule(db, id) : undefined
      if (!rule) throw new Refusal('no-such-rule')
      const last = await lastChangeOf(db, id)
      return {
        rule: clientRuleView(rule, now().getTime(), last?.epoch),
        ...(last && { appliedBy: last.appliedBy }),
      }
    },
    simulateClientRule: (request) => simulateRule(context, checkedConditions(context, request.body), actorOf(request)),
    async addClientRule(request) {
      const body = checkedConditions(context, request.body)
      const actor = actorOf(request)
      // The local socket cannot be locked out, and whoever uses it may be in a hurry.
      if (actor.kind === 'local' || !isAtLeast(body.action, 'block')) {
        return asked(await policy.guarded.addRule(personOf(actor), body))
      }
      if (!request.isDryRun && !isSimulated(context, actor, body)) throw new Refusal('not-simulated')
      const { token: _, affected: __, ...simulation } = await simulateRule(context, body, actor)
      if (simulation.isSelfLockOut) throw new Refusal('self-lock-out')
      return asked(await policy.guarded.addRule(personOf(actor), body, simulation))
    },
    async confirmClientRule(request) {
      const actor = actorOf(request)
      const { id } = request.params
      const rule = isId(id) ? await findClientRule(db, id) : undefined
      if (!rule) throw new Refusal('no-such-rule')
      const alone = { ...gate.settings, clientRules: [settingFrom(rule)] }
      // It may begin to block much later, and for others first.
      const isLetIn = mayConfirm(context, actor, rule.createdAt, (session) =>
        isLetInAtTheTop(alone, session, now().getTime()),
      )
      if (!isLetIn) throw new Refusal('not-confirmed')
      return shown(await operations.confirmClientRule(actor.name, id))
    },
    holdClientRule: async (request) =>
      shown(await operations.setClientRuleCeiling(actorOf(request).name, request.params.id, request.body)),
    releaseClientRule: async (request) =>
      shown(await operations.setClientRuleCeiling(actorOf(request).name, request.params.id, undefined)),
    async guardClientRule(request) {
      const outcome = await policy.guarded.guardRule(personOf(actorOf(request)), request.params.id, request.body)
      return asked(outcome)
    },
    removeClientRule: (request) => operations.removeClientRule(actorOf(request).name, request.params.id),
    async listClientExceptions({ query }) {
      const { page, more } = pageOf(await listClientExceptions(db, now()), query, ({ createdAt, id }) => [
        createdAt.getTime(),
        id,
      ])
      return { exceptions: page.map(clientExceptionView), ...more }
    },
    async getClientException({ params: { id } }) {
      const row = isId(id) ? await findClientException(db, id) : undefined
      if (!row || row.untilAt <= now()) throw new Refusal('no-such-exception')
      const last = await lastChangeOf(db, id)
      return { exception: clientExceptionView(row), ...(last && { appliedBy: last.appliedBy }) }
    },
    async addClientException(request) {
      const wanted = checkedConditions(context, request.body)
      const outcome = await policy.guarded.addException(personOf(actorOf(request)), wanted)
      if (outcome.request) return { request: approvalView(outcome.request) }
      const { exception, effect } = outcome.done
      return { exception: clientExceptionView(exception), effect }
    },
    removeClientException: (request) => operations.removeClientException(actorOf(request).name, request.params.id),
  }
}

/** A UUID whose like sort the other way around: of rules that were made at once, the one made last is asked first. */
function backwards(id: string): string {
  return id.replaceAll(/[\da-f]/gu, (digit) => (15 - Number.parseInt(digit, 16)).toString(16))
}

/**
 * What keeps people out is confirmed by somebody who has signed in since it was made, with a client that it lets in: that
 * shows that not everybody is locked out (control §3.5).
 */
export function mayConfirm(
  { sessions, policy: { gate } }: AdminContext,
  actor: Actor,
  since: Date,
  isLetIn: (session: Pick<Sighting, 'account' | 'client' | 'address'>) => boolean,
): boolean {
  if (actor.kind === 'local') return true
  return [...sessions.list()].some(
    ({ account, client, remoteAddress: address, signedInAt }) =>
      account.localpart === actor.account.localpart &&
      signedInAt >= since &&
      isLetIn({ account: gate.allFactsOf(account, address), client, address }),
  )
}
