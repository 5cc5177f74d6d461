import type { InputFormat, Sanitize } from '@drawbridge/contract'
import { ACCEPTED_SAMPLES, FORBIDDEN_SAMPLES } from './child/samples.ts'

const SAMPLES: Readonly<Record<InputFormat, string>> = { ...ACCEPTED_SAMPLES, avif: FORBIDDEN_SAMPLES.avif }

/**
 * One tiny image of every accepted format through the whole pipeline. (That the forbidden ones are refused, each child
 * has shown by itself when it started.)
 *
 * @returns the formats, all of which work. @throws when one does not: then nothing may be served.
 */
export async function selfTest(sanitize: Sanitize, formats: readonly InputFormat[]): Promise<readonly InputFormat[]> {
  for (const format of formats) {
    const verdict = await sanitize(Buffer.from(SAMPLES[format], 'base64'), 'image', { acceptsAvif: true })
    if (verdict.outcome !== 'clean' || verdict.widthPx !== 2 || verdict.heightPx !== 2) {
      throw new Error(`self-test: ${format} does not pass through the sanitizer`)
    }
  }
  return formats
}
