import { playbookDocument, Refusal } from '@drawbridge/contract'
import type { PlaybookView } from '@drawbridge/contract'
import { appendAudit, deletePlaybook, findPlaybook, listPlaybooks, putPlaybook, uuidv7 } from '@drawbridge/db'
import type { Playbook } from '@drawbridge/db'
import { stepsOf } from '../policy/fulfil-request.ts'
import { transact } from '../policy/rehearsal.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { pageOf } from './page.ts'
import { checkNames, namesOfPlaybook, warningsOf } from './suspension-names.ts'
import { approvalView, suspensionView } from './suspension-views.ts'
import { personOf } from './suspensions.ts'

type Ids = 'listPlaybooks' | 'getPlaybook' | 'putPlaybook' | 'deletePlaybook' | 'startPlaybook'

/** What is kept ready for an emergency, and its start. */
export function playbookHandlers(context: AdminContext): AdminHandlers<Ids> {
  const { db, now } = context
  const { guarded } = context.policy
  return {
    async listPlaybooks({ query }) {
      const { page, more } = pageOf(await listPlaybooks(db), query, ({ name }) => [name])
      return { playbooks: page.map(playbookView), ...more }
    },
    async getPlaybook({ params: { name } }) {
      const row = await findPlaybook(db, name)
      if (!row) throw new Refusal('no-such-playbook')
      return { playbook: playbookView(row) }
    },
    async putPlaybook(request) {
      const actor = actorOf(request).name
      const { name } = request.params
      const warned = await checkNames(namesOfPlaybook(request.body), context)
      const row = { id: uuidv7(), name, playbook: request.body, changedBy: actor, changedAt: now() }
      const made = await transact(db, async (tx) => {
        const before = (await findPlaybook(tx, name))?.playbook ?? null
        const made = await putPlaybook(tx, row)
        const detail = { before, after: request.body }
        await appendAudit(tx, { actor, action: 'put-playbook', target: name, detail }, now())
        return made
      })
      return { playbook: playbookView(made), ...warned }
    },
    async deletePlaybook(request) {
      const actor = actorOf(request).name
      const { name } = request.params
      await transact(db, async (tx) => {
        const gone = await deletePlaybook(tx, name)
        if (!gone) throw new Refusal('no-such-playbook')
        const detail = { before: gone.playbook }
        await appendAudit(tx, { actor, action: 'delete-playbook', target: name, detail }, now())
      })
      return undefined
    },
    async startPlaybook(request) {
      const { params, body } = request
      const row = await findPlaybook(db, params.name)
      if (!row) throw new Refusal('no-such-playbook')
      const document = playbookDocument.parse(row.playbook)
      // What it names may be gone since it was written: in an emergency the rest is started all the same.
      const warned = await warningsOf(namesOfPlaybook(document), context)
      const impact = await guarded.impactOf(stepsOf(document, body, now()), personOf(actorOf(request)), body.isDrill)
      const outcome = await guarded.startPlaybook(personOf(actorOf(request)), params.name, body)
      if (outcome.request)
        return { suspensions: [], rules: [], request: approvalView(outcome.request), impact, ...warned }
      const { suspensions, rules, effect } = outcome.done
      return { suspensions: suspensions.map((started) => suspensionView(started)), rules, effect, impact, ...warned }
    },
  }
}

function playbookView({ name, playbook, changedBy, changedAt }: Playbook): PlaybookView {
  return { name, ...playbookDocument.parse(playbook), changedBy, changedAt: changedAt.toISOString() }
}
