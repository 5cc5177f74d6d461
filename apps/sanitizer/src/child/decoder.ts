import sharp from 'sharp'
import type { DecodeRequest } from '../children/protocol.ts'
import { ACCEPTED_SAMPLES, FORBIDDEN_SAMPLES } from './samples.ts'
import { refusal, serve, type Answer } from './serve.ts'

/**
 * The decoder child: the only process that ever holds a sender's bytes together with code that understands them. It
 * answers with raw pixels, or with one word. It never encodes.
 */

/** The only loaders that exist here; the names are those of libvips and fail silently when misspelled: see samples. */
const LOADERS = ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp', 'VipsForeignLoadNsgif']

/** libvips gives up by itself at the next progress mark after this many seconds; the parent kills later. */
const COOPERATIVE_TIMEOUT_S = 6
const MAX_CHANNELS = 5

sharp.cache(false)
sharp.concurrency(1)
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: LOADERS })

const PROBE: DecodeRequest = {
  nonce: 0,
  isAnimated: false,
  maxInputPixels: 65_536,
  maxSidePx: 256,
  maxFrames: 1,
  maxOutputSidePx: 256,
  maxRawBytes: 262_144,
}

async function decode(request: DecodeRequest, bytes: Buffer): Promise<Answer> {
  const { isAnimated, maxInputPixels, maxSidePx, maxFrames, maxOutputSidePx, maxRawBytes } = request
  const input = sharp(bytes, {
    failOn: 'warning',
    limitInputPixels: maxInputPixels,
    limitInputChannels: MAX_CHANNELS,
    unlimited: false,
    animated: isAnimated,
  }).timeout({ seconds: COOPERATIVE_TIMEOUT_S })

  const { width, height, pages = 1, pageHeight = height, delay, loop } = await input.metadata()
  const frames = isAnimated ? pages : 1
  if (width > maxSidePx || pageHeight > maxSidePx) return refusal('too-large')
  if (frames > maxFrames) return refusal('too-many-frames')

  const upright = isAnimated ? input : input.autoOrient()
  const { data, info } = await upright
    .resize({ width: maxOutputSidePx, height: maxOutputSidePx, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (data.length > maxRawBytes) return refusal('too-large')
  const head = {
    status: 'ok',
    widthPx: info.width,
    heightPx: info.height / frames,
    channels: info.channels,
    frames,
    loop: loop ?? 0,
    delaysMs: frames > 1 ? (delay ?? []).slice(0, frames) : [],
  } as const
  return [head, data]
}

/** libvips explains itself in text, which may mislead and never leaves this process: only the kind does. */
async function decodeOrRefuse(request: DecodeRequest, bytes: Buffer): Promise<Answer> {
  try {
    return await decode(request, bytes)
  } catch (error) {
    const text = error instanceof Error ? error.message : ''
    if (/exceeds pixel limit|exceeds channel limit/.test(text)) return refusal('too-large')
    if (/timeout|out of memory|unable to allocate/i.test(text)) return refusal('failed')
    return refusal('corrupt')
  }
}

async function probe(samples: Readonly<Record<string, string>>, mustDecode: boolean): Promise<Record<string, boolean>> {
  const results: Record<string, boolean> = {}
  for (const [format, base64] of Object.entries(samples)) {
    const [{ status }] = await decodeOrRefuse(PROBE, Buffer.from(base64, 'base64'))
    results[format] = (status === 'ok') === mustDecode
  }
  return results
}

await serve<DecodeRequest>(
  {
    sharp: sharp.versions.sharp ?? '',
    libvips: sharp.versions.vips,
    accepted: await probe(ACCEPTED_SAMPLES, true),
    refused: await probe(FORBIDDEN_SAMPLES, false),
  },
  decodeOrRefuse,
)
