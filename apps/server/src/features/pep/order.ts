import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { perServer } from '../../routing/kept.ts'
import { setWaiting } from './events.ts'

/** So much may wait for its turn before whoever adds to it has to wait, too. */
export const MAX_WAITING = 100

/** Changes that are told to whoever wants to hear of them. */
export const TELLING = 'telling'

/** What is under way for one account. */
interface Line {
  length: number
  /** Settles with the last of it, and never rejects. */
  end: Promise<void>
}

let waiting = 0
const linesOf = perServer(() => new Map<string, Line>())

/** Runs after everything of this kind that was begun before for the same account, whatever became of it. */
export async function inOrder(owner: Account, kind: string, run: () => Promise<void>, ctx: Context): Promise<void> {
  const known = linesOf(ctx)
  const key = `${kind} ${owner.id}`
  const line = known.get(key) ?? { length: 0, end: Promise.resolve() }
  known.set(key, line)
  line.length++
  setWaiting(++waiting)
  const turn = line.end.then(run)
  line.end = turn.catch(() => undefined)
  try {
    await turn
  } finally {
    if (--line.length === 0) known.delete(key)
    setWaiting(--waiting)
  }
}

/** Lets whoever adds to a long line wait until it is done. Nothing to wait for is the common case. */
export function whenShort(owner: Account, kind: string, ctx: Context): Promise<void> | undefined {
  const line = linesOf(ctx).get(`${kind} ${owner.id}`)
  return line && line.length >= MAX_WAITING ? line.end : undefined
}
