import { IMAGE_FORMATS, type Sanitize } from '@drawbridge/contract'
import { ACCEPTED_SAMPLES } from './child/samples.ts'

/**
 * One tiny image of every accepted format through the whole pipeline. (That the forbidden ones are refused, each child
 * has shown by itself when it started.)
 *
 * @returns the formats, all of which work. @throws when one does not: then nothing may be served.
 */
export async function selfTest(sanitize: Sanitize): Promise<readonly string[]> {
  for (const format of IMAGE_FORMATS) {
    const verdict = await sanitize(Buffer.from(ACCEPTED_SAMPLES[format], 'base64'), 'image')
    if (verdict.outcome !== 'clean' || verdict.widthPx !== 2 || verdict.heightPx !== 2) {
      throw new Error(`self-test: ${format} does not pass through the sanitizer`)
    }
  }
  return IMAGE_FORMATS
}
