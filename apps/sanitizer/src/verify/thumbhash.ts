import { must } from './verified.ts'

/**
 * Checks that a ThumbHash is as long as its own header says: 5 or 6 bytes, then half a byte for each coefficient of
 * lightness, two colors and alpha. Any value of them is a picture.
 *
 * @throws VerifyError
 */
export function verifyThumbhash(hash: Uint8Array): void {
  const [, , third = 0, fourth = 0, fifth = 0] = hash
  must(hash.length >= 5, 'ThumbHash: no header')
  const hasAlpha = (third & 0x80) !== 0
  const isLandscape = (fifth & 0x80) !== 0
  const longer = hasAlpha ? 5 : 7
  const shorter = Math.max(3, fourth & 7)
  const lightness = isLandscape ? coefficients(longer, shorter) : coefficients(shorter, longer)
  const count = lightness + 2 * coefficients(3, 3) + (hasAlpha ? coefficients(5, 5) : 0)
  must(hash.length === (hasAlpha ? 6 : 5) + Math.ceil(count / 2), 'ThumbHash: length')
}

/** Coefficients of one channel: a triangle of the cosine transform, without its first. */
function coefficients(columns: number, rows: number): number {
  let count = 0
  for (let row = 0; row < rows; row++) count += Math.ceil((columns * (rows - row)) / rows)
  return count - 1
}
