import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'

/** What is under way, by account and kind; of each the last. */
const queues = new WeakMap<Context, Map<string, Promise<void>>>()

/** Runs after everything of this kind that was begun before for the same account, whatever became of it. */
export async function inOrder(owner: Account, kind: string, run: () => Promise<void>, ctx: Context): Promise<void> {
  const queue = queues.get(ctx) ?? new Map<string, Promise<void>>()
  queues.set(ctx, queue)
  const key = `${kind} ${owner.id}`
  const turn = (queue.get(key) ?? Promise.resolve()).then(run)
  const settled = turn.catch(() => undefined)
  queue.set(key, settled)
  try {
    await turn
  } finally {
    if (queue.get(key) === settled) queue.delete(key)
  }
}
