export interface GifFrame {
  readonly left?: number
  readonly top?: number
  readonly widthPx: number
  readonly heightPx: number
  /** Index of the color, below 128. */
  readonly pixelAt: (x: number, y: number) => number
  /** Hundredths of a second. */
  readonly delay?: number
  readonly disposal?: number
  readonly transparentIndex?: number
}

export interface GifOptions {
  readonly widthPx: number
  readonly heightPx: number
  readonly frames: readonly GifFrame[]
  /** How often the animation plays, 0 for ever. Absent: no loop extension. */
  readonly loop?: number
  readonly hasColorTable?: boolean
  readonly hasTrailer?: boolean
}

/** With 7-bit symbols every code is one byte, as long as the table is cleared before it grows past 256. */
const CODE_SIZE = 7
const CLEAR = 128
const END = 129
const PIXELS_PER_CLEAR = 120
const COLORS: readonly (readonly [number, number, number])[] = [
  [220, 30, 30],
  [30, 200, 30],
  [30, 30, 220],
  [230, 220, 40],
]

/** GIF89a, written without compression. */
export function buildGif({
  widthPx,
  heightPx,
  frames,
  loop,
  hasColorTable = true,
  hasTrailer = true,
}: GifOptions): Buffer {
  return Buffer.concat([
    gifScreen(widthPx, heightPx, hasColorTable),
    ...(loop === undefined
      ? []
      : [Buffer.from('\x21\xff\x0bNETSCAPE2.0\x03\x01', 'latin1'), u16(loop), Buffer.alloc(1)]),
    ...frames.map(gifFrame),
    ...(hasTrailer ? [Buffer.from([0x3b])] : []),
  ])
}

/** Signature, logical screen and a table of 128 colors: red, green, blue, yellow, then grays. */
export function gifScreen(widthPx: number, heightPx: number, hasColorTable = true): Buffer {
  const table = Array.from({ length: 128 }, (_, index) => COLORS[index] ?? [index * 2, index * 2, index * 2])
  return Buffer.concat([
    Buffer.from('GIF89a'),
    u16(widthPx),
    u16(heightPx),
    Buffer.from([hasColorTable ? 0xf6 : 0x70, 0, 0]),
    Buffer.from(hasColorTable ? table.flat() : []),
  ])
}

/** Graphic control extension and image of one frame. */
export function gifFrame({
  left = 0,
  top = 0,
  widthPx,
  heightPx,
  pixelAt,
  delay = 10,
  disposal = 1,
  transparentIndex,
}: GifFrame): Buffer {
  const codes: number[] = []
  for (let at = 0; at < widthPx * heightPx; at++) {
    if (at % PIXELS_PER_CLEAR === 0) codes.push(CLEAR)
    codes.push(pixelAt(at % widthPx, Math.floor(at / widthPx)))
  }
  codes.push(END)
  const blocks: Buffer[] = []
  for (let at = 0; at < codes.length; at += 255) {
    const block = codes.slice(at, at + 255)
    blocks.push(Buffer.from([block.length, ...block]))
  }
  const isTransparent = transparentIndex !== undefined
  return Buffer.concat([
    Buffer.from([0x21, 0xf9, 4, (disposal << 2) | (isTransparent ? 1 : 0)]),
    u16(delay),
    Buffer.from([transparentIndex ?? 0, 0, 0x2c]),
    u16(left),
    u16(top),
    u16(widthPx),
    u16(heightPx),
    Buffer.from([0, CODE_SIZE]),
    ...blocks,
    Buffer.alloc(1),
  ])
}

function u16(value: number): Buffer {
  return Buffer.from([value & 0xff, (value >> 8) & 0xff])
}

/** A square that moves over a transparent ground, `frames` pictures of `sidePx`. */
export function animatedGif(sidePx: number, frames: number, delay = 10): Buffer {
  const square = Math.max(1, Math.floor(sidePx / 4))
  return buildGif({
    widthPx: sidePx,
    heightPx: sidePx,
    loop: 0,
    frames: Array.from({ length: frames }, (_, frame) => ({
      widthPx: sidePx,
      heightPx: sidePx,
      delay,
      disposal: 2,
      transparentIndex: 127,
      pixelAt: (x: number, y: number) =>
        x >= frame % sidePx && x < (frame % sidePx) + square && y < square ? frame % 3 : y > sidePx - 2 ? 3 : 127,
    })),
  })
}

/** A large screen, and many frames of one pixel each: little to read, and much to put together. */
export function tinyFrames(sidePx: number, frames: number): Buffer {
  const frame = gifFrame({ widthPx: 1, heightPx: 1, pixelAt: () => 1 })
  return Buffer.concat([gifScreen(sidePx, sidePx), ...Array<Buffer>(frames).fill(frame), Buffer.from([0x3b])])
}
