import { Refusal } from '@drawbridge/contract'
import { findPolicyChange, listNodeEffects, listNodes } from '@drawbridge/db'
import { nodeEffectView } from '../policy/operations.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { pageOf } from './page.ts'

/** Nodes that were seen no longer ago are listed. */
const LISTED_MS = 24 * 3_600_000
const MAX_LISTED = 200

/** The server processes on this database, and what each of them made of a change. */
export function nodeHandlers({ db, now, policy }: AdminContext): AdminHandlers<'listPolicyNodes' | 'getPolicyEpoch'> {
  return {
    async listPolicyNodes({ query }) {
      const nodes = await listNodes(db, new Date(now().getTime() - LISTED_MS), MAX_LISTED)
      const { page, more } = pageOf(nodes, query, ({ startedAt, id }) => [-startedAt.getTime(), id])
      return {
        epoch: policy.gate.epoch,
        ...more,
        nodes: page.map(({ id, name, startedAt, seenAt, leaseMs, epoch, stoppedAt }) => ({
          id,
          name,
          startedAt: startedAt.toISOString(),
          seenAt: seenAt.toISOString(),
          epoch,
          isAlive: stoppedAt === null && seenAt.getTime() + leaseMs >= now().getTime(),
          isSelf: id === policy.node.id,
        })),
      }
    },
    async getPolicyEpoch({ params }) {
      const epoch = Number(params.epoch)
      const change = await findPolicyChange(db, epoch)
      if (!change) throw new Refusal('item-not-found')
      const nodes = (await listNodeEffects(db, epoch)).map(nodeEffectView)
      return { epoch, committedAt: change.committedAt.toISOString(), nodes }
    },
  }
}
