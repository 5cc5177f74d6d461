import { addExemptionUses } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'

/** How often exemptions were used, counted in memory and written down now and then (control §4.9). */
export interface ExemptionUses {
  /** @param who - the exemption, as it is written in the suspension: there are no more of them than it names */
  used(suspensionId: string, who: string): void
  /** Adds what was counted to the database. Never rejects: what cannot be written is written with the next. */
  flush(): Promise<void>
}

export function createExemptionUses(db: Db, log: Log): ExemptionUses {
  let counted = new Map<string, Map<string, number>>()
  const add = (id: string, who: string, count: number) => {
    const uses = counted.get(id) ?? new Map<string, number>()
    counted.set(id, uses.set(who, (uses.get(who) ?? 0) + count))
  }
  return {
    used: (id, who) => add(id, who, 1),
    async flush() {
      const due = counted
      counted = new Map()
      for (const [id, uses] of due) {
        try {
          await addExemptionUses(db, id, uses)
        } catch (error) {
          log.warn('uses of exemptions are written down later', { suspension: id, error: String(error) })
          for (const [who, count] of uses) add(id, who, count)
        }
      }
    },
  }
}
