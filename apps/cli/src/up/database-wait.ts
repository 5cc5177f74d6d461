import { probeDatabase } from '@drawbridge/db'
import type { Reach } from '@drawbridge/db'
import { setTimeout as wait } from 'node:timers/promises'

/** Longest wait for an answer of the database, and the pause before it is asked again, in milliseconds. */
const PROBE_MS = 3_000
const PAUSE_MS = 1_000
/** How often it is said that it is still away, in milliseconds. */
const SAY_EVERY_MS = 30_000

/** Why the database does not answer, where it may later. What is wrong for good is said by whoever uses it first. */
export async function awayBecause(url: string): Promise<string | undefined> {
  return reasonOf(await probeDatabase(url, undefined, PROBE_MS))
}

export interface DatabaseWait {
  readonly url: string
  /** Why it does not answer now. */
  readonly reason: string
  readonly note: (line: string) => void
  readonly signal: AbortSignal
  /** Default: `awayBecause`. */
  readonly look?: (url: string) => Promise<string | undefined>
  /** The pause before it is asked again. Rejects when the signal does. */
  readonly pause?: (signal: AbortSignal) => Promise<number>
}

/** Waits until the database answers, and says what can be done meanwhile: at once, and every half minute. */
export async function untilThere(options: DatabaseWait): Promise<void> {
  const { url, note, signal, look = awayBecause, pause = aSecond } = options
  note(
    `The database at ${placeOf(url)} does not answer (${options.reason}). It is asked again every second until it does: ` +
      'start it, or give up with Ctrl-C and set DRAWBRIDGE_DATABASE_URL to where it is. ' +
      'The server waits, and takes `drawbridge suspension start --scope service --mode cut` meanwhile.',
  )
  let waitedMs = 0
  let saidMs = 0
  for (;;) {
    waitedMs += await pause(signal)
    const reason = await look(url)
    if (reason === undefined) break
    if (waitedMs - saidMs < SAY_EVERY_MS) continue
    saidMs = waitedMs
    note(`The database at ${placeOf(url)} still does not answer (${reason}).`)
  }
}

async function aSecond(signal: AbortSignal): Promise<number> {
  await wait(PAUSE_MS, undefined, { signal })
  return PAUSE_MS
}

function reasonOf(reach: Reach): string | undefined {
  return reach.isReady || !reach.isPassing ? undefined : reach.reason
}

/** Where a database is, without who may use it. */
export function placeOf(url: string): string {
  const parsed = URL.parse(url)
  if (!parsed) return 'DRAWBRIDGE_DATABASE_URL'
  return `${parsed.host || parsed.searchParams.get('host') || 'the local socket'}${parsed.pathname}`
}
