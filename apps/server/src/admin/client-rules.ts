import { listClientRules } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { clientRuleView } from './views.ts'

/** Client version rules. */
export function clientRuleHandlers({
  db,
  policy: { operations },
  now,
}: AdminContext): AdminHandlers<'listClientRules' | 'addClientRule' | 'removeClientRule'> {
  return {
    async listClientRules() {
      const at = now().getTime()
      return { rules: (await listClientRules(db)).map((row) => clientRuleView(row, at)) }
    },
    async addClientRule(request) {
      const { rule, effect } = await operations.addClientRule(actorOf(request).name, request.body)
      return { rule: clientRuleView(rule, now().getTime()), effect }
    },
    removeClientRule: (request) => operations.removeClientRule(actorOf(request).name, request.params.id),
  }
}
