import { setTimeout as wait } from 'node:timers/promises'

/** One run of a part. */
export interface Running {
  /** Resolves with how it ended, such as `exit code 1`; never rejects. */
  readonly ended: Promise<string>
  /** Ends it in good order; resolves when it is gone. */
  stop(): Promise<void>
}

/** A part of the service that is kept running. */
export interface Part<R extends Running> {
  readonly name: string
  /** Resolves when the part serves. Rejects, and leaves nothing behind, when it could not start. */
  start(): Promise<R>
}

/** A part under supervision. */
export interface Supervised<R extends Running> {
  /** The run now, or the last one while it is being started again. */
  current(): R
  /** Ends the run and starts another at once; for a changed program or database. */
  restart(): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
}

export interface SupervisionOptions {
  /** One line for the operator. */
  readonly note: (line: string) => void
  /** First pause before starting again; doubles with every failure up to 10 s. Default 200 ms. */
  readonly pauseMs?: number
  /** A run that lasted this long counts as healthy: the pause is short again. Default 60 s. */
  readonly healthyMs?: number
  /** Called after each new start, also after `restart`. */
  readonly onRestart?: () => void
}

const MAX_PAUSE_MS = 10_000

/** Starts a part and keeps it running until `stop`. Rejects when the first start fails: then there is nothing to keep. */
export async function supervise<R extends Running>(part: Part<R>, options: SupervisionOptions): Promise<Supervised<R>> {
  const { note, pauseMs = 200, healthyMs = 60_000, onRestart } = options
  const stopping = new AbortController()
  let isIntended = false
  let run = await part.start()
  const watched = watch()

  async function watch(): Promise<void> {
    let pause = pauseMs
    for (;;) {
      const startedAt = performance.now()
      const how = await run.ended
      if (stopping.signal.aborted) return
      if (performance.now() - startedAt > healthyMs) pause = pauseMs
      if (!isIntended) note(`${part.name} ended unexpectedly (${how}); starting it again.`)
      pause = await startAgain(isIntended ? 0 : pause)
      if (stopping.signal.aborted) return
      isIntended = false
      onRestart?.()
    }
  }

  /** Tries until it works or stopping begins. Returns the pause before a further start. */
  async function startAgain(pause: number): Promise<number> {
    for (;;) {
      // An aborted pause means that stopping began, which is checked next.
      await wait(pause, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return pause
      pause = Math.min(Math.max(pause, pauseMs) * 2, MAX_PAUSE_MS)
      try {
        run = await part.start()
        if (stopping.signal.aborted) await run.stop()
        else note(`${part.name} is running again.`)
        return pause
      } catch (error) {
        note(`${part.name} does not start: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }

  return {
    current: () => run,
    async restart() {
      isIntended = true
      await run.stop()
    },
    async stop() {
      stopping.abort()
      await run.stop()
      await watched
    },
  }
}
