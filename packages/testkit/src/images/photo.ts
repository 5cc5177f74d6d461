/** Octaves of the noise: the largest blotch and the finest grain that are in a photo, in pixels. */
const LARGEST_PX = 256
const FINEST_PX = 2
/** How fast detail fades with its size: amplitude of an octave against the one twice as large. Photos have about half. */
const FADE = 0.58

/**
 * Pixels that are to an encoder what a photo is: areas of color, soft edges and some grain, by the spectrum that photos
 * have (amplitude falls with frequency). The same size gives the same pixels.
 *
 * @returns three bytes a pixel, RGB.
 */
export function photoPixels(widthPx: number, heightPx: number): Buffer {
  const light = new Float32Array(widthPx * heightPx)
  const tint = new Float32Array(widthPx * heightPx)
  let amplitude = 110
  for (let sizePx = LARGEST_PX; sizePx >= FINEST_PX; sizePx /= 2) {
    addNoise(light, widthPx, sizePx, amplitude, sizePx)
    // Colors change slower than lightness does.
    if (sizePx > 16) addNoise(tint, widthPx, sizePx, amplitude * 0.6, sizePx + 1)
    amplitude *= FADE
  }
  const pixels = Buffer.alloc(3 * widthPx * heightPx)
  for (let at = 0; at < light.length; at++) {
    const value = 128 + (light[at] ?? 0)
    const shift = tint[at] ?? 0
    pixels[3 * at] = clamp(value + shift)
    pixels[3 * at + 1] = clamp(value)
    pixels[3 * at + 2] = clamp(value - shift)
  }
  return pixels
}

/** Value noise: random points on a grid, and between them their smooth mixture. */
function addNoise(field: Float32Array, widthPx: number, sizePx: number, amplitude: number, seed: number): void {
  const columns = Math.ceil(widthPx / sizePx) + 2
  for (let at = 0; at < field.length; at++) {
    const x = (at % widthPx) / sizePx
    const y = Math.floor(at / widthPx) / sizePx
    const [column, row] = [Math.floor(x), Math.floor(y)]
    const [right, down] = [smooth(x - column), smooth(y - row)]
    const corner = row * columns + column
    const top = mix(random(corner, seed), random(corner + 1, seed), right)
    const bottom = mix(random(corner + columns, seed), random(corner + columns + 1, seed), right)
    field[at] = (field[at] ?? 0) + amplitude * (2 * mix(top, bottom, down) - 1)
  }
}

/** A number from 0 to 1 that is always the same for the same point. */
function random(point: number, seed: number): number {
  let bits = Math.imul(point + 0x9e3779b9 * seed, 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32
}

function smooth(ratio: number): number {
  return ratio * ratio * (3 - 2 * ratio)
}

function mix(from: number, to: number, ratio: number): number {
  return from + (to - from) * ratio
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)))
}
