import { QUESTIONS } from '@drawbridge/policy'
import type { Question, Verdict } from '@drawbridge/policy'
import { BoundedMap } from '@drawbridge/runtime'

/** Most drills that are measured at a time; there is hardly ever more than one. */
const MAX_DRILLS = 32

/** What drills would have done, counted in memory until somebody keeps it. */
export interface Drills {
  hit(suspensionId: string, question: Question, verdict: Verdict): void
  /** The counts of a drill, where there are new ones: `stanza.route refuse` and how often. */
  take(suspensionId: string): { readonly hits: Readonly<Record<string, number>> } | undefined
}

export function createDrills(): Drills {
  const drills = new BoundedMap<string, { hits: Map<string, number>; isNew: boolean }>(MAX_DRILLS)
  return {
    hit(id, question, { action }) {
      let drill = drills.get(id)
      if (!drill) {
        drill = { hits: new Map(), isNew: false }
        drills.set(id, drill)
      }
      // A closed list: questions and answers.
      const key = QUESTIONS.includes(question) ? `${question} ${action}` : action
      drill.hits.set(key, (drill.hits.get(key) ?? 0) + 1)
      drill.isNew = true
    },
    take(id) {
      const drill = drills.get(id)
      if (!drill?.isNew) return undefined
      drill.isNew = false
      return { hits: Object.fromEntries(drill.hits) }
    },
  }
}
