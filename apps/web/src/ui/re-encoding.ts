import type { Media } from '../protocol/media.ts'
import type { Texts } from '../texts/index.ts'
import { formatList } from '@drawbridge/ui'
import { formatBytes } from './format.ts'

/** What the server did to an image, in sentences; the empty string where that is not known. */
export function reEncodingText({ reEncoding, bytes }: Media, t: Texts, language: string): string {
  if (!reEncoding) return ''
  const { removed, isAnimationDropped, fromBytes } = reEncoding
  const parts = [t.reEncoded]
  if (removed.length > 0) parts.push(t.reEncodedRemoved(formatList(removed.map(t.removedPart), language)))
  if (isAnimationDropped) parts.push(t.reEncodedFlattened)
  if (bytes !== undefined) parts.push(`${formatBytes(fromBytes, language)} → ${formatBytes(bytes, language)}`)
  return parts.join(' ')
}

/** Whether its sender lost something that they may not know of. */
export function isWorthTelling({ reEncoding }: Media): boolean {
  return reEncoding !== undefined && (reEncoding.removed.length > 0 || reEncoding.isAnimationDropped)
}
