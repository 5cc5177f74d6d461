import { duration, list } from '@drawbridge/runtime'
import { z } from 'zod'

/** Settings of feeds of advisories. */
export const advisoriesConfig = z.object({
  feedUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      env: 'DRAWBRIDGE_FEED_URL',
      doc: 'Where a signed bundle of advisories is fetched from, such as a mirror inside the network. Absent: nothing is ever fetched, and bundles are imported by hand.',
    }),
  feedIntervalMs: duration
    .refine((ms) => ms >= 60_000, 'expected at least a minute')
    .default(3_600_000)
    .meta({ env: 'DRAWBRIDGE_FEED_INTERVAL', doc: 'How often the bundle is fetched.' }),
  feedKeys: list
    .refine(
      (keys) => keys.every((key) => /^[A-Za-z0-9_-]{43}$/u.test(key)),
      'expected Ed25519 public keys: 32 bytes each, as base64url',
    )
    .readonly()
    .default([])
    .meta({
      env: 'DRAWBRIDGE_FEED_KEYS',
      doc: 'Ed25519 public keys (32 bytes as base64url, separated by commas) whose signature makes a bundle trusted. Without one no bundle is taken, only single files by an administrator.',
    }),
})

export type AdvisoriesConfig = z.output<typeof advisoriesConfig>
