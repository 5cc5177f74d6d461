import type { Log, Paths } from '@drawbridge/runtime'
import type { ServerConfig } from './server.config.ts'

/** What every part of the server stands on. */
export interface Ground {
  readonly config: ServerConfig
  /** Where its files are. */
  readonly at: Paths
  readonly log: Log
  readonly now: () => Date
  /** Ends what is put here after everything that was put here later. */
  readonly parts: AsyncDisposableStack
}
