import type { ArchiveTarget } from './schema/archive.ts'

/** A stream that can be resumed (XEP-0198), as the writer sees it. */
export interface HandledStream {
  /** Id of its row in `sm_session`. Without a row, nothing is persisted. */
  readonly id: string
  /**
   * End of the unbroken prefix of handled stanzas, if the stanzas with these numbers are handled too. Counted from the
   * start of the stream in 64 bits, not modulo 2³².
   */
  prefixWith(numbers: readonly number[]): number
}

/** One message on its way into the archives. */
export interface ArchiveEntry {
  /** UUIDv7, made by the caller: the stanza-id (XEP-0359) in every archive. */
  readonly id: string
  /** Conversation. Entries of one conversation are committed in the order of the calls. */
  readonly shard: string
  /** The message as archived. */
  readonly stanza: string
  readonly sentAt: Date
  /** Archives that get it now. A second target with the same owner is ignored. */
  readonly archives: readonly ArchiveTarget[]
  /** Archives that get it when the suspension ends: see `releaseHeld`. */
  readonly held?: { readonly suspensionId: string; readonly recipients: readonly ArchiveTarget[] }
  /** How to recognise the same message in a new stream. `hash`: of the payload without `<delay/>`. */
  readonly dedup?: {
    readonly sender: string
    readonly target: string
    readonly originId: string
    readonly hash: Uint8Array
  }
  /** The stream it came in on, and its number there. */
  readonly stream?: HandledStream & { readonly n: number }
  /** Policy epoch it was decided under. With a newer one committed, it is not written. */
  readonly policyEpoch?: number
  /** Work to do after the commit. Payloads hold ids, never texts of users. */
  readonly outbox?: readonly { readonly kind: string; readonly payload: unknown }[]
}

/** What became of an entry. `persistedH`: the stream's durable `h` now, where the entry has a stream. */
export type CommitOutcome =
  | {
      readonly status: 'committed'
      readonly id: string
      /** Position in each archive, by owner. */
      readonly positions: ReadonlyMap<string, number>
      readonly persistedH?: number
    }
  /** It was committed before, under this id. Nothing was written, but it counts as handled. */
  | { readonly status: 'duplicate'; readonly id: string; readonly persistedH?: number }
  /** Rules or suspensions have changed: decide anew. Nothing was written, and it does not count as handled. */
  | { readonly status: 'stale-epoch'; readonly epoch: number }
