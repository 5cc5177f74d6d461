import { Refusal } from '@drawbridge/contract'
import { holdLock } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { createHash } from 'node:crypto'

/** The entity tag of what a route answers (RFC 9110 §8.8.3): strong, since it is made of every byte. */
export function entityTag(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
}

/** Whether a state is one of those that `If-Match` names (RFC 9110 §13.1.1). */
export function isMatch(header: string, tag: string): boolean {
  return header.trim() === '*' || header.split(',').some((given) => given.trim() === tag)
}

/** Runs changes of things that are edited one after the other, on all nodes: nobody else's comes between look and leap. */
export type Edit = <T>(
  edit: {
    /** As the request has it; absent: the change is made to whatever is there. */
    readonly ifMatch: string | undefined
    /** What would be read now, as JSON. */
    readonly current: () => Promise<string>
  },
  work: () => Promise<T>,
) => Promise<T>

/**
 * One at a time in this process, so that it waits with one connection only, whatever is sent. Rejects with
 * `changed-meanwhile` when the state is not the one that the request was made for.
 */
export function createEdit(db: Db): Edit {
  let last: Promise<unknown> = Promise.resolve()
  return ({ ifMatch, current }, work) => {
    const turn = last.then(() =>
      holdLock(db, 'admin edits', async () => {
        if (ifMatch !== undefined && !isMatch(ifMatch, entityTag(await current()))) {
          throw new Refusal('changed-meanwhile')
        }
        return work()
      }),
    )
    last = turn.catch(() => undefined)
    return turn
  }
}
