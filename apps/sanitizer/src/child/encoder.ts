import sharp, { type Sharp } from 'sharp'
import type { EncodeRequest } from '../children/protocol.ts'
import { ENCODINGS, FORMAT_OF, type Encoding } from '../profiles.ts'
import { ACCEPTED_SAMPLES, FORBIDDEN_SAMPLES } from './samples.ts'
import { refusal, serve, type Answer } from './serve.ts'

/**
 * The encoder child: raw pixels in, file out. It cannot read any image file, and never sees a byte of the sender's. All
 * options are fixed, so the same pixels give the same file.
 */

sharp.cache(false)
sharp.concurrency(1)
sharp.block({ operation: ['VipsForeignLoad'] })

const COOPERATIVE_TIMEOUT_S = 6

type Write = (image: Sharp, animation: { delay?: number[]; loop?: number }) => Sharp

const WRITE: Readonly<Record<Encoding, Write>> = {
  // Optimal Huffman tables would double the time for 2 % of size.
  jpeg: (image) => image.jpeg({ quality: 80, chromaSubsampling: '4:2:0', optimiseCoding: false }),
  png: (image) => image.png({ compressionLevel: 6, adaptiveFiltering: false }),
  'png-palette': (image) => image.png({ palette: true, effort: 1, compressionLevel: 6 }),
  webp: (image) => image.webp({ quality: 80, effort: 2 }),
  'webp-lossless': (image, animation) => image.webp({ lossless: true, effort: 0, ...animation }),
  'webp-animated': (image, animation) => image.webp({ quality: 75, effort: 0, ...animation }),
  gif: (image, animation) => image.gif({ effort: 1, ...animation }),
}

async function encode(request: EncodeRequest, pixels: Buffer): Promise<Answer> {
  const { encoding, widthPx, heightPx, channels, delaysMs, loop } = request
  const frames = Math.max(delaysMs.length, 1)
  const animation = frames > 1 ? { delay: [...delaysMs], loop } : {}
  const image = sharp(pixels, {
    raw: {
      width: widthPx,
      height: heightPx * frames,
      channels,
      ...(frames > 1 && { pageHeight: heightPx }),
    },
    limitInputPixels: false,
  }).timeout({ seconds: COOPERATIVE_TIMEOUT_S })
  return [{ status: 'ok' }, await WRITE[encoding](image, animation).toBuffer()]
}

async function encodeOrFail(request: EncodeRequest, pixels: Buffer): Promise<Answer> {
  try {
    return await encode(request, pixels)
  } catch {
    return refusal('failed')
  }
}

/** Every encoder works, which also warms it up. */
async function probeEncoders(): Promise<Record<string, boolean>> {
  const results: Record<string, boolean> = {}
  for (const encoding of ENCODINGS) {
    const request: EncodeRequest = { nonce: 0, encoding, widthPx: 4, heightPx: 4, channels: 4, delaysMs: [], loop: 0 }
    const [{ status }] = await encodeOrFail(request, Buffer.alloc(64, 128))
    results[FORMAT_OF[encoding]] = status === 'ok' && (results[FORMAT_OF[encoding]] ?? true)
  }
  return results
}

/** No loader works here, not even those of the accepted formats. */
async function probeLoaders(): Promise<Record<string, boolean>> {
  const results: Record<string, boolean> = {}
  for (const [format, base64] of Object.entries({ ...ACCEPTED_SAMPLES, ...FORBIDDEN_SAMPLES })) {
    results[format] = await sharp(Buffer.from(base64, 'base64'))
      .raw()
      .toBuffer()
      .then(
        () => false,
        () => true,
      )
  }
  return results
}

await serve<EncodeRequest>(
  {
    sharp: sharp.versions.sharp ?? '',
    libvips: sharp.versions.vips,
    accepted: await probeEncoders(),
    refused: await probeLoaders(),
  },
  encodeOrFail,
)
