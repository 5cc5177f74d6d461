import type { Rate } from './rate.ts'

/** What had gone through in all at some time, as `Date.now()` has it. */
export interface Sample {
  readonly at: number
  readonly messages: number
  readonly images: number
}

/** So far back a page keeps what it has seen, in milliseconds. */
const KEPT_MS = 15 * 60_000
/** Over so long the rate of the moment is taken: counts are written down every five seconds. */
const WINDOW_MS = 60_000
/** Less than this says nothing. */
const LEAST_MS = 15_000
const MINUTE_MS = 60_000

/** The samples with one more; those that are too old are dropped, and all of them when counting began anew. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last && last.at >= sample.at) return samples
  if (last && (sample.messages < last.messages || sample.images < last.images)) return [sample]
  return [...samples.filter(({ at }) => at > sample.at - KEPT_MS), sample]
}

/** What went through per minute just now, over as much of the last minute as was seen; undefined where that is too little. */
export function liveRate(samples: readonly Sample[]): Rate | undefined {
  const last = samples.at(-1)
  const first = last && samples.find(({ at }) => at >= last.at - WINDOW_MS)
  if (!last || !first || last.at - first.at < LEAST_MS) return undefined
  const spanMs = last.at - first.at
  const minutes = spanMs / MINUTE_MS
  return {
    messages: (last.messages - first.messages) / minutes,
    images: (last.images - first.images) / minutes,
    spanMs,
  }
}

/** The rate from sample to sample, for a line: as many points as gaps between samples. */
export function rateLine(samples: readonly Sample[], what: 'messages' | 'images'): number[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index]!
    return ((sample[what] - before[what]) / (sample.at - before.at)) * MINUTE_MS
  })
}
