import { indexTexts } from '@drawbridge/db'
import type { Context, Draft } from '../../routing/feature.ts'

const BATCH = 500
/** How long texts may gather before their words are made. A search does not wait for that: it makes them first. */
const GATHER_MS = 500

interface Indexing {
  timer: NodeJS.Timeout | undefined
  running: Promise<void> | undefined
}

// One per server: several run in one process in tests.
const indexings = new WeakMap<Context, Indexing>()

/** XEP-0431: words are made after the commit, since making them costs more than the commit. */
export function startIndexing(ctx: Context): void {
  indexings.set(ctx, { timer: undefined, running: undefined })
  // What was committed before a crash.
  schedule(ctx)
}

/** After each message: words are to be made soon. */
export function wakeIndexing({ archives }: Draft, ctx: Context): void {
  if (archives.length > 0) schedule(ctx)
}

/** Waits for what is being made; the rest waits for the next start. */
export async function stopIndexing(ctx: Context): Promise<void> {
  const indexing = indexings.get(ctx)
  indexings.delete(ctx)
  clearTimeout(indexing?.timer)
  await indexing?.running
}

function schedule(ctx: Context): void {
  const indexing = indexings.get(ctx)
  if (!indexing || indexing.timer) return
  indexing.timer = setTimeout(() => {
    indexing.timer = undefined
    indexing.running = drain(ctx, indexing.running)
  }, GATHER_MS)
}

async function drain(ctx: Context, before: Promise<void> | undefined): Promise<void> {
  await before
  try {
    while (indexings.has(ctx) && (await indexTexts(ctx.db, BATCH)) === BATCH);
  } catch (error) {
    ctx.log.warn('texts were not made ready for searching; they are tried again', { error: String(error) })
    schedule(ctx)
  }
}
