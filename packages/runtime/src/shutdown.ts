import type { Log } from './log.ts'

export interface ShutdownOptions {
  readonly log: Log
  /** Longest time for all steps together, in milliseconds; then the process ends with exit code 1. Default 15 s. */
  readonly deadlineMs?: number
  /** How the process ends. Absent: `process.exit`. */
  readonly exit?: (code: number) => void
}

/** Stops a process in order. */
export interface Shutdown {
  /** Aborts when stopping begins. */
  readonly signal: AbortSignal
  /** Adds a step. Steps run one after the other in reverse order: what started last stops first. */
  onShutdown(name: string, stop: () => unknown): void
  /** Runs the steps once; later calls wait for the same run. Ends the process with `code`, or 1 if a step failed. */
  stop(code?: number): Promise<void>
  /**
   * Stops on SIGINT, SIGTERM and SIGHUP, and when a supervisor with an IPC channel is gone: an orphan must not keep the
   * ports and the database. A second signal forces.
   */
  listen(): void
}

/** One Ctrl-C reaches a process twice: a terminal signals the whole group, and npm and the bootstrap pass it on. */
const SAME_KEYPRESS_MS = 1_000

/** Makes the process's shutdown. Nothing is listened for until `listen`. */
export function createShutdown({
  log,
  deadlineMs = 15_000,
  exit = (code) => process.exit(code),
}: ShutdownOptions): Shutdown {
  const steps: { name: string; stop: () => unknown }[] = []
  const controller = new AbortController()
  let running: Promise<void> | undefined

  async function run(code: number): Promise<void> {
    controller.abort()
    const deadline = setTimeout(() => {
      log.error('stopping took too long; giving up', { deadlineMs })
      exit(1)
    }, deadlineMs)
    let failed = false
    for (const { name, stop } of steps.toReversed()) {
      try {
        await stop()
      } catch (error) {
        failed = true
        log.error('a part did not stop cleanly', { part: name, error })
      }
    }
    clearTimeout(deadline)
    exit(failed ? 1 : code)
  }

  const stop = (code = 0) => (running ??= run(code))
  let askedAt = 0
  const onSignal = (signal: NodeJS.Signals) => {
    if (running) {
      if (performance.now() - askedAt < SAME_KEYPRESS_MS) return
      log.warn('forced to stop by a second signal', { signal })
      exit(1)
      return
    }
    askedAt = performance.now()
    log.info('stopping', { signal })
    void stop()
  }
  return {
    signal: controller.signal,
    onShutdown: (name, step) => void steps.push({ name, stop: step }),
    stop,
    listen() {
      process.on('SIGINT', onSignal)
      process.on('SIGTERM', onSignal)
      process.on('SIGHUP', onSignal)
      if (process.channel) {
        process.once('disconnect', () => {
          if (!running) log.warn('the supervisor is gone; stopping')
          void stop()
        })
      }
    },
  }
}
