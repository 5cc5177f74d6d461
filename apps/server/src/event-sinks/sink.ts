import type { AuditRow } from '@drawbridge/db'
import type { SinkName } from './events.ts'

/** A receiver of the audit log. */
export interface EventSink {
  readonly name: SinkName
  /**
   * Hands over rows, in order. Resolves when the receiver has them all; rejects when it may not, and then it is given the
   * same rows again.
   *
   * @throws RetryLater when the receiver says how long to wait.
   */
  deliver(rows: readonly AuditRow[], signal: AbortSignal): Promise<void>
}

/** The receiver asks for a pause. */
export class RetryLater extends Error {
  readonly afterMs: number

  constructor(message: string, afterMs: number) {
    super(message)
    this.name = 'RetryLater'
    this.afterMs = afterMs
  }
}
