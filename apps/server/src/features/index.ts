import type { Feature } from '../routing/feature.ts'
import { archive } from './archive.ts'
import { carbons } from './carbons.ts'
import { delivery } from './delivery.ts'
import { hostMeta } from './host-meta.ts'
import { offline } from './offline.ts'
import { roster } from './roster/index.ts'
import { stanzaIds } from './stanza-ids.ts'
import { upload } from './upload/index.ts'

/**
 * Every feature in force. What is not in this list is neither advertised nor answered. Within a stage the order is that
 * of the list; it matters where a comment says so.
 */
export const FEATURES: readonly Feature[] = [
  // Messages. First what was forged goes, then what is left is recorded.
  stanzaIds,
  archive,
  // The message itself, then copies for whoever did not get it.
  delivery,
  carbons,
  offline,

  // People.
  roster,

  // HTTP.
  upload,
  hostMeta,
]
