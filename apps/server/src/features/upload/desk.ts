import { findUpload } from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import { createFileBlobs } from '../../blobs/files.ts'
import type { Blobs } from '../../blobs/files.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'

/** How often the database is asked for a verdict, in case the event of this process was not for us. */
const POLL_MS = 1_000

/** The right to put one file, once, from when a slot is given until it expires. Not stored: it ends with the process. */
export interface Slot {
  readonly tokenHash: Buffer
  /** The link is bound to the session it was given to: its client must still be allowed when the file comes (control §3.4). */
  readonly session: Session
  readonly expiresAt: number
  isUsed: boolean
}

/** What the parts of this feature share while one server runs. */
export interface Desk {
  readonly blobs: Blobs
  readonly slots: Map<string, Slot>
  /** Those who wait for an upload's verdict. */
  readonly waiting: Map<string, () => void>
  sweep: NodeJS.Timeout | undefined
}

const desks = new WeakMap<Context, Desk>()

/** The desk of this server. */
export function deskOf(ctx: Context): Desk {
  const known = desks.get(ctx)
  if (known) return known
  const desk: Desk = { blobs: createFileBlobs(ctx.dataPaths), slots: new Map(), waiting: new Map(), sweep: undefined }
  desks.set(ctx, desk)
  return desk
}

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
