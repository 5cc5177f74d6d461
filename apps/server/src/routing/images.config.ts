import * as z from 'zod'

/** What the image filter is told. */
export const imagesConfig = z.object({
  isStrict: z.boolean().default(true).meta({
    env: 'DRAWBRIDGE_IMAGES_STRICT',
    doc: 'Whether extensions that this server does not know are refused when an element of them holds 1 KB or more of base64, hexadecimal digits or `data:`, since an image could be in it. What comes from components is refused in any case. Off, clients of your own may use extensions of their own, outside the guarantee.',
  }),
})

export type ImagesConfig = z.output<typeof imagesConfig>
