import type { CleanImage } from '@drawbridge/contract'

/** What the sanitizer would answer, for tests that are not about it: these bytes, and plausible facts around them. */
export function cleanImage(fields: Pick<CleanImage, 'bytes'> & Partial<CleanImage>): CleanImage {
  return {
    outcome: 'clean',
    format: 'png',
    inputFormat: 'png',
    widthPx: 64,
    heightPx: 48,
    frames: 1,
    thumbnails: [],
    placeholder: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
    dominantColor: '#807060',
    isAnimationDropped: false,
    features: [],
    profileVersion: 'test-1',
    decoder: 'test',
    encoder: 'test',
    ...fields,
  }
}
