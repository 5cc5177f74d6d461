/** One file inside another. */
export interface Entry {
  readonly name: string
  /** Size when unpacked, as announced. */
  readonly bytes: number
  /** It takes a password to read it. */
  readonly isEncrypted?: boolean
  /** It is a link, with its target where that is known. */
  readonly link?: string
  /** The content, where it can be had here: at least the first bytes of it, and no more than so many. */
  readonly read?: (maxBytes: number) => Buffer
}

/** What an archive holds, as far as can be seen without unpacking it. */
export interface Archive {
  readonly entries: readonly Entry[]
  readonly isEncrypted: boolean
}

/** Structure that no honest program writes, or that two programs would read differently. */
export class UnsafeArchive extends Error {}

/** Most entries of one archive. */
export const MAX_ENTRIES = 10_000
