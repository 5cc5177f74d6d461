import type { Check, HeldQueue, SandboxStatus } from '@drawbridge/contract'
import { countHeld, countHeldEach, countQuarantined, findLatestEpochs, listActiveSuspensions } from '@drawbridge/db'
import { isInForce } from '@drawbridge/policy'
import type { AdminContext, AdminHandlers } from './api.ts'
import { suspensionView } from './suspension-views.ts'

/** State of the service for administrators. */
export function statusHandlers(context: AdminContext): AdminHandlers<'getStatus'> {
  const { db, policy, accounts, sessions, domain, version, startedAt } = context
  return {
    async getStatus() {
      const { gate, operations, standalone } = policy
      // Without the database there is still something to be said: above all, whether this node is cut off.
      const isReachable = await standalone.isReachable()
      const counted = isReachable
        ? Promise.all([listActiveSuspensions(db), countHeld(db), countHeldEach(db), countQuarantined(db)])
        : ([standalone.known(), NOTHING, new Map(), NOTHING] as const)
      const [[active, held, heldEach, quarantined], parts, sandbox] = await Promise.all([
        counted,
        context.checks(),
        context.sandbox(),
      ])
      const epochs = isReachable
        ? await findLatestEpochs(
            db,
            active.map(({ id }) => id),
          )
        : new Map<string, number>()
      const checks = [...parts, checkSandbox(sandbox)]
      const isHealthy = !gate.isStale && checks.every(({ isOk }) => isOk)
      const isSuspended = active.some(isInForce)
      return {
        state: isSuspended ? 'suspended' : isHealthy ? 'ok' : 'degraded',
        version,
        domain,
        startedAt: startedAt.toISOString(),
        sessions: [...sessions.list()].filter(({ state }) => state === 'connected').length,
        accounts: accounts.size,
        policy: {
          epoch: gate.epoch,
          posture: gate.settings.posture,
          clientRules: gate.settings.clientRules.length,
          isStale: gate.isStale,
          ...(operations.lastEffectMs === undefined ? {} : { lastEffectMs: operations.lastEffectMs }),
        },
        suspensions: active.map((row) => suspensionView(row, heldEach, epochs.get(row.id))),
        held: queueView(held),
        quarantine: queueView(quarantined),
        checks,
        ...(sandbox && { sandbox }),
      }
    },
  }
}

const NOTHING = { count: 0, oldestAt: undefined } as const

function queueView({ count, oldestAt }: { readonly count: number; readonly oldestAt: Date | undefined }): HeldQueue {
  return oldestAt ? { count, oldestAt: oldestAt.toISOString() } : { count }
}

/** A weak sandbox is a warning that stays until there is a better one. */
function checkSandbox(sandbox: SandboxStatus | undefined): Check {
  const name = 'sanitizer'
  if (sandbox === undefined) return { name, isOk: false, detail: 'does not answer: images wait or are refused' }
  if (sandbox.isWeak)
    return { name, isOk: false, detail: `level ${sandbox.level}: images are decoded without a sandbox` }
  return { name, isOk: true }
}
