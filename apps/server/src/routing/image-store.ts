import type { RenewalCounts, RenewalCursor } from '@drawbridge/db'
import type { Context } from './context.ts'

/** Making images anew, as far as one process goes on with it. */
export interface RenewalRun {
  readonly startedAt: Date
  /** Also what today's encoders made. */
  readonly isEverything: boolean
  readonly signal: AbortSignal
  /** Of today's encoders; known once one of them was asked. */
  profileVersion?: string | undefined
}

/** What became of a part of a store. */
export interface RenewedPart extends RenewalCounts {
  /** Where it ends; nothing: there is no more. */
  readonly next: RenewalCursor | undefined
}

/**
 * A place where images of ours are kept, or are said something of, and how they are made anew there (control §2, row 36).
 * Whatever asks for one by the name or the hash that it had finds the new one.
 */
export interface ImageStore {
  readonly name: string
  /** The tables whose images these are. */
  readonly tables: readonly string[]
  /** Its images are counted before anything is done; those of others as they are found. */
  readonly isCounted?: boolean
  /**
   * Makes anew what comes next in this store. Doing it twice changes nothing.
   *
   * @param after - where the part before it ended; empty: it is the first.
   */
  renewNext(after: RenewalCursor, run: RenewalRun, ctx: Context): Promise<RenewedPart>
}
