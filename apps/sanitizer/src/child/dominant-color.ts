/** Bits per channel that tell two colors apart. */
const BITS = 4
const SHIFT = 8 - BITS
/** A pixel that is more transparent than this has no color. */
const MIN_ALPHA = 64

/**
 * The color that most of a picture is made of, as 0xrrggbb: the average of the fullest of 4096 equal cells of the color
 * cube. Gray for a picture of which nothing is seen.
 *
 * @param rgba - four bytes a pixel.
 */
export function dominantColorOf(rgba: Uint8Array): number {
  const cells = new Map<number, { count: number; red: number; green: number; blue: number }>()
  let fullest = { count: 0, red: 128, green: 128, blue: 128 }
  for (let at = 0; at + 3 < rgba.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(at, at + 4)
    if (alpha < MIN_ALPHA) continue
    const key = ((red >> SHIFT) << (2 * BITS)) | ((green >> SHIFT) << BITS) | (blue >> SHIFT)
    const cell = cells.get(key) ?? { count: 0, red: 0, green: 0, blue: 0 }
    cells.set(key, cell)
    cell.count += 1
    cell.red += red
    cell.green += green
    cell.blue += blue
    if (cell.count > fullest.count) fullest = cell
  }
  const average = (sum: number) => Math.round(sum / Math.max(fullest.count, 1))
  return (average(fullest.red) << 16) | (average(fullest.green) << 8) | average(fullest.blue)
}
