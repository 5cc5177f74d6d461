import { editedOf, Refusal } from '@drawbridge/contract'
import { holdLock } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { createHash } from 'node:crypto'

/**
 * The entity tag of what a route answers (RFC 9110 §8.8.3). It is compared as a strong one, for changes only: nothing is
 * cached here, so what happens to a thing with nobody editing it is no part of it.
 *
 * @param id - of the route that reads it
 * @param body - its answer, as JSON
 */
export function entityTag(id: string, body: string): string {
  const edited = JSON.stringify(editedOf(id, JSON.parse(body)))
  return `"${createHash('sha256').update(edited).digest('base64url').slice(0, 27)}"`
}

/** Whether a state is one of those that `If-Match` names (RFC 9110 §13.1.1). */
export function isMatch(header: string, tag: string): boolean {
  return header.trim() === '*' || header.split(',').some((given) => given.trim() === tag)
}

/**
 * What is edited one after the other: rules, whose changes wait for each other and for all nodes anyway, and everything
 * else, which need not wait for them.
 */
export type Lane = 'rules' | 'people'

/** Runs changes of things that are edited one after the other, on all nodes: nobody else's comes between look and leap. */
export type Edit = <T>(
  edit: {
    readonly lane: Lane
    /** As the request has it; absent: the change is made to whatever is there. */
    readonly ifMatch: string | undefined
    /** What would be read now, as JSON. */
    readonly current: () => Promise<string>
    /** The route that reads it. */
    readonly read: string
  },
  work: () => Promise<T>,
) => Promise<T>

/**
 * One at a time per lane in this process, so that a lane waits with one connection only, whatever is sent. Rejects with
 * `changed-meanwhile` when the state is not the one that the request was made for.
 */
export function createEdit(db: Db): Edit {
  const last: Record<Lane, Promise<unknown>> = { rules: Promise.resolve(), people: Promise.resolve() }
  return ({ lane, ifMatch, current, read }, work) => {
    const turn = last[lane].then(() =>
      holdLock(db, `admin edits of ${lane}`, async () => {
        if (ifMatch !== undefined && !isMatch(ifMatch, entityTag(read, await current()))) {
          throw new Refusal('changed-meanwhile')
        }
        return work()
      }),
    )
    last[lane] = turn.catch(() => undefined)
    return turn
  }
}
