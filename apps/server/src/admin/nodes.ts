import { Refusal } from '@drawbridge/contract'
import type { NodeEffectView, PolicyChangeView } from '@drawbridge/contract'
import {
  findLatestEpochs,
  findPolicyChange,
  listNodeEffects,
  listNodeEffectsOf,
  listNodes,
  listPolicyChanges,
} from '@drawbridge/db'
import type { Db, NodeEffect, PolicyChange } from '@drawbridge/db'
import { nodeEffectView } from '../policy/operations.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { cursorOf, pageOf, placeFrom } from './page.ts'

/** Nodes that were seen no longer ago are listed. */
const LISTED_MS = 24 * 3_600_000
const MAX_LISTED = 200
/** Changes of one answer where nobody says how many. */
const EPOCHS = 50

type Ids = 'listPolicyNodes' | 'listPolicyEpochs' | 'getPolicyEpoch'

/** The server processes on this database, and what each of them made of a change. */
export function nodeHandlers({ db, now, policy }: AdminContext): AdminHandlers<Ids> {
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
    async listPolicyEpochs({ query: { cursor, limit = EPOCHS, target } }) {
      const before = cursor === undefined ? undefined : epochFrom(cursor)
      const changes = await listPolicyChanges(db, limit + 1, { before, target })
      const page = changes.slice(0, limit)
      const effects = await listNodeEffectsOf(
        db,
        page.map(({ epoch }) => epoch),
      )
      const last = changes.length > limit ? page.at(-1) : undefined
      return {
        epochs: page.map((change) => changeView(change, effects.get(change.epoch) ?? [])),
        ...(last && { next: cursorOf([last.epoch]) }),
      }
    },
    async getPolicyEpoch({ params }) {
      const change = await findPolicyChange(db, Number(params.epoch))
      if (!change) throw new Refusal('item-not-found')
      return changeView(change, await listNodeEffects(db, change.epoch))
    },
  }
}

function epochFrom(cursor: string): number {
  const [epoch] = placeFrom(cursor)
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch)) throw new Refusal('bad-request')
  return epoch
}

function changeView({ epoch, committedAt, entries }: PolicyChange, effects: readonly NodeEffect[]): PolicyChangeView {
  return {
    epoch,
    committedAt: committedAt.toISOString(),
    changes: entries.map(({ seq, actor, action, target }) => ({ position: seq, actor, action, target })),
    appliedBy: effects.map(nodeEffectView),
  }
}

/** What became of the last change of something, named by its id, on each node. */
export interface LastChange {
  readonly epoch: number
  readonly appliedBy: readonly NodeEffectView[]
}

/** Undefined: nothing is remembered of it any more. */
export async function lastChangeOf(db: Db, id: string): Promise<LastChange | undefined> {
  const epoch = (await findLatestEpochs(db, [id])).get(id)
  return epoch === undefined ? undefined : { epoch, appliedBy: (await listNodeEffects(db, epoch)).map(nodeEffectView) }
}
