/** A string that a PRECIS profile, or IDNA, does not allow. */
export class PrecisFault extends Error {
  override readonly name = 'PrecisFault'
}

/** A code point as the standards write it: U+00E4. */
export function named(c: number): string {
  return `U+${c.toString(16).toUpperCase().padStart(4, '0')}`
}
