import sharp from 'sharp'
import { buildDecodeHead, DECODER_FDS, type DecodeHead, type DecodeRequest } from '../children/protocol.ts'
import { lockDown } from '../sandbox/lock-down.ts'
import { drain, readFrame, writeFrame } from './stdio.ts'

/** libvips gives up by itself at the next progress mark after this many seconds; the parent kills later. */
const COOPERATIVE_TIMEOUT_S = 6
const MAX_CHANNELS = 5

type DecodeJob = Omit<DecodeRequest, 'nonce' | 'token'>

type Decoded =
  | (Omit<DecodeHead, 'nonce'> & { readonly status: 'ok'; readonly pixels: Buffer })
  | { readonly status: Exclude<DecodeHead['status'], 'ok'> }

const PROBE: DecodeJob = {
  isAnimated: false,
  maxInputPixels: 65_536,
  maxSidePx: 256,
  maxFrames: 1,
  maxOutputSidePx: 256,
  maxRawBytes: 262_144,
}

async function decode(job: DecodeJob, bytes: Buffer): Promise<Decoded> {
  const { isAnimated, maxInputPixels, maxSidePx, maxFrames, maxOutputSidePx, maxRawBytes } = job
  const input = sharp(bytes, {
    failOn: 'warning',
    limitInputPixels: maxInputPixels,
    limitInputChannels: MAX_CHANNELS,
    unlimited: false,
    animated: isAnimated,
  }).timeout({ seconds: COOPERATIVE_TIMEOUT_S })

  const { width, height, pages = 1, pageHeight = height, delay, loop = 0 } = await input.metadata()
  const frames = isAnimated ? pages : 1
  if (width > maxSidePx || pageHeight > maxSidePx) return { status: 'too-large' }
  if (frames > maxFrames) return { status: 'too-many-frames' }

  const upright = isAnimated ? input : input.autoOrient()
  const { data: pixels, info } = await upright
    .resize({ width: maxOutputSidePx, height: maxOutputSidePx, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (pixels.length > maxRawBytes) return { status: 'too-large' }
  return {
    status: 'ok',
    widthPx: info.width,
    heightPx: info.height / frames,
    channels: info.channels,
    frames,
    loop,
    delaysMs: frames > 1 ? (delay ?? []).slice(0, frames) : [],
    pixels,
  }
}

/** libvips explains itself in text, which may mislead and never leaves this process: only the kind does. */
async function decodeOrRefuse(job: DecodeJob, bytes: Buffer): Promise<Decoded> {
  try {
    return await decode(job, bytes)
  } catch (error) {
    const text = error instanceof Error ? error.message : ''
    if (/exceeds pixel limit|exceeds channel limit/.test(text)) return { status: 'too-large' }
    if (/timeout|out of memory|unable to allocate/i.test(text)) return { status: 'failed' }
    return { status: 'corrupt' }
  }
}

async function probe(samples: Readonly<Record<string, string>>, mustDecode: boolean): Promise<Record<string, boolean>> {
  const results: Record<string, boolean> = {}
  for (const [format, base64] of Object.entries(samples)) {
    const { status } = await decodeOrRefuse(PROBE, Buffer.from(base64, 'base64'))
    results[format] = (status === 'ok') === mustDecode
  }
  return results
}

/** What one kind of decoder reads. */
export interface DecoderKind {
  /** The only loaders that exist in it, by the names of libvips, which fail silently when misspelled: see the samples. */
  readonly loaders: readonly string[]
  readonly accepted: Readonly<Record<string, string>>
  readonly refused: Readonly<Record<string, string>>
}

/** Locks the child down, says hello, then decodes one image after the other until the parent closes the pipe. */
export async function serveDecoder({ loaders, accepted, refused }: DecoderKind): Promise<void> {
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: [...loaders] })
  const hello = {
    sharp: sharp.versions.sharp ?? '',
    libvips: sharp.versions.vips,
    accepted: await probe(accepted, true),
    refused: await probe(refused, false),
    // Last: from here on nothing can be loaded.
    sandbox: await lockDown(),
  }
  writeFrame(DECODER_FDS.answers, Buffer.from(JSON.stringify(hello)))
  for (;;) {
    const request = readFrame(DECODER_FDS.requests)
    const image = request && readFrame(DECODER_FDS.requests)
    if (request === undefined || image === undefined) return
    const { nonce, token, ...job } = JSON.parse(request.toString()) as DecodeRequest
    const decoded = await decodeOrRefuse(job, image)
    // The head first: the parent has to agree to it before the encoder reads.
    writeFrame(DECODER_FDS.answers, buildDecodeHead({ ...decoded, nonce }))
    if (decoded.status !== 'ok') continue
    const mark = Buffer.from(token, 'base64')
    for (const part of [mark, decoded.pixels, mark]) drain(DECODER_FDS.pixels, part)
  }
}
