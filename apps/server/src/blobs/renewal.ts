import type { Log } from '@drawbridge/runtime'
import type { Blobs } from './blobs.ts'

/** How far it is, or how the last one ended. */
export interface RenewalProgress {
  readonly isRunning: boolean
  readonly seen: number
  readonly renewed: number
  readonly failed: number
}

/**
 * Brings every file under the newest key: plain ones are encrypted, the keys of others are wrapped anew. One at a time;
 * started again after a crash, it passes over what is done.
 */
export interface Renewal {
  /** Starts it unless it is under way. @throws Error when files are not encrypted here. */
  start(): RenewalProgress
  progress(): RenewalProgress
  /** Ends after the file it is at. */
  stop(): Promise<void>
}

export function createRenewal({ clean, quarantine, evidence, renew }: Blobs, log: Log): Renewal {
  let state = { isRunning: false, seen: 0, renewed: 0, failed: 0 }
  let isStopping = false
  let running = Promise.resolve()
  const parts = [
    ...(renew ? [{ area: clean, renew: (name: string) => renew('clean', name) }] : []),
    ...(renew ? [{ area: quarantine, renew: (name: string) => renew('quarantine', name) }] : []),
    ...(evidence ? [{ area: evidence, renew: (name: string) => evidence.renew(name) }] : []),
  ]

  async function run(): Promise<void> {
    for (const part of parts) {
      for await (const { name } of part.area.list()) {
        if (isStopping) return
        state.seen += 1
        try {
          if ((await part.renew(name)) !== 'kept') state.renewed += 1
        } catch (error) {
          state.failed += 1
          log.error('a file was not brought under the new key', { name, error })
        }
      }
    }
  }

  return {
    start() {
      if (parts.length === 0) throw new Error('there is no key for files')
      if (state.isRunning) return state
      state = { isRunning: true, seen: 0, renewed: 0, failed: 0 }
      running = run()
        .catch((error: unknown) => {
          state.failed += 1
          log.error('files were not listed', { error })
        })
        .finally(() => (state.isRunning = false))
      return state
    },
    progress: () => state,
    async stop() {
      isStopping = true
      await running
    },
  }
}
