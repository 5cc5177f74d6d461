import { THUMBNAIL_SIDES_PX, type CleanFile, type CleanThumbnail } from '@drawbridge/contract'
import type { Encoded } from './children/pair.ts'
import { ENCODINGS, type Encoding } from './encodings.ts'
import { isScaled, type Pixels } from './pixels.ts'
import { must, verify, verifyThumbhash } from './verify/index.ts'

type ThumbnailSide = (typeof THUMBNAIL_SIDES_PX)[number]

/** What the encoder was asked for. */
export interface Order {
  readonly encoding: Encoding
  readonly thumbnails: readonly { readonly encoding: Encoding; readonly maxSidePx: ThumbnailSide }[]
}

export interface Output extends CleanFile {
  readonly frames: number
  readonly thumbnails: readonly CleanThumbnail[]
  readonly placeholder: string
  readonly dominantColor: string
}

/** The encoder's files, each checked by its own structure. @throws VerifyError when one of them may not be served. */
export function verifiedOutput(encoded: Encoded, pixels: Pixels, order: Order): Output {
  const { format } = ENCODINGS[order.encoding]
  const { widthPx, heightPx, frames } = verify(format, encoded.image)
  must(widthPx === pixels.widthPx && heightPx === pixels.heightPx, 'another size than its pixels')
  // An encoder may merge frames that do not differ.
  must(frames <= pixels.frames, 'more frames than its pixels')
  verifyThumbhash(encoded.placeholder)
  return {
    format,
    widthPx,
    heightPx,
    frames,
    bytes: encoded.image,
    thumbnails: order.thumbnails.map((wanted, index) => verifiedThumbnail(encoded.thumbnails[index], pixels, wanted)),
    placeholder: encoded.placeholder.toString('base64'),
    dominantColor: `#${encoded.dominantColor.toString(16).padStart(6, '0')}`,
  }
}

function verifiedThumbnail(
  bytes: Buffer | undefined,
  pixels: Pixels,
  { encoding, maxSidePx }: Order['thumbnails'][number],
): CleanThumbnail {
  must(bytes !== undefined, 'no thumbnail')
  const { format } = ENCODINGS[encoding]
  const { widthPx, heightPx, frames } = verify(format, bytes)
  const isRight =
    isScaled(widthPx, pixels.widthPx, pixels.heightPx, maxSidePx) &&
    isScaled(heightPx, pixels.heightPx, pixels.widthPx, maxSidePx)
  must(isRight && frames === 1, 'a thumbnail of another size')
  return { maxSidePx, format, widthPx, heightPx, bytes }
}
