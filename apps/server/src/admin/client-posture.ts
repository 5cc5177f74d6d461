import { Refusal } from '@drawbridge/contract'
import type { ClientPostureView } from '@drawbridge/contract'
import { isLetInAtTheTop } from '@drawbridge/policy'
import type { ClientPosture } from '@drawbridge/policy'
import { confirmPostureBy, readPosture, SERVICE } from '../policy/client-posture.ts'
import type { Provisional, ProvisionalChange } from '../policy/provisional.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { mayConfirm } from './client-rules.ts'
import { isProven, prove, simulateChange } from './simulate-rule.ts'

type PostureRoute = 'getClientPosture' | 'setClientPosture' | 'simulateClientPosture' | 'confirmClientPosture'

/** What happens to clients that nobody can name: as carefully changed as a rule that blocks (control §3.5). */
export function clientPostureHandlers(context: AdminContext): AdminHandlers<PostureRoute> {
  const { db, policy, now } = context
  const { operations, gate } = policy
  const read = () => readPosture(db, gate.settings.posture)
  const shown = ({ stored, effect }: ProvisionalChange<ClientPosture>) => ({ ...postureView(stored), effect })
  return {
    getClientPosture: async () => postureView(await read()),
    async setClientPosture(request) {
      const { posture, simulation: proof } = request.body
      const actor = actorOf(request)
      // The local socket cannot be locked out, and whoever uses it may be in a hurry.
      if (actor.kind === 'local' || posture === 'discover') {
        return shown(await operations.clientPosture.set(SERVICE, { actor: actor.name, value: posture }))
      }
      if (!request.isDryRun && !isProven(context, actor, { posture }, proof)) throw new Refusal('not-simulated')
      const { affected: _, ...simulation } = await simulateChange(context, { posture }, actor)
      if (simulation.isSelfLockOut) throw new Refusal('self-lock-out')
      return shown(await operations.clientPosture.set(SERVICE, { actor: actor.name, value: posture, simulation }))
    },
    async simulateClientPosture(request) {
      const { posture } = request.body
      const simulation = await simulateChange(context, { posture }, actorOf(request))
      return { token: prove(context, actorOf(request), { posture }, now()), ...simulation }
    },
    async confirmClientPosture(request) {
      const actor = actorOf(request)
      const { changedAt } = await read()
      const enforce = { ...gate.settings, clientRules: [], posture: 'enforce' } as const
      const isLetIn = mayConfirm(context, actor, new Date(changedAt), (session) =>
        isLetInAtTheTop(enforce, session, now().getTime()),
      )
      if (!isLetIn) throw new Refusal('not-confirmed')
      return shown(await operations.clientPosture.confirm(SERVICE, actor.name))
    },
  }
}

function postureView(stored: Provisional<ClientPosture>): ClientPostureView {
  const { value: posture, changedAt, changedBy, confirmedBy } = stored
  const confirmBy = confirmPostureBy(stored)
  return {
    posture,
    ...(confirmBy === undefined ? {} : { confirmBy: new Date(confirmBy).toISOString() }),
    ...(changedBy === '' ? {} : { changedAt: new Date(changedAt).toISOString(), changedBy }),
    ...(confirmedBy === undefined ? {} : { confirmedBy }),
  }
}
