/** Most colors of one picture: what one byte a pixel can name. */
const MAX_COLORS = 256
const CHANNELS = 4
/** Bits of red, green, blue and alpha that tell two cells of the color space apart. */
const BITS = {
  opaque: { red: 5, green: 6, blue: 5, alpha: 0 },
  transparent: { red: 4, green: 5, blue: 4, alpha: 3 },
} as const
const CELLS = 2 ** 16
const ALPHA = 3
/** Between opaque and not, then between visible and not. */
const ALPHA_BORDERS = [254.5, 0.5] as const
/** Slots of the table in which colors are looked up until they are too many; the hash has as many values. */
const SLOTS = 1_024
const HASH_SHIFT = 22
/** How much an error in each channel is seen, squared: most of what an eye calls bright is green. */
const WEIGHTS = [0.25, 1, 0.2, 0.4] as const
/** A box that deviates less is one color but for rounding. */
const MIN_DEVIATION = 0.001

/** A picture of at most 256 colors. */
export interface Indexed {
  /** Four bytes a color: red, green, blue, alpha. */
  readonly colors: Uint8Array
  /** One byte a pixel. */
  readonly indexes: Uint8Array
}

type Bits = (typeof BITS)[keyof typeof BITS]

/** The colors of a picture, by cells of the color space; those that are empty are left out. */
interface Cells {
  readonly bits: Bits
  readonly keys: Uint32Array
  readonly counts: Uint32Array
  /** Average of the pixels of each, four values. */
  readonly means: Float64Array
}

/** Cells `from` to `to` in their order. */
interface Box {
  readonly from: number
  readonly to: number
  /** Channel in which its pixels differ most, their mean there, and by how much they deviate from it, squared. */
  readonly axis: number
  readonly mean: number
  readonly deviation: number
  /** Once it is split: what is above a value in one channel, and the rest. */
  split?: { readonly axis: number; readonly above: number; readonly halves: readonly [Box, Box] }
  /** While it is not: its place in the palette. */
  index: number
}

/**
 * Reduces a picture to at most 256 colors. One that has no more keeps every pixel. Otherwise the box of colors that
 * deviates most is split at its mean until there are 256, and a part of what each pixel loses is passed on to its
 * neighbors. The same pixels give the same result, on every machine.
 *
 * @param rgba - four bytes a pixel.
 * @param dither - the part that is passed on, from 0 to 1.
 */
export function toIndexed(rgba: Uint8Array, widthPx: number, dither: number): Indexed {
  return exact(rgba) ?? reduced(premultiplied(rgba), widthPx, dither)
}

/** What nobody sees has no color, and what is half seen has half of it: so distances mean the same for all pixels. */
function premultiplied(rgba: Uint8Array): Uint8Array {
  return scaled(rgba, (alpha) => alpha / 255)
}

function unmultiplied(colors: Uint8Array): Uint8Array {
  return scaled(colors, (alpha) => 255 / Math.max(alpha, 1))
}

function scaled(rgba: Uint8Array, factorOf: (alpha: number) => number): Uint8Array {
  const result = new Uint8Array(rgba)
  for (let at = 0; at < rgba.length; at += CHANNELS) {
    const alpha = rgba[at + 3] ?? 0
    if (alpha === 255) continue
    const factor = factorOf(alpha)
    for (let channel = at; channel < at + 3; channel++)
      result[channel] = Math.min(Math.round((rgba[channel] ?? 0) * factor), 255)
  }
  return result
}

/** Undefined when there are too many colors. */
function exact(rgba: Uint8Array): Indexed | undefined {
  const words = new Uint32Array(new Uint8Array(rgba).buffer)
  const places = new Int16Array(SLOTS).fill(-1)
  const found = new Uint32Array(MAX_COLORS)
  const indexes = new Uint8Array(words.length)
  let count = 0
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? 0
    let slot = Math.imul(word, 0x9e3779b1) >>> HASH_SHIFT
    while (places[slot] !== -1 && found[places[slot] ?? 0] !== word) slot = (slot + 1) % SLOTS
    if (places[slot] === -1) {
      if (count === MAX_COLORS) return undefined
      places[slot] = count
      found[count] = word
      count += 1
    }
    indexes[at] = places[slot] ?? 0
  }
  return { colors: new Uint8Array(found.buffer, 0, count * CHANNELS), indexes }
}

function reduced(pixels: Uint8Array, widthPx: number, dither: number): Indexed {
  const cells = countCells(pixels)
  const { root, leaves, order } = cut(cells)
  const colors = new Uint8Array(leaves.length * CHANNELS)
  /** By key, from 1: a color that only the dithering made may be in a cell that no pixel had. */
  const known = new Uint16Array(CELLS)
  for (const [index, leaf] of leaves.entries()) {
    leaf.index = index
    const within = order.subarray(leaf.from, leaf.to)
    colors.set(averageOf(cells, within), index * CHANNELS)
    for (const cell of within) known[cells.keys[cell] ?? 0] = index + 1
  }
  const find = (red: number, green: number, blue: number, alpha: number) =>
    leafOf(root, [red, green, blue, alpha]).index
  return {
    colors: unmultiplied(colors),
    indexes: diffuse(pixels, widthPx, dither, { colors, bits: cells.bits, known, find }),
  }
}

/** The cell of a color. Called for each pixel, twice. */
function keyOf(bits: Bits, red: number, green: number, blue: number, alpha: number): number {
  const above = ((red >> (8 - bits.red)) << bits.green) | (green >> (8 - bits.green))
  const color = (above << bits.blue) | (blue >> (8 - bits.blue))
  return bits.alpha === 0 ? color : (color << bits.alpha) | alphaLevel(alpha)
}

function countCells(pixels: Uint8Array): Cells {
  let lowestAlpha = 255
  for (let at = 3; at < pixels.length; at += CHANNELS) lowestAlpha = Math.min(lowestAlpha, pixels[at] ?? 0)
  const bits = lowestAlpha === 255 ? BITS.opaque : BITS.transparent
  // Number of the cell, from 1: so a page of this table that no color is in is never touched.
  const places = new Int32Array(CELLS)
  const most = Math.min(CELLS, pixels.length / CHANNELS)
  const keys = new Uint32Array(most)
  const counts = new Uint32Array(most)
  const sums = new Uint32Array(most * CHANNELS)
  let length = 0
  for (let at = 0; at < pixels.length; at += CHANNELS) {
    const red = pixels[at] ?? 0
    const green = pixels[at + 1] ?? 0
    const blue = pixels[at + 2] ?? 0
    const alpha = pixels[at + 3] ?? 0
    const key = keyOf(bits, red, green, blue, alpha)
    let cell = (places[key] ?? 0) - 1
    if (cell === -1) {
      cell = length
      length += 1
      places[key] = length
      keys[cell] = key
    }
    counts[cell] = (counts[cell] ?? 0) + 1
    const sum = cell * CHANNELS
    sums[sum] = (sums[sum] ?? 0) + red
    sums[sum + 1] = (sums[sum + 1] ?? 0) + green
    sums[sum + 2] = (sums[sum + 2] ?? 0) + blue
    sums[sum + 3] = (sums[sum + 3] ?? 0) + alpha
  }
  const means = new Float64Array(length * CHANNELS)
  for (let at = 0; at < means.length; at++) means[at] = (sums[at] ?? 0) / (counts[at >> 2] ?? 1)
  return { bits, keys: keys.subarray(0, length), counts, means }
}

/** One of eight, of which what is opaque has one for itself, and what is not seen has one. */
function alphaLevel(alpha: number): number {
  return alpha === 0 ? 0 : 1 + Math.floor((alpha * 6) / 255)
}

/** Splits the box with most to gain until there are enough; `order` lists the cells so that those of a box are together. */
function cut(cells: Cells): { readonly root: Box; readonly leaves: readonly Box[]; readonly order: Uint32Array } {
  const order = new Uint32Array(cells.keys.length)
  for (let cell = 0; cell < order.length; cell++) order[cell] = cell
  const root = boxOf(cells, order, 0, order.length)
  const leaves = [root]
  const split = (box: Box, axis: number, above: number) => {
    const middle = partition(cells, order, box, axis, above)
    if (middle === box.from || middle === box.to) return false
    const halves = [boxOf(cells, order, box.from, middle), boxOf(cells, order, middle, box.to)] as const
    box.split = { axis, above, halves }
    leaves.splice(leaves.indexOf(box), 1, ...halves)
    return true
  }
  // What is opaque must not get holes, nor what is transparent a veil.
  for (const above of ALPHA_BORDERS) split(leaves[0] ?? root, ALPHA, above)
  while (leaves.length < MAX_COLORS) {
    const box = leaves.reduce((best, each) => (each.deviation > best.deviation ? each : best))
    if (box.deviation < MIN_DEVIATION || !split(box, box.axis, box.mean)) break
  }
  return { root, leaves, order }
}

function boxOf({ counts, means }: Cells, order: Uint32Array, from: number, to: number): Box {
  let best: Box = { from, to, axis: 0, mean: 0, deviation: -1, index: 0 }
  for (let axis = 0; axis < CHANNELS; axis++) {
    let [count, sum, squares] = [0, 0, 0]
    for (let at = from; at < to; at++) {
      const cell = order[at] ?? 0
      const weight = counts[cell] ?? 0
      const value = means[cell * CHANNELS + axis] ?? 0
      count += weight
      sum += weight * value
      squares += weight * value * value
    }
    const mean = sum / count
    const deviation = (squares - sum * mean) * (WEIGHTS[axis] ?? 1)
    if (deviation > best.deviation) best = { ...best, axis, mean, deviation }
  }
  return best
}

/** Moves the cells that are not above a value to the front. @returns where the others begin. */
function partition({ means }: Cells, order: Uint32Array, { from, to }: Box, axis: number, above: number): number {
  let middle = from
  for (let at = from; at < to; at++) {
    const cell = order[at] ?? 0
    if ((means[cell * CHANNELS + axis] ?? 0) > above) continue
    order[at] = order[middle] ?? 0
    order[middle] = cell
    middle += 1
  }
  return middle
}

function averageOf({ counts, means }: Cells, within: Uint32Array): number[] {
  const sums = [0, 0, 0, 0]
  let count = 0
  for (const cell of within) {
    const weight = counts[cell] ?? 0
    count += weight
    for (let axis = 0; axis < CHANNELS; axis++)
      sums[axis] = (sums[axis] ?? 0) + weight * (means[cell * CHANNELS + axis] ?? 0)
  }
  return sums.map((sum) => Math.round(sum / count))
}

function leafOf(root: Box, color: readonly number[]): Box {
  let box = root
  while (box.split) box = box.split.halves[(color[box.split.axis] ?? 0) > box.split.above ? 1 : 0]
  return box
}

/** The colors there are, and which of them stands for a color. */
interface Palette {
  readonly colors: Uint8Array
  readonly bits: Bits
  /** By key, from 1; 0 for those that nobody has asked for. */
  readonly known: Uint16Array
  readonly find: (red: number, green: number, blue: number, alpha: number) => number
}

/** The pixels as indexes; half of the color that is passed on goes to the right, half goes down. No alpha does. */
function diffuse(
  pixels: Uint8Array,
  widthPx: number,
  dither: number,
  { colors, bits, known, find }: Palette,
): Uint8Array {
  const indexes = new Uint8Array(pixels.length / CHANNELS)
  const share = dither / 2
  /** What comes from above, by pixel of a row. */
  const above = new Float32Array(widthPx * CHANNELS)
  let red = 0
  let green = 0
  let blue = 0
  for (let pixel = 0, x = 0; pixel < indexes.length; pixel++) {
    const from = pixel * CHANNELS
    const down = x * CHANNELS
    red = within((pixels[from] ?? 0) + red + (above[down] ?? 0))
    green = within((pixels[from + 1] ?? 0) + green + (above[down + 1] ?? 0))
    blue = within((pixels[from + 2] ?? 0) + blue + (above[down + 2] ?? 0))
    const alpha = pixels[from + 3] ?? 0
    const key = keyOf(bits, red, green, blue, alpha)
    let index = (known[key] ?? 0) - 1
    if (index === -1) {
      index = find(red, green, blue, alpha)
      known[key] = index + 1
    }
    indexes[pixel] = index
    const color = index * CHANNELS
    above[down] = red = (red - (colors[color] ?? 0)) * share
    above[down + 1] = green = (green - (colors[color + 1] ?? 0)) * share
    above[down + 2] = blue = (blue - (colors[color + 2] ?? 0)) * share
    x += 1
    if (x < widthPx) continue
    x = red = green = blue = 0
  }
  return indexes
}

function within(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value
}
