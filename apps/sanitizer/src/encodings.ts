import type { ImageFormat } from '@drawbridge/contract'

/**
 * How the encoder writes: every option there is, so that the same pixels give the same file. `profileVersion` is made
 * from this table: a change of it is a new version by itself.
 */
export const ENCODINGS = {
  // Optimal Huffman tables would double the time for 2 % of size.
  jpeg: { format: 'jpeg', options: { quality: 80, chromaSubsampling: '4:2:0', optimiseCoding: false } },
  png: { format: 'png', options: { compressionLevel: 6, adaptiveFiltering: false } },
  // Ours: libvips takes three times as long to find the colors.
  'png-palette': { format: 'png', options: { quantizer: 1, dither: 0.3, level: 3 } },
  webp: { format: 'webp', options: { quality: 85, effort: 2 } },
  'webp-lossless': { format: 'webp', options: { lossless: true, effort: 0 } },
  'webp-animated': { format: 'webp', options: { quality: 85, effort: 0 } },
  gif: { format: 'gif', options: { effort: 1 } },
} as const satisfies Record<string, { format: ImageFormat; options: object }>
export type Encoding = keyof typeof ENCODINGS
