import { buildStatus } from '@drawbridge/contract'
import type { StatusDocument } from '@drawbridge/contract'
import { publicSuspensions } from './enforce.ts'
import type { Gate } from './gate.ts'
import { startLivePolicy } from './live.ts'
import type { LiveOptions, LivePolicy } from './live.ts'
import { createOperations } from './operations.ts'
import type { Operations, OperationsOptions } from './operations.ts'

export interface PolicyService extends AsyncDisposable {
  readonly gate: Gate
  readonly live: LivePolicy
  readonly operations: Operations
  close(): Promise<void>
}

export type PolicyServiceOptions = Omit<LiveOptions, 'onDue'> & Pick<OperationsOptions, 'deliverReleased'>

/** Everything about policy that a node runs. Suspensions whose announced end has come are ended by `local:schedule`. */
export async function startPolicy(options: PolicyServiceOptions): Promise<PolicyService> {
  const { db, log, now } = options
  const ending = new Set<string>()
  // The live policy comes first and may find suspensions that are due before there are operations to end them.
  const later: { operations?: Operations } = {}
  const end = async (id: string) => {
    if (ending.has(id)) return
    ending.add(id)
    try {
      await later.operations?.endSuspension('local:schedule', id)
    } catch (error) {
      log.warn('a suspension could not be ended on time', { suspension: id, error })
    } finally {
      ending.delete(id)
    }
  }
  const live = await startLivePolicy({ ...options, onDue: (ids) => ids.forEach((id) => void end(id)) })
  const operations = createOperations({
    db,
    live,
    log,
    deliverReleased: options.deliverReleased,
    ...(now === undefined ? {} : { now }),
  })
  later.operations = operations
  const close = () => live.close()
  return { gate: live.gate, live, operations, close, [Symbol.asyncDispose]: close }
}

/** The public document at /status.json: a suspended client reads it, and it says nothing that clients are not told. */
export function buildStatusDocument(gate: Gate): StatusDocument {
  return buildStatus(publicSuspensions(gate.settings.suspensions))
}
