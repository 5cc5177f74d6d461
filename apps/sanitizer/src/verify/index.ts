import type { ImageFormat } from '@drawbridge/contract'
import { UnexpectedEnd } from '../byte-reader.ts'
import { verifyGif } from './gif.ts'
import { verifyJpeg } from './jpeg.ts'
import { verifyPng } from './png.ts'
import { VerifyError, type Verified } from './verified.ts'
import { verifyWebp } from './webp.ts'

export { verifyThumbhash } from './thumbhash.ts'
export { must, VerifyError, type Verified } from './verified.ts'

const VERIFIERS = { jpeg: verifyJpeg, png: verifyPng, webp: verifyWebp, gif: verifyGif } as const

/**
 * Checks a file that the encoder made, segment by segment: only the kinds our encoder writes, nothing after the end
 * marker. Shares no code with the readers of input, so that one fault cannot blind both.
 *
 * @throws VerifyError
 */
export function verify(format: ImageFormat, bytes: Uint8Array): Verified {
  try {
    return VERIFIERS[format](bytes)
  } catch (error) {
    if (error instanceof UnexpectedEnd) throw new VerifyError(error.message)
    throw error
  }
}
