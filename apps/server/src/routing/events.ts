import { counter, histogram } from '@drawbridge/runtime'

/**
 * What became of messages that clients and the server itself sent. `transient`: passed without being archived, like a
 * chat state; `failed`: a fault of ours.
 */
export const countMessage = counter('drawbridge_messages_routed_total', 'Messages routed, by what became of them.', {
  outcome: ['committed', 'duplicate', 'refused', 'held', 'discarded', 'transient', 'failed'],
})

/** What every archived message waits for before anybody gets it. */
export const observeCommit = histogram(
  'drawbridge_archive_commit_seconds',
  'From handing a message to the archive writer to its durable commit.',
  [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
)
