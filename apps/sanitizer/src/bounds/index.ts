import type { InputFormat } from '@drawbridge/contract'
import { UnexpectedEnd } from '../byte-reader.ts'
import { readAvifBounds } from './avif.ts'
import { BoundsError, type Bounds } from './bounds.ts'
import { readGifBounds } from './gif.ts'
import { readJpegBounds } from './jpeg.ts'
import { readPngBounds } from './png.ts'
import { readWebpBounds } from './webp.ts'

export { BoundsError, type Bounds } from './bounds.ts'

const READERS: Readonly<Record<InputFormat, (bytes: Uint8Array) => Bounds>> = {
  jpeg: readJpegBounds,
  png: readPngBounds,
  webp: readWebpBounds,
  gif: readGifBounds,
  avif: readAvifBounds,
}

/**
 * Size, frame count and features from fixed fields. Decompresses nothing, and takes time linear in the number of blocks.
 *
 * @throws BoundsError when the header is broken or names something that is never read.
 */
export function readBounds(format: InputFormat, bytes: Uint8Array): Bounds {
  try {
    const bounds = READERS[format](bytes)
    if (bounds.widthPx < 1 || bounds.heightPx < 1) throw new BoundsError('corrupt', 'a side of 0 pixels')
    if (bounds.endOffset === bytes.length) return bounds
    return { ...bounds, features: new Set([...bounds.features, 'trailingBytes']) }
  } catch (error) {
    if (error instanceof UnexpectedEnd) throw new BoundsError('corrupt', error.message)
    throw error
  }
}
