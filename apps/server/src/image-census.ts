import type { Sanitize, SanitizeVerdict } from '@drawbridge/contract'
import { addToCensus } from '@drawbridge/db'
import type { CensusRow, Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'

/** How often what was counted is written, in milliseconds. */
const FLUSH_MS = 5_000
/** Kinds of images that are counted apart until they are written; more are counted as one kind. */
const MAX_KINDS = 10_000

export interface ImageCensus extends AsyncDisposable {
  /** The same question, counted. */
  readonly sanitize: Sanitize
}

/** Counts every image that is looked at, on any path: formats, features, outcomes, sizes, versions (control §2, row 5). */
export function startImageCensus(db: Db, sanitize: Sanitize, log: Log, now: () => Date): ImageCensus {
  let counted = new Map<string, CensusRow>()
  let last = Promise.resolve()
  const count = (row: CensusRow) => {
    const { images, bytesIn, bytesOut, ...kind } = row
    const key = JSON.stringify(kind)
    const found = counted.get(key)
    if (!found && counted.size >= MAX_KINDS) return count({ ...row, features: '', decoder: '', encoder: '' })
    counted.set(key, {
      ...kind,
      images: (found?.images ?? 0) + images,
      bytesIn: (found?.bytesIn ?? 0) + bytesIn,
      bytesOut: (found?.bytesOut ?? 0) + bytesOut,
    })
  }
  const write = async () => {
    const batch = counted
    if (batch.size === 0) return
    counted = new Map()
    try {
      await addToCensus(db, [...batch.values()])
    } catch (error) {
      for (const row of batch.values()) count(row)
      log.warn('images that were counted are written later', { error: String(error) })
    }
  }
  const flush = () => (last = last.then(write))
  const timer = setInterval(flush, FLUSH_MS)
  return {
    async sanitize(bytes, profile, options) {
      const verdict = await sanitize(bytes, profile, options)
      if (verdict.outcome !== 'not-an-image') {
        const day = now().toISOString().slice(0, 10)
        count({ day, profile, images: 1, bytesIn: bytes.length, ...fateOf(verdict) })
      }
      return verdict
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await flush()
    },
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
