import type { SanitizeVerdict } from '@drawbridge/contract'
import type { HostileImage } from '@drawbridge/testkit/images'

/** What is not as the catalog says; undefined: nothing. */
export function mismatchOf(image: HostileImage, verdict: SanitizeVerdict | 'no answer'): string | undefined {
  if (verdict === 'no answer') return 'there was no answer'
  const { outcome } = verdict
  const isExpected = image.expect === 'either' ? outcome !== 'not-an-image' : outcome === image.expect
  if (!isExpected) return `${outcome}, not ${image.expect}`
  if (verdict.outcome === 'refused') {
    if (image.reason && verdict.reason !== image.reason) return `refused as ${verdict.reason}, not ${image.reason}`
    if (image.inputFormat && verdict.inputFormat !== image.inputFormat) return `taken for ${verdict.inputFormat}`
    // Of what costs seconds, running out of time is a good end; nothing else may lose its children.
    if (verdict.reason === 'failed' && !image.isHeavy) return 'children died, for a file that is only odd'
  }
  if (verdict.outcome === 'clean' && image.size) {
    const [widthPx, heightPx] = image.size
    if (verdict.widthPx !== widthPx || verdict.heightPx !== heightPx)
      return `${verdict.widthPx} × ${verdict.heightPx}, not ${widthPx} × ${heightPx}`
  }
  return undefined
}
