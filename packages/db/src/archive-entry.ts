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

/** How one message is about another: XEP-0308, XEP-0424, XEP-0444, XEP-0461. */
export type ReferenceKind = 'correction' | 'retraction' | 'reaction' | 'reply'

export interface MessageReference {
  readonly kind: ReferenceKind
  /** What the other message is called: by the client that sent it, or by the archive that holds it (its stanza-id). */
  readonly target: { readonly clientId: string } | { readonly id: string }
  /** Said by the room itself (XEP-0425): whose message it is does not matter. */
  readonly isModerated?: boolean
}

/** One message on its way into the archives. */
export interface ArchiveEntry {
  /** UUIDv7, made by the caller: the stanza-id (XEP-0359) in every archive. */
  readonly id: string
  /** Conversation. Entries of one conversation are committed in the order of the calls. */
  readonly shard: string
  /** The message as archived. */
  readonly stanza: string
  /** By which version of the image filter it was let in; 0, or nothing, for none. */
  readonly filterVersion?: number
  readonly sentAt: Date
  /** Archives that get it now. A second target with the same owner is ignored. */
  readonly archives: readonly ArchiveTarget[]
  /**
   * Archives that get it when the suspension ends: see `releaseHeld`. `facts`: what the rules were asked about it.
   * `parties`: ids of the accounts that it is between, and of its room; without one of them it is nobody's any more.
   */
  readonly held?: {
    readonly suspensionId: string
    readonly recipients: readonly ArchiveTarget[]
    readonly facts?: unknown
    readonly parties?: readonly string[]
  }
  /** Bare JID of the account that wrote it: nobody else corrects or retracts it. */
  readonly author?: string
  /** What the author's client calls it. */
  readonly clientId?: string
  /** Which messages of the conversation it is about; at most one of each kind. One that is not found has no effect. */
  readonly references?: readonly MessageReference[]
  /** What full-text search finds it by, folded as queries are, and its language (BCP 47), if known. */
  readonly text?: { readonly words: string; readonly language: string | undefined }
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
  /** It says the subject of the room whose archive it enters; see `listSubjects`. */
  readonly isSubject?: boolean
  /** Work to do after the commit. Payloads hold ids, never texts of users. */
  readonly outbox?: readonly { readonly kind: string; readonly payload: unknown }[]
}

export type RefusedReference = 'not-the-author' | 'is-retracted'

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
  /**
   * It corrects or retracts what somebody else wrote, or corrects what is retracted. Nothing was written, but it counts
   * as handled.
   */
  | { readonly status: 'refused'; readonly reason: RefusedReference; readonly persistedH?: number }
  /** Rules or suspensions have changed: decide anew. Nothing was written, and it does not count as handled. */
  | { readonly status: 'stale-epoch'; readonly epoch: number }
