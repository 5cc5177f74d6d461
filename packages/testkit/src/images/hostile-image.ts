import type { ImageRejectReason } from '@drawbridge/contract'

/** One entry of the catalog of hostile and odd files. */
export interface HostileImage {
  /** Group of the catalog: PNG, bombs, structure, polyglots, metadata, wrong type, animation, steganography. */
  readonly group: 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H'
  readonly name: string
  /** Makes the file; the large ones take a moment. */
  readonly bytes: () => Buffer
  /** `either`: clean or refused, both are right. */
  readonly expect: 'clean' | 'refused' | 'either' | 'not-an-image'
  /** The reason that the sender is told, where it matters. */
  readonly reason?: ImageRejectReason
  /** What the refusal calls the format. */
  readonly inputFormat?: string
  /** Text of the payload, which must not be in a clean output. */
  readonly payload?: string
  /** Size of the clean output, where it is not that of the input. */
  readonly size?: readonly [widthPx: number, heightPx: number]
  /** Sent where policy and setting let AVIF in. Absent: they do not. */
  readonly acceptsAvif?: true
  /** Takes seconds: left to a command. */
  readonly isHeavy?: true
  /** What the outcome does not say, for the page. */
  readonly note?: string
}
