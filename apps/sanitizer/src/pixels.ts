import type { Bounds } from './bounds/index.ts'
import type { DecodeHead, Shape } from './children/protocol.ts'
import type { Plan } from './profiles.ts'

/** Raw pixels that wait for the encoder: how many there are is our own count, any value of any of them is valid. */
export interface Pixels extends Shape {
  readonly frames: number
  readonly rawBytes: number
}

const MIN_DELAY_MS = 20
const MAX_DELAY_MS = 10_000
const MAX_LOOP = 0xffff

/** What a decoder said, clamped; undefined when it cannot be true of this image. */
export function pixelsFrom(head: DecodeHead, bounds: Bounds, plan: Plan, maxRawBytes: number): Pixels | undefined {
  const { widthPx, heightPx, channels, frames, delaysMs, loop } = head
  const maxFrames = plan.isAnimated ? bounds.frames : 1
  const fits = (width: number, height: number) =>
    isScaled(widthPx, width, height, plan.maxOutputSidePx) && isScaled(heightPx, height, width, plan.maxOutputSidePx)
  // Turned upright, an image may have its sides swapped.
  const hasItsSize = [bounds, bounds.drawn ?? bounds].some(
    ({ widthPx: width, heightPx: height }) => fits(width, height) || fits(height, width),
  )
  if (!hasItsSize || !isChannels(channels) || frames < 1 || frames > maxFrames || delaysMs.length > frames)
    return undefined
  const rawBytes = widthPx * heightPx * channels * frames
  if (rawBytes > maxRawBytes) return undefined
  const clamped = Array.from({ length: frames }, (_, frame) =>
    Math.min(Math.max(delaysMs[frame] ?? MIN_DELAY_MS, MIN_DELAY_MS), MAX_DELAY_MS),
  )
  return {
    widthPx,
    heightPx,
    channels,
    frames,
    delaysMs: frames > 1 ? clamped : [],
    loop: Math.min(loop, MAX_LOOP),
    rawBytes,
  }
}

function isChannels(value: number): value is Shape['channels'] {
  return value >= 1 && value <= 4
}

/** Whether `actual` is `side` scaled so that the longer of both sides is at most `maxSidePx`; rounding may differ. */
export function isScaled(actual: number, side: number, otherSide: number, maxSidePx: number): boolean {
  const scale = Math.min(1, maxSidePx / Math.max(side, otherSide))
  return actual >= 1 && Math.abs(actual - side * scale) <= (scale === 1 ? 0 : 1)
}
