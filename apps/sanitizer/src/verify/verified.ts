/** What an output file really holds. */
export interface Verified {
  readonly widthPx: number
  readonly heightPx: number
  readonly frames: number
}

/** The encoder's output is not what it may be: never served. */
export class VerifyError extends Error {}

/** Throws `VerifyError` unless `condition` holds. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new VerifyError(what)
}
