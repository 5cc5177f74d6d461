/** Bytes of a string of 0 and 1, filled up with zeros. Blanks are for the reader. */
export function bytesOfBits(bits: string, order: 'first bit highest' | 'first bit lowest'): Buffer {
  const digits = bits.replaceAll(' ', '')
  const bytes = Buffer.alloc(Math.ceil(digits.length / 8))
  for (let at = 0; at < digits.length; at++) {
    if (digits[at] !== '1') continue
    const index = at >> 3
    bytes[index] = (bytes[index] ?? 0) | (order === 'first bit lowest' ? 1 << (at & 7) : 0x80 >> (at & 7))
  }
  return bytes
}
