/** Side of the windows that are compared, and the step from one to the next, in pixels. */
const WINDOW_PX = 8
const STEP_PX = 4
/** Wang et al. 2004: constants that keep flat windows stable. */
const C1 = (0.01 * 255) ** 2
const C2 = (0.03 * 255) ** 2

/**
 * Structural similarity of two pictures (Wang, Bovik, Sheikh, Simoncelli: "Image quality assessment", 2004), as the mean
 * over windows of 8 × 8 pixels of their luma (Rec. 601). 1: equal.
 *
 * @param rgb, other - three bytes a pixel, of the same size.
 */
export function ssim(rgb: Uint8Array, other: Uint8Array, widthPx: number): number {
  if (rgb.length !== other.length) throw new Error('pictures of two sizes cannot be compared')
  const [a, b] = [lumaOf(rgb), lumaOf(other)]
  const heightPx = a.length / widthPx
  let sum = 0
  let windows = 0
  for (let y = 0; y + WINDOW_PX <= heightPx; y += STEP_PX) {
    for (let x = 0; x + WINDOW_PX <= widthPx; x += STEP_PX) {
      sum += windowSsim(a, b, widthPx, y * widthPx + x)
      windows += 1
    }
  }
  return sum / windows
}

function lumaOf(rgb: Uint8Array): Float64Array {
  return Float64Array.from(
    { length: rgb.length / 3 },
    (_, at) => 0.299 * (rgb[3 * at] ?? 0) + 0.587 * (rgb[3 * at + 1] ?? 0) + 0.114 * (rgb[3 * at + 2] ?? 0),
  )
}

function windowSsim(a: Float64Array, b: Float64Array, widthPx: number, corner: number): number {
  let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0]
  for (let row = 0; row < WINDOW_PX; row++) {
    for (let at = corner + row * widthPx; at < corner + row * widthPx + WINDOW_PX; at++) {
      const [left, right] = [a[at] ?? 0, b[at] ?? 0]
      sumA += left
      sumB += right
      sumAA += left * left
      sumBB += right * right
      sumAB += left * right
    }
  }
  const count = WINDOW_PX * WINDOW_PX
  const [meanA, meanB] = [sumA / count, sumB / count]
  const [varianceA, varianceB] = [sumAA / count - meanA * meanA, sumBB / count - meanB * meanB]
  const covariance = sumAB / count - meanA * meanB
  return (
    ((2 * meanA * meanB + C1) * (2 * covariance + C2)) /
    ((meanA * meanA + meanB * meanB + C1) * (varianceA + varianceB + C2))
  )
}
