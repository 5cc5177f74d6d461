import { AsyncLocalStorage } from 'node:async_hooks'
import type { Db } from '@drawbridge/db'

/** What runs now is a rehearsal; once it has begun to change something, in this transaction. */
const rehearsing = new AsyncLocalStorage<{ readonly tx?: Db }>()

/**
 * Runs something as a rehearsal: every change of the rules in it is made in a transaction that is rolled back, and
 * answers with the effect it would have. It travels with the call and not as a parameter, so that no operation can forget
 * to pass it on; what an operation does outside of its change has to ask `isRehearsal` itself.
 */
export function rehearse<T>(work: () => Promise<T>): Promise<T> {
  return rehearsing.run({}, work)
}

/** Whether what runs now is a rehearsal. */
export function isRehearsal(): boolean {
  return rehearsing.getStore() !== undefined
}

/** What `work` comes to in a transaction that leaves no trace. Within another one, it sees what that one has done. */
export async function rollBack<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  const outer = rehearsing.getStore()?.tx
  if (outer) return outer.transaction(work)
  let outcome: { readonly value: T } | undefined
  try {
    await db.transaction(async (tx) => {
      outcome = { value: await rehearsing.run({ tx }, () => work(tx)) }
      tx.rollback()
    })
  } catch (error) {
    if (!outcome) throw error
  }
  return outcome!.value
}

/** A transaction, which leaves no trace in a rehearsal. */
export function transact<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return isRehearsal() ? rollBack(db, work) : db.transaction(work)
}

/** For what is more than one transaction: in a rehearsal, all of it is one, which leaves no trace. */
export function traceless<T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> {
  return isRehearsal() ? rollBack(db, work) : work(db)
}
