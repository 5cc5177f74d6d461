import * as z from 'zod'
import {
  IMAGE_FEATURES,
  IMAGE_FORMATS,
  INPUT_FORMATS,
  THUMBNAIL_SIDES_PX,
  type CleanImage,
  type CleanThumbnail,
} from './sanitize.ts'

/**
 * How a clean image travels from the sanitizer to the server: `[u32 length][JSON head][file][thumbnail]…`, all files of
 * exactly the lengths that the head names, and nothing behind the last.
 */
export const CLEAN_IMAGE_TYPE = 'application/vnd.drawbridge.clean-image'

const MAX_HEAD_BYTES = 8_192
const MAX_SIDE_PX = 16_384

const side = z.number().int().min(1).max(MAX_SIDE_PX)
const file = {
  format: z.enum(IMAGE_FORMATS),
  widthPx: side,
  heightPx: side,
  byteLength: z.number().int().min(1).max(0x7fffffff),
}
const text = z.string().min(1).max(200)

const headSchema = z.strictObject({
  outcome: z.literal('clean'),
  ...file,
  inputFormat: z.enum(INPUT_FORMATS),
  frames: z.number().int().min(1).max(10_000),
  thumbnails: z
    .array(z.strictObject({ ...file, maxSidePx: z.literal(THUMBNAIL_SIDES_PX) }))
    .max(THUMBNAIL_SIDES_PX.length),
  placeholder: z.string().regex(/^[A-Za-z0-9+/]{6,36}={0,2}$/),
  dominantColor: z.string().regex(/^#[0-9a-f]{6}$/),
  isAnimationDropped: z.boolean(),
  features: z.array(z.enum(IMAGE_FEATURES)).max(IMAGE_FEATURES.length),
  profileVersion: text,
  decoder: text,
  encoder: text,
})

/** The parts of an answer, in the order in which they are sent. */
export function buildCleanAnswer({ bytes, thumbnails, ...head }: CleanImage): Uint8Array[] {
  const json = new TextEncoder().encode(
    JSON.stringify({
      ...head,
      byteLength: bytes.length,
      thumbnails: thumbnails.map(({ bytes: still, ...rest }) => ({ ...rest, byteLength: still.length })),
    }),
  )
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, json.length)
  return [length, json, bytes, ...thumbnails.map((thumbnail) => thumbnail.bytes)]
}

/** Reads an answer. @throws when anything in it is missing, too much, or out of its range. */
export function parseCleanAnswer(answer: Uint8Array): CleanImage {
  if (answer.length < 4) throw new Error('the answer is too short')
  const headBytes = new DataView(answer.buffer, answer.byteOffset, 4).getUint32(0)
  if (headBytes > MAX_HEAD_BYTES || 4 + headBytes > answer.length) throw new Error('the head of the answer is too long')
  let at = 4 + headBytes
  const { byteLength, thumbnails, ...head } = headSchema.parse(
    JSON.parse(new TextDecoder().decode(answer.subarray(4, at))),
  )
  const take = (length: number): Uint8Array => {
    const part = answer.subarray(at, at + length)
    if (part.length !== length) throw new Error('a file of the answer is too short')
    at += length
    return part
  }
  const bytes = take(byteLength)
  const stills = thumbnails.map(({ byteLength: length, ...rest }): CleanThumbnail => ({ ...rest, bytes: take(length) }))
  if (at !== answer.length) throw new Error('the answer is longer than its files')
  return { ...head, bytes, thumbnails: stills }
}
