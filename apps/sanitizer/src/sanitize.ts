import { createHash } from 'node:crypto'
import {
  IMAGE_FEATURES,
  INPUT_FORMATS,
  type CleanImage,
  type ImageRejectReason,
  type InputFormat,
  type RefusedImage,
  type Sanitize,
} from '@drawbridge/contract'
import { BoundedSet } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import { BoundsError, readBounds, type Bounds } from './bounds/index.ts'
import { pngEssentials } from './bounds/png.ts'
import type { Budgets } from './budgets.ts'
import { ChildFault } from './children/child.ts'
import type { Pair, StageLimits } from './children/pair.ts'
import type { JobResult, Pool } from './children/pool.ts'
import { Overloaded, turnFor, type Lanes } from './lanes.ts'
import { verifiedOutput, type Order, type Output } from './output.ts'
import { pixelsFrom, type Pixels } from './pixels.ts'
import type { Pools } from './pools.ts'
import { maxBytesOf, planFor, policyVersionOf, profileVersionOf, type Plan } from './profiles.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'
import { sniff } from './sniff.ts'
import { VerifyError } from './verify/index.ts'

export interface Pipeline {
  readonly config: SanitizerConfig
  readonly pools: Pick<Pools, 'for'>
  readonly lanes: Lanes
  readonly budgets: Budgets
  readonly log: Log
}

/** One image, looked at and found worth a decoder. */
interface Job {
  readonly image: Uint8Array
  readonly bounds: Bounds
  readonly plan: Plan
  readonly pool: Pool
  readonly signal: AbortSignal
}

type Refusal = Exclude<ImageRejectReason, 'failed'>

const ATTEMPTS = 2
const REMEMBERED_FAILURES = 1_000

/**
 * sniff → bounds → budget → queue → decoder child → raw pixels → encoder child → verify.
 *
 * Rejects with `Overloaded` when the queue is full, with `BudgetSpent` when the payer has to wait, and with the reason
 * of `signal` when it aborts; everything else is a verdict.
 */
export function createSanitizer(pipeline: Pipeline): Sanitize {
  const { config, pools, lanes, budgets } = pipeline
  const failures = new BoundedSet<string>(REMEMBERED_FAILURES)

  return async (bytes, profile, options = {}) => {
    const { signal = new AbortController().signal, origin = 'local', payer, acceptsAvif = false } = options
    const sniffed = sniff(bytes)
    if (sniffed.kind === 'not-an-image') return { outcome: 'not-an-image' }
    const inputFormat = sniffed.format
    const isReadable = isInputFormat(inputFormat) && (inputFormat !== 'avif' || acceptsAvif)
    const pool = isReadable ? pools.for(inputFormat, origin) : undefined
    if (!isReadable || pool === undefined) return { outcome: 'refused', reason: 'unsupported', inputFormat }
    const refused = (reason: ImageRejectReason): RefusedImage => ({
      outcome: 'refused',
      reason,
      inputFormat,
      policyVersion: policyVersionOf(config, pool.software.decoder),
    })
    if (bytes.length > maxBytesOf(profile, config)) return refused('too-large')
    const bounds = tryBounds(inputFormat, bytes)
    if (typeof bounds === 'string') return refused(bounds)
    const plan = planFor(inputFormat, bounds, profile, config)
    if (typeof plan === 'string') return refused(plan)

    // A file that killed two pairs of children does not get to kill two more.
    const keyOf = () => `${profile} ${createHash('sha256').update(bytes).digest('base64')}`
    if (failures.size > 0 && failures.has(keyOf())) return refused('failed')

    const pixels = bounds.widthPx * bounds.heightPx * bounds.frames
    budgets.charge(payer, pixels)
    const whole = bytes.subarray(0, bounds.endOffset)
    const job = { bounds, plan, pool, signal }
    const work = async () => {
      const startedAt = performance.now()
      const image = inputFormat === 'png' ? pngEssentials(whole) : whole
      return reencode(pipeline, { ...job, image }).finally(() => budgets.spend(payer, performance.now() - startedAt))
    }
    try {
      const outcome = await lanes.run(turnFor(bounds, profile, options), { signal, onQueued: options.onQueued }, work)
      if (typeof outcome !== 'string') return cleanImage(outcome, job, config)
      if (outcome === 'failed') failures.add(keyOf())
      return refused(outcome)
    } catch (error) {
      if (error instanceof Overloaded) budgets.refund(payer, pixels)
      throw error
    }
  }
}

function isInputFormat(format: string): format is InputFormat {
  return (INPUT_FORMATS as readonly string[]).includes(format)
}

function tryBounds(format: InputFormat, bytes: Uint8Array): Bounds | ImageRejectReason {
  try {
    return readBounds(format, bytes)
  } catch (error) {
    if (error instanceof BoundsError) return error.reason
    throw error
  }
}

function cleanImage(output: Output, { plan, bounds, pool }: Omit<Job, 'image'>, config: SanitizerConfig): CleanImage {
  const { decoder, encoder } = pool.software
  return {
    outcome: 'clean',
    ...output,
    inputFormat: plan.inputFormat,
    isAnimationDropped: plan.isAnimationDropped,
    features: IMAGE_FEATURES.filter((feature) => bounds.features.has(feature)),
    profileVersion: profileVersionOf(config, encoder),
    decoder,
    encoder,
  }
}

/** Both stages, and once more with a fresh pair when one of them failed. */
async function reencode(pipeline: Pipeline, job: Job): Promise<Output | ImageRejectReason> {
  const { pool, signal, plan, image } = job
  const work = (pair: Pair) => passThrough(pipeline.config, pair, job)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      // The second attempt trusts nothing that was there during the first.
      return await (attempt === 1 ? pool.use(signal, work) : pool.useFresh(signal, work))
    } catch (error) {
      // A second attempt that runs out of time has had its chance; a first one may just have waited for long.
      if (attempt > 1 && isTimeout(signal)) break
      signal.throwIfAborted()
      if (!(error instanceof ChildFault)) throw error
      const { kind, message } = error
      const { inputFormat } = plan
      pipeline.log.warn('a stage failed', { kind, why: message, attempt, format: inputFormat, bytes: image.length })
    }
  }
  return 'failed'
}

function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** One image through one pair. A pair that has refused one may be tainted by it. */
async function passThrough(config: SanitizerConfig, pair: Pair, job: Job): Promise<JobResult<Output | Refusal>> {
  const { image, bounds, plan, signal } = job
  const limits = (timeoutMs: number): StageLimits => ({ timeoutMs, maxMemoryBytes: config.maxMemoryBytes, signal })
  const head = await pair.decode(
    {
      isAnimated: plan.isAnimated,
      maxInputPixels: plan.maxInputPixels,
      maxSidePx: config.maxSidePx,
      maxFrames: plan.maxFrames,
      maxOutputSidePx: plan.maxOutputSidePx,
      maxRawBytes: config.maxRawBytes,
    },
    image,
    limits(config.decoderTimeoutMs),
  )
  if (head.status === 'failed') throw pair.kill('crashed', 'the decoder gave up')
  if (head.status !== 'ok') return { value: head.status, isPairClean: false }
  const pixels = pixelsFrom(head, bounds, plan, config.maxRawBytes)
  if (pixels === undefined) throw pair.kill('malformed', 'impossible head')
  const output = await encode(pair, pixels, plan, limits(config.encoderTimeoutMs))
  const isTooLarge = output.bytes.length > plan.maxOutputBytes
  return { value: isTooLarge ? 'too-large' : output, isPairClean: true }
}

async function encode(pair: Pair, pixels: Pixels, plan: Plan, limits: StageLimits): Promise<Output> {
  const hasAlpha = pixels.channels === 2 || pixels.channels === 4
  const order: Order = {
    encoding: plan.encoding(hasAlpha),
    thumbnails: plan.thumbnailSidesPx.map((maxSidePx) => ({ maxSidePx, encoding: hasAlpha ? 'webp' : 'jpeg' })),
  }
  const { frames: _frames, ...shape } = pixels
  const encoded = await pair.encode({ ...shape, ...order }, limits)
  try {
    return verifiedOutput(encoded, pixels, order)
  } catch (error) {
    if (error instanceof VerifyError) throw pair.kill('malformed', error.message)
    throw error
  }
}
