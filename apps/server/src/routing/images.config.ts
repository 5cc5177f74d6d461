import { duration } from '@drawbridge/runtime'
import * as z from 'zod'

/** What the image filter is told. */
export const imagesConfig = z.object({
  isStrict: z.boolean().default(true).meta({
    env: 'DRAWBRIDGE_IMAGES_STRICT',
    doc: 'Whether extensions that this server does not know are refused when an element of them holds 1 KB or more of base64, hexadecimal digits or `data:`, since an image could be in it. What comes from components is refused in any case. Off, clients of your own may use extensions of their own, outside the guarantee.',
  }),
  rememberedMs: duration.default(90 * 86_400_000).meta({
    env: 'DRAWBRIDGE_IMAGES_REMEMBERED',
    doc: 'How long an image that came inside a message is kept beside it, after it was last sent: so long its recipients can ask for it by its hash, and a recall finds it by the hash it was sent with. The message itself holds it still. Avatars are kept while they are in use.',
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
