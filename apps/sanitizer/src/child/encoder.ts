import sharp, { type CreateRaw, type Sharp } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import {
  buildEncodeHead,
  ENCODER_FDS,
  TOKEN_BYTES,
  type AnswerStatus,
  type EncodeRequest,
  type Shape,
} from '../children/protocol.ts'
import { ENCODINGS, type Encoding } from '../encodings.ts'
import { dominantColorOf } from './dominant-color.ts'
import { lockDown } from '../sandbox/lock-down.ts'
import { encodeIndexedPng } from './indexed-png.ts'
import { averaged, rgbaOf, type Picture } from './rgba.ts'
import { ACCEPTED_SAMPLES, FORBIDDEN_SAMPLES } from './samples.ts'
import { fill, readFrame, writeFrame } from './stdio.ts'

/**
 * The encoder child: raw pixels in, files out. It cannot read any image file, and never sees a byte of the sender's. All
 * options are fixed, so the same pixels give the same files.
 */

sharp.cache(false)
sharp.concurrency(1)
sharp.block({ operation: ['VipsForeignLoad'] })

const COOPERATIVE_TIMEOUT_S = 6
/** Longest side of the picture that placeholder and color are made from; ThumbHash takes 100 at most. */
const TINY_SIDE_PX = 32

interface Files {
  readonly image: Buffer
  readonly thumbnails: readonly Buffer[]
  readonly placeholder: Uint8Array
  readonly dominantColor: number
}

type EncodeJob = Shape & Pick<EncodeRequest, 'encoding' | 'thumbnails'>

/** All files of one image. Both threads of this process are used: one for the image, one for what is made smaller. */
async function encode(job: EncodeJob, pixels: Buffer): Promise<Files> {
  // What both sides want in four bytes a pixel is made so once.
  const isIndexed = job.encoding === 'png-palette'
  const source: EncodeJob = isIndexed ? { ...job, channels: 4 } : job
  const rgba = isIndexed ? rgbaOf({ ...job, pixels }) : pixels
  const [image, stills] = await Promise.all([encodeImage(source, rgba), encodeStills(source, rgba)])
  return { image, ...stills }
}

function encodeImage(
  { encoding, widthPx, heightPx, channels, delaysMs, loop }: EncodeJob,
  pixels: Uint8Array,
): Promise<Buffer> {
  const frames = delaysMs.length
  if (frames <= 1) return write({ pixels, widthPx, heightPx, channels }, encoding)
  const { format, options } = ENCODINGS[encoding]
  const raw = { width: widthPx, height: heightPx * frames, channels, pageHeight: heightPx }
  return fromRaw(pixels, raw)
    .toFormat(format, { ...options, delay: [...delaysMs], loop })
    .toBuffer()
}

/** Thumbnails, placeholder and color of the first frame, each made from the next larger one. */
async function encodeStills({ widthPx, heightPx, channels, thumbnails }: EncodeJob, pixels: Uint8Array) {
  let still: Picture = { pixels: pixels.subarray(0, widthPx * heightPx * channels), widthPx, heightPx, channels }
  const files: Buffer[] = []
  for (const { encoding, maxSidePx } of thumbnails) {
    still = await shrunk(still, maxSidePx)
    files.push(await write(still, encoding))
  }
  const tiny = averaged(still, TINY_SIDE_PX)
  return {
    thumbnails: files,
    placeholder: rgbaToThumbHash(tiny.widthPx, tiny.heightPx, tiny.pixels),
    dominantColor: dominantColorOf(tiny.pixels),
  }
}

function fromRaw(pixels: Uint8Array, raw: CreateRaw): Sharp {
  return sharp(pixels, { raw, limitInputPixels: false }).timeout({ seconds: COOPERATIVE_TIMEOUT_S })
}

function fromPicture({ pixels, widthPx, heightPx, channels }: Picture): Sharp {
  return fromRaw(pixels, { width: widthPx, height: heightPx, channels })
}

async function shrunk(picture: Picture, maxSidePx: number): Promise<Picture> {
  const { data, info } = await fromPicture(picture)
    .resize({ width: maxSidePx, height: maxSidePx, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { pixels: data, widthPx: info.width, heightPx: info.height, channels: info.channels }
}

async function write(picture: Picture, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'png-palette') return encodeIndexedPng(picture, ENCODINGS[encoding].options)
  const { format, options } = ENCODINGS[encoding]
  return fromPicture(picture).toFormat(format, options).toBuffer()
}

/** Kept from one image to the next: fresh memory costs more than to copy into it. */
let kept = Buffer.alloc(0)
/** Larger ones are let go. A photo of 12 MP with transparency fits. */
const MAX_KEPT_BYTES = 48 * 1024 * 1024

function roomFor(bytes: number): Buffer {
  if (bytes > MAX_KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes)
  if (kept.length < bytes) kept = Buffer.allocUnsafeSlow(bytes)
  return kept.subarray(0, bytes)
}

/**
 * Reads the pixels of one image: between two copies of its token, which the decoder could not know before it was given
 * this image. So what it wrote too much, too little or too late for another one is noticed, and no pixel of it is used.
 */
function readPixels({ token, rawBytes }: EncodeRequest): Buffer | undefined {
  const expected = Buffer.from(token, 'base64')
  const mark = Buffer.alloc(TOKEN_BYTES)
  const isHere = () => fill(ENCODER_FDS.pixels, mark) && mark.equals(expected)
  const pixels = roomFor(rawBytes)
  return isHere() && fill(ENCODER_FDS.pixels, pixels) && isHere() ? pixels : undefined
}

/** Every encoder works, which also warms it up. */
async function probeEncoders(): Promise<Record<string, boolean>> {
  const results: Record<string, boolean> = {}
  for (const encoding of Object.keys(ENCODINGS) as Encoding[]) {
    const { format } = ENCODINGS[encoding]
    const job: EncodeJob = {
      encoding,
      widthPx: 40,
      heightPx: 40,
      channels: 4,
      delaysMs: [],
      loop: 0,
      thumbnails: [{ encoding, maxSidePx: 36 }],
    }
    const isRight = await encode(job, Buffer.alloc(6_400, 128)).then(
      ({ image, thumbnails }) => image.length > 0 && thumbnails.length === 1,
      () => false,
    )
    results[format] = isRight && (results[format] ?? true)
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

function say(status: AnswerStatus, nonce: number, files?: Files): void {
  writeFrame(ENCODER_FDS.answers, buildEncodeHead({ status, nonce, dominantColor: files?.dominantColor ?? 0 }))
  if (files === undefined) return
  for (const file of [files.image, ...files.thumbnails, files.placeholder]) writeFrame(ENCODER_FDS.answers, file)
}

const hello = {
  sharp: sharp.versions.sharp ?? '',
  libvips: sharp.versions.vips,
  accepted: await probeEncoders(),
  refused: await probeLoaders(),
  // Last: from here on nothing can be loaded.
  sandbox: await lockDown(),
}
writeFrame(ENCODER_FDS.answers, Buffer.from(JSON.stringify(hello)))
for (let frame = readFrame(ENCODER_FDS.requests); frame; frame = readFrame(ENCODER_FDS.requests)) {
  const request = JSON.parse(frame.toString()) as EncodeRequest
  const pixels = readPixels(request)
  const files = pixels && (await encode(request, pixels).catch(() => undefined))
  say(files ? 'ok' : 'failed', request.nonce, files)
}
