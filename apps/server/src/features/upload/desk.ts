import { findUpload } from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import type { Context } from '../../routing/feature.ts'
import { perServer } from '../../routing/kept.ts'

/** How often the database is asked for a verdict, in case the event of this process was not for us. */
const POLL_MS = 1_000

/** What the parts of this feature share while one server runs. What has to outlive it is in the database. */
export interface Desk {
  /** Those who wait for an upload's verdict. */
  readonly waiting: Map<string, () => void>
  /** How many images are ahead of an upload at the sanitizer. */
  readonly ahead: Map<string, number>
  /** When the store was last searched for files that no row knows of. */
  searchedAt: number
  sweep: NodeJS.Timeout | undefined
}

/** The desk of this server. */
export const deskOf = perServer((): Desk => ({
  waiting: new Map(),
  ahead: new Map(),
  searchedAt: Number.NEGATIVE_INFINITY,
  sweep: undefined,
}))

/** Resolves with the upload once it is clean or refused; with nothing when it is gone, or after the time. */
export async function verdictOn(ctx: Context, id: string, signal: AbortSignal): Promise<Upload | undefined> {
  const { waiting } = deskOf(ctx)
  try {
    while (!signal.aborted) {
      const told = new Promise<void>((resolve) => waiting.set(id, resolve))
      const upload = await findUpload(ctx.db, id)
      if (upload?.state !== 'quarantined') return upload
      await toldOrLater(told, signal)
    }
    return undefined
  } finally {
    waiting.delete(id)
  }
}

/** An upload has its verdict. */
export function tellVerdict(ctx: Context, id: string): void {
  const { ahead, waiting } = deskOf(ctx)
  ahead.delete(id)
  waiting.get(id)?.()
}

function toldOrLater(told: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, POLL_MS)
    signal.addEventListener('abort', end)
    void told.then(end)
  })
}
