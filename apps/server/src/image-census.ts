import type { Sanitize, SanitizeVerdict } from '@drawbridge/contract'
import { addToCensus } from '@drawbridge/db'
import type { CensusRow } from '@drawbridge/db'
import { startCountedBatches } from './counted-batches.ts'
import type { Counting } from './counted-batches.ts'

/** Kinds of images that are counted apart until they are written; further ones without what they had and what read them. */
const MAX_KINDS = 10_000

export interface ImageCensus extends AsyncDisposable {
  /** The same question, counted. */
  readonly sanitize: Sanitize
}

export interface ImageCensusOptions extends Pick<Counting<unknown>, 'db' | 'log' | 'now'> {
  readonly sanitize: Sanitize
  readonly maxKinds?: number
}

/** Counts every image that is looked at, on any path: formats, features, outcomes, sizes, versions (control §2, row 5). */
export function startImageCensus({ sanitize, maxKinds = MAX_KINDS, ...where }: ImageCensusOptions): ImageCensus {
  let counted = new Map<string, CensusRow>()
  const count = (row: CensusRow) => {
    const { images, bytesIn, bytesOut, ...kind } = row
    const isKnown = counted.has(JSON.stringify(kind))
    const known = isKnown || counted.size < maxKinds ? kind : { ...kind, features: '', decoder: '', encoder: '' }
    const key = JSON.stringify(known)
    const found = counted.get(key)
    counted.set(key, {
      ...known,
      images: (found?.images ?? 0) + images,
      bytesIn: (found?.bytesIn ?? 0) + bytesIn,
      bytesOut: (found?.bytesOut ?? 0) + bytesOut,
    })
  }
  const batches = startCountedBatches<readonly CensusRow[]>({
    ...where,
    what: 'images',
    cut() {
      const rows = [...counted.values()]
      counted = new Map()
      return rows.length === 0 ? undefined : rows
    },
    write: addToCensus,
  })
  return {
    async sanitize(bytes, profile, options) {
      const verdict = await sanitize(bytes, profile, options)
      if (verdict.outcome !== 'not-an-image') {
        const day = where.now().toISOString().slice(0, 10)
        count({ day, profile, images: 1, bytesIn: bytes.length, ...fateOf(verdict) })
      }
      return verdict
    },
    [Symbol.asyncDispose]: () => batches[Symbol.asyncDispose](),
  }
}

function fateOf(verdict: Exclude<SanitizeVerdict, { outcome: 'not-an-image' }>) {
  const { outcome, inputFormat = '' } = verdict
  if (verdict.outcome === 'refused') {
    return { outcome, inputFormat, reason: verdict.reason, features: '', decoder: '', encoder: '', bytesOut: 0 }
  }
  const { features, decoder, encoder, bytes } = verdict
  return { outcome, inputFormat, reason: '', features: features.join(' '), decoder, encoder, bytesOut: bytes.length }
}
