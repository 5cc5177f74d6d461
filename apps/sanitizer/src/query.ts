import { IMAGE_ORIGINS, IMAGE_PROFILES, type ImageProfile, type SanitizeOptions } from '@drawbridge/contract'
import * as z from 'zod'

const MAX_PER_MINUTE = 1e12
const perMinute = z.coerce.number().int().min(1).max(MAX_PER_MINUTE)
const flag = z.literal('1').optional()

/** What the server may ask for with an image: the query of `POST /sanitize`. */
const querySchema = z.strictObject({
  profile: z.enum(IMAGE_PROFILES).default('image'),
  origin: z.enum(IMAGE_ORIGINS).default('local'),
  bulk: flag,
  avif: flag,
  payer: z.string().min(1).max(64).optional(),
  pixels: perMinute.default(MAX_PER_MINUTE),
  'cpu-ms': perMinute.default(MAX_PER_MINUTE),
})

/** Undefined when something in the query is unknown or out of its range: nothing is guessed. */
export function parseQuery(
  params: URLSearchParams,
): { readonly profile: ImageProfile; readonly options: SanitizeOptions } | undefined {
  const { data: query } = querySchema.safeParse(Object.fromEntries(params))
  if (query === undefined) return undefined
  const { profile, origin, bulk, avif, payer, pixels, 'cpu-ms': cpuMs } = query
  return {
    profile,
    options: {
      origin,
      isBulk: bulk === '1',
      acceptsAvif: avif === '1',
      payer: payer === undefined ? undefined : { key: payer, pixelsPerMinute: pixels, cpuMsPerMinute: cpuMs },
    },
  }
}
