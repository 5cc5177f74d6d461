import { createHash, randomInt } from 'node:crypto'
import type { CleanImage, ImageFormat, ImageRejectReason, Sanitize, SanitizeVerdict } from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import { BoundsError, readBounds, type Bounds } from './bounds/index.ts'
import { ChildFault, type Child } from './children/child.ts'
import type { JobResult, Pool } from './children/pool.ts'
import type { AnswerHead } from './children/protocol.ts'
import type { Lanes } from './lanes.ts'
import { FORMAT_OF, maxBytesOf, planFor, type Plan } from './profiles.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'
import { sniff } from './sniff.ts'
import { verify, VerifyError } from './verify/index.ts'

export interface Pipeline {
  readonly config: SanitizerConfig
  readonly decoders: Pool
  readonly encoders: Pool
  readonly lanes: Lanes
  readonly log: Log
}

/** How a stage gets its child. */
type Run = <T>(pool: Pool, job: (child: Child) => Promise<JobResult<T>>) => Promise<T>

/** Raw pixels on their way from the decoder to the encoder: any value of any of them is valid. */
interface Pixels {
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: 1 | 2 | 3 | 4
  readonly delaysMs: readonly number[]
  readonly loop: number
  readonly bytes: Buffer
}

const ATTEMPTS = 2
const MIN_DELAY_MS = 20
const MAX_DELAY_MS = 10_000
const MAX_LOOP = 0xffff
/** From here on an image takes a good part of a second. */
const HEAVY_PIXELS = 8_000_000
const REMEMBERED_FAILURES = 1_000
/** A file that we make is never larger than its pixels and a little per frame. */
const OUTPUT_SLACK_BYTES = 65_536

/**
 * sniff → bounds → decoder child → raw pixels → encoder child → verify.
 *
 * Rejects with `Overloaded` when the queue is full and with the reason of `signal` when it aborts; everything else is a
 * verdict.
 */
export function createSanitizer(pipeline: Pipeline): Sanitize {
  const failures = new Set<string>()

  return async (bytes, profile, { signal = new AbortController().signal } = {}) => {
    const { config, lanes } = pipeline
    const sniffed = sniff(bytes)
    if (sniffed.kind === 'not-an-image') return { outcome: 'not-an-image' }
    if (sniffed.kind === 'forbidden') return refused('unsupported', sniffed.format)
    const inputFormat = sniffed.format
    if (bytes.length > maxBytesOf(profile, config)) return refused('too-large', inputFormat)

    const bounds = tryBounds(inputFormat, bytes)
    if (typeof bounds === 'string') return refused(bounds, inputFormat)
    const plan = planFor(inputFormat, bounds, profile, config)
    if (typeof plan === 'string') return refused(plan, inputFormat)

    // A file that killed two children once does not get to kill two more.
    const key = `${profile} ${createHash('sha256').update(bytes).digest('base64')}`
    if (failures.has(key)) return refused('failed', inputFormat)

    const lane = profile === 'image' ? 'image' : 'inline'
    const isHeavy = bounds.widthPx * bounds.heightPx * bounds.frames > HEAVY_PIXELS
    const image = bytes.subarray(0, bounds.endOffset)
    const verdict = await lanes.run(lane, isHeavy, signal, () => reencode(pipeline, image, bounds, plan, signal))
    if (verdict.outcome === 'refused' && verdict.reason === 'failed') remember(failures, key)
    return verdict
  }
}

function tryBounds(format: ImageFormat, bytes: Uint8Array): Bounds | ImageRejectReason {
  try {
    return readBounds(format, bytes)
  } catch (error) {
    if (error instanceof BoundsError) return error.reason
    throw error
  }
}

function remember(failures: Set<string>, key: string): void {
  failures.add(key)
  const [oldest] = failures
  if (failures.size > REMEMBERED_FAILURES && oldest !== undefined) failures.delete(oldest)
}

function refused(reason: ImageRejectReason, inputFormat: string): SanitizeVerdict {
  return { outcome: 'refused', reason, inputFormat }
}

/** Both stages, and once more with fresh children when one of them failed. */
async function reencode(
  pipeline: Pipeline,
  image: Uint8Array,
  bounds: Bounds,
  plan: Plan,
  signal: AbortSignal,
): Promise<SanitizeVerdict> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // The second attempt trusts nothing that was there during the first.
    const on: Run = (pool, job) => (attempt === 1 ? pool.use(signal, job) : pool.useFresh(signal, job))
    try {
      const pixels = await decode(pipeline, image, bounds, plan, signal, on)
      if (typeof pixels === 'string') return refused(pixels, plan.inputFormat)
      return await encode(pipeline, pixels, plan, signal, on)
    } catch (error) {
      // A second attempt that runs out of time has had its chance; a first one may just have waited for long.
      if (attempt > 1 && isTimeout(signal)) break
      signal.throwIfAborted()
      if (!(error instanceof ChildFault)) throw error
      const { kind, message } = error
      pipeline.log.warn('a stage failed', {
        kind,
        why: message,
        attempt,
        format: plan.inputFormat,
        bytes: image.length,
      })
    }
  }
  return refused('failed', plan.inputFormat)
}

function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

async function decode(
  { config, decoders }: Pipeline,
  image: Uint8Array,
  bounds: Bounds,
  plan: Plan,
  signal: AbortSignal,
  on: Run,
): Promise<Pixels | Exclude<ImageRejectReason, 'failed'>> {
  const request = {
    nonce: randomInt(2 ** 32),
    isAnimated: plan.isAnimated,
    maxInputPixels: plan.maxInputPixels,
    maxSidePx: config.maxSidePx,
    maxFrames: plan.maxFrames,
    maxOutputSidePx: plan.maxOutputSidePx,
    maxRawBytes: config.maxRawBytes,
  }
  return on<Pixels | Exclude<ImageRejectReason, 'failed'>>(decoders, async (child) => {
    const { head, body } = await child.ask(request, image, {
      timeoutMs: config.decoderTimeoutMs,
      maxMemoryBytes: config.maxMemoryBytes,
      signal,
      bodyBytes: (answer) => rawBytesOf(answer, bounds, plan, config),
    })
    if (head.status === 'failed') throw new ChildFault('crashed', 'the decoder gave up')
    if (head.status !== 'ok') return { value: head.status, isChildClean: false }
    return { value: pixelsFrom(head, body), isChildClean: true }
  })
}

/** Length of the pixels by our own count, or undefined when the decoder's head cannot be true of this image. */
function rawBytesOf(head: AnswerHead, bounds: Bounds, plan: Plan, config: SanitizerConfig): number | undefined {
  const { widthPx, heightPx, channels, frames, delaysMs } = head
  const maxFrames = plan.isAnimated ? bounds.frames : 1
  const fits = (width: number, height: number) =>
    isScaled(widthPx, width, height, plan.maxOutputSidePx) && isScaled(heightPx, height, width, plan.maxOutputSidePx)
  // Turned upright, an image may have its sides swapped.
  const hasItsSize = fits(bounds.widthPx, bounds.heightPx) || fits(bounds.heightPx, bounds.widthPx)
  if (!hasItsSize || channels < 1 || channels > 4 || frames < 1 || frames > maxFrames) return undefined
  if (delaysMs.length > frames) return undefined
  const length = widthPx * heightPx * channels * frames
  return length <= config.maxRawBytes ? length : undefined
}

/** Whether `actual` is `side` scaled so that the longer of both sides is at most `maxSidePx`; rounding may differ. */
function isScaled(actual: number, side: number, otherSide: number, maxSidePx: number): boolean {
  const scale = Math.min(1, maxSidePx / Math.max(side, otherSide))
  return actual >= 1 && Math.abs(actual - side * scale) <= (scale === 1 ? 0 : 1)
}

function pixelsFrom({ widthPx, heightPx, channels, frames, delaysMs, loop }: AnswerHead, bytes: Buffer): Pixels {
  const clamped = Array.from({ length: frames }, (_, frame) =>
    Math.min(Math.max(delaysMs[frame] ?? MIN_DELAY_MS, MIN_DELAY_MS), MAX_DELAY_MS),
  )
  return {
    widthPx,
    heightPx,
    channels: channels as Pixels['channels'],
    delaysMs: frames > 1 ? clamped : [],
    loop: Math.min(loop, MAX_LOOP),
    bytes,
  }
}

async function encode(
  { config, encoders }: Pipeline,
  pixels: Pixels,
  plan: Plan,
  signal: AbortSignal,
  on: Run,
): Promise<CleanImage> {
  const { bytes: raw, ...shape } = pixels
  const request = { nonce: randomInt(2 ** 32), encoding: plan.encoding, ...shape }
  return on(encoders, async (child) => {
    const { head, body } = await child.ask(request, raw, {
      timeoutMs: config.encoderTimeoutMs,
      maxMemoryBytes: config.maxMemoryBytes,
      signal,
      bodyBytes: ({ bodyBytes }) =>
        bodyBytes > 0 && bodyBytes <= raw.length * 2 + OUTPUT_SLACK_BYTES ? bodyBytes : undefined,
    })
    if (head.status !== 'ok') throw new ChildFault('crashed', 'the encoder gave up')
    return { value: verifiedImage(body, pixels, plan), isChildClean: true }
  })
}

function verifiedImage(bytes: Buffer, pixels: Pixels, plan: Plan): CleanImage {
  const format = FORMAT_OF[plan.encoding]
  try {
    const { widthPx, heightPx, frames } = verify(format, bytes)
    if (widthPx !== pixels.widthPx || heightPx !== pixels.heightPx) throw new VerifyError('other size than its pixels')
    // An encoder may merge frames that do not differ.
    if (frames > Math.max(pixels.delaysMs.length, 1)) throw new VerifyError('more frames than its pixels')
    return {
      outcome: 'clean',
      format,
      inputFormat: plan.inputFormat,
      widthPx,
      heightPx,
      frames,
      bytes,
      thumbnails: [],
      placeholder: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
      dominantColor: '#808080',
      isAnimationDropped: false,
      features: [],
      profileVersion: '1',
      decoder: 'sharp',
      encoder: 'sharp',
    }
  } catch (error) {
    if (error instanceof VerifyError) throw new ChildFault('malformed', error.message)
    throw error
  }
}
