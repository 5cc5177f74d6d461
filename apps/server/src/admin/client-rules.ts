import { Refusal } from '@drawbridge/contract'
import type { ClientRuleView, Effect } from '@drawbridge/contract'
import { findClientRule, listClientExceptions, listClientRules } from '@drawbridge/db'
import type { ClientRule } from '@drawbridge/db'
import { inOrder, isAtLeast } from '@drawbridge/policy'
import { isId, settingFrom } from '../policy/client-rules.ts'
import type { Actor } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
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
  | 'addClientException'
  | 'removeClientException'
  | 'getClientPosture'
  | 'setClientPosture'

/** Which clients may be used. */
export function clientRuleHandlers(context: AdminContext): AdminHandlers<RuleRoute> {
  const { db, policy, now } = context
  const { operations } = policy
  const shown = ({ rule, effect }: { rule: ClientRule; effect: Effect }): { rule: ClientRuleView; effect: Effect } => ({
    rule: clientRuleView(rule, now().getTime()),
    effect,
  })
  return {
    async listClientRules() {
      const at = now().getTime()
      const rules = (await listClientRules(db)).map((row) => ({ row, ...settingFrom(row) }))
      return { rules: inOrder(rules).map(({ row }) => clientRuleView(row, at)) }
    },
    async getClientRule({ params: { id } }) {
      const rule = isId(id) ? await findClientRule(db, id) : undefined
      if (!rule) throw new Refusal('no-such-rule')
      return { rule: clientRuleView(rule, now().getTime()) }
    },
    simulateClientRule: (request) => simulateRule(context, request.body, actorOf(request)),
    async addClientRule(request) {
      const { body } = request
      const actor = actorOf(request)
      // The local socket cannot be locked out, and whoever uses it may be in a hurry.
      if (actor.kind === 'local' || !isAtLeast(body.action, 'block')) {
        return shown(await operations.addClientRule(actor.name, body))
      }
      if (!request.isDryRun && !isSimulated(context, body)) throw new Refusal('not-simulated')
      const { token: _, affected: __, ...simulation } = await simulateRule(context, body, actor)
      if (simulation.isSelfLockOut) throw new Refusal('self-lock-out')
      return shown(await operations.addClientRule(actor.name, body, simulation))
    },
    async confirmClientRule(request) {
      const actor = actorOf(request)
      const { id } = request.params
      const rule = isId(id) ? await findClientRule(db, id) : undefined
      if (!rule) throw new Refusal('no-such-rule')
      if (!mayConfirm(context, actor, rule)) throw new Refusal('not-confirmed')
      return shown(await operations.confirmClientRule(actor.name, id))
    },
    holdClientRule: async (request) =>
      shown(await operations.setClientRuleCeiling(actorOf(request).name, request.params.id, request.body)),
    releaseClientRule: async (request) =>
      shown(await operations.setClientRuleCeiling(actorOf(request).name, request.params.id, undefined)),
    async guardClientRule(request) {
      const outcome = await policy.guarded.guardRule(personOf(actorOf(request)), request.params.id, request.body)
      return 'done' in outcome ? shown(outcome.done) : { request: approvalView(outcome.request) }
    },
    removeClientRule: (request) => operations.removeClientRule(actorOf(request).name, request.params.id),
    async listClientExceptions() {
      return { exceptions: (await listClientExceptions(db, now())).map(clientExceptionView) }
    },
    async addClientException(request) {
      const { exception, effect } = await operations.addClientException(actorOf(request).name, request.body)
      return { exception: clientExceptionView(exception), effect }
    },
    getClientPosture: async () => ({ posture: policy.gate.settings.posture }),
    async setClientPosture(request) {
      const { posture } = request.body
      return { posture, ...(await operations.setClientPosture(actorOf(request).name, posture)) }
    },
    removeClientException: (request) => operations.removeClientException(actorOf(request).name, request.params.id),
  }
}

/**
 * A rule is confirmed by somebody whom it has let in since it was made: that shows that not everybody is locked out
 * (control §3.5).
 */
function mayConfirm({ sessions }: AdminContext, actor: Actor, { createdAt }: ClientRule): boolean {
  if (actor.kind === 'local') return true
  return [...sessions.list()].some(
    ({ account, signedInAt }) => account.localpart === actor.account.localpart && signedInAt >= createdAt,
  )
}
