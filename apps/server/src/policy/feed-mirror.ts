import { MAX_FEED_BYTES } from '@drawbridge/contract'
import { readBounded } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import type { Advisories } from './advisories.ts'

/** Longest wait for the mirror, in milliseconds. */
const TIMEOUT_MS = 60_000
/** How often advisories are compared with the clients in use even without news: clients come and go. */
const REVIEW_MS = 3_600_000
const ACTOR = 'local:feed-mirror'

export interface FeedMirrorOptions {
  readonly advisories: Pick<Advisories, 'import' | 'review'>
  /** Absent: nothing is fetched. */
  readonly url?: string | undefined
  readonly intervalMs: number
  readonly log: Log
}

/** Fetches the signed bundle of advisories from where the operator says, and reviews what is known each hour. */
export function startFeedMirror({ advisories, url, intervalMs, log }: FeedMirrorOptions): AsyncDisposable {
  const stop = new AbortController()
  let last: Promise<void> = Promise.resolve()
  let etag: string | undefined

  const review = async () => void (await advisories.review())
  const fetchBundle = async (from: string) => {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)])
    // A mirror that moves is a mirror that somebody has to look at.
    const headers = etag === undefined ? {} : { 'if-none-match': etag }
    const response = await fetch(from, { signal, redirect: 'error', headers })
    if (response.status === 304) return
    if (!response.ok) throw new Error(`the mirror answered ${response.status}`)
    const bundle = await readBounded(response.body, MAX_FEED_BYTES)
    if (!bundle) throw new Error('the bundle is too large')
    const { files, proposals } = await advisories.import(ACTOR, from, bundle.toString(), true)
    etag = response.headers.get('etag') ?? undefined
    log.info('advisories were fetched', { files: files.length, proposals })
  }
  const run = (work: () => Promise<void>, what: string) => {
    last = last.then(work).catch((error: unknown) => {
      if (!stop.signal.aborted) log.warn(`${what}; the next round tries again`, { error: String(error) })
    })
  }
  const timers = [setInterval(() => run(review, 'advisories were not reviewed'), REVIEW_MS)]
  if (url !== undefined) {
    const look = () => run(() => fetchBundle(url), 'advisories were not fetched')
    look()
    timers.push(setInterval(look, intervalMs))
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer)
      stop.abort()
      await last
    },
  }
}
