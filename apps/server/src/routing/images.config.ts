import { duration } from '@drawbridge/runtime'
import * as z from 'zod'

/** What the image filter is told. */
export const imagesConfig = z.object({
  isStrict: z.boolean().default(true).meta({
    env: 'DRAWBRIDGE_IMAGES_STRICT',
    doc: 'Whether extensions that this server does not know are refused when an element of them holds 1 KB or more of base64, hexadecimal digits or `data:`, since an image could be in it. What comes from components is refused in any case. Off, clients of your own may use extensions of their own, outside the guarantee.',
  }),
  maxPixelsPerMinute: z.coerce.number().int().min(1_000_000).max(1_000_000_000_000).default(600_000_000).meta({
    env: 'DRAWBRIDGE_IMAGES_PIXELS_PER_MINUTE',
    doc: 'Pixels that one account, or one remote domain, may have cleaned in a minute, over all frames: 600 million are 50 photos of 12 megapixels. Who sends more is told to wait. Higher lets people send more at once, and lets one of them keep the sanitizer busier.',
  }),
  maxCpuMsPerMinute: duration.default(30_000).meta({
    env: 'DRAWBRIDGE_IMAGES_CPU_PER_MINUTE',
    doc: 'Time that the images of one account, or of one remote domain, may take in a minute. It stops those who send few pixels that are slow to decode.',
  }),
})

export type ImagesConfig = z.output<typeof imagesConfig>
