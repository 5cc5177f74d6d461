import { EVENT_TOPICS } from '@drawbridge/contract'
import type { EventTopic } from '@drawbridge/contract'
import { reachOf } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminDeps, AdminHandlers } from './api.ts'

/** What somebody is told first: anything that they may read may be other than they know it. The router tells the rest. */
export function eventHandlers({ policy: { gate } }: AdminContext): AdminHandlers<'openEvents'> {
  return {
    async openEvents(request) {
      const actor = actorOf(request)
      const topics = Object.keys(EVENT_TOPICS) as EventTopic[]
      return {
        topics: topics.filter((topic) => reachOf(actor, EVENT_TOPICS[topic]) === 'everywhere'),
        epoch: Math.max(0, gate.epoch),
      }
    },
  }
}

/** Other when figures of the status are, of which nobody tells. */
export function figuresOf({ sessions, policy: { gate }, accounts }: AdminDeps): string {
  let connected = 0
  for (const { state } of sessions.list()) if (state === 'connected') connected++
  return `${connected} ${accounts.size} ${gate.isStale} ${gate.epoch} ${gate.holds}`
}
