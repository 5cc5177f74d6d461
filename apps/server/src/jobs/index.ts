import { listen, listOutbox, markOutboxDone, OUTBOX_CHANNEL } from '@drawbridge/db'
import { relayOutbox } from '@drawbridge/jobs'
import type { Handlers } from '@drawbridge/jobs'
import type { Context } from '../routing/feature.ts'
import { notifyDiscardedHandler } from './notify-discarded.ts'
import { renewImagesHandler, resumeRenewal } from './renew-images.ts'
import { sanitizeImageHandler } from './sanitize-image.ts'
import { sendPushHandler } from './send-push.ts'
import { wakeRoomHandler } from './wake-room.ts'

/** Work of this process that must not be lost: from the outbox to the queue to its handlers. */
export interface Work extends AsyncDisposable {
  /** Relays nothing more. The jobs themselves are closed by whoever opened them, afterwards. */
  close(): Promise<void>
}

/** Starts doing jobs, those left over from an earlier run included. Resolves when the workers are ready. */
export async function startWork(ctx: Context, databaseUrl: string): Promise<Work> {
  const { db, jobs } = ctx
  const log = ctx.log.child({ part: 'jobs' })
  const handlers: Handlers = {
    'notify-discarded': notifyDiscardedHandler(ctx),
    'renew-images': renewImagesHandler(ctx),
    'sanitize-image': sanitizeImageHandler(ctx),
    'send-push': sendPushHandler(ctx),
    'wake-room': wakeRoomHandler(ctx),
  }
  await jobs.work(handlers, { onSettled: (id) => markOutboxDone(db, [id]) })
  await resumeRenewal(ctx).catch((error: unknown) => log.warn('images are made anew later', { error: String(error) }))
  const relay = relayOutbox({
    jobs,
    list: (kinds, limit, after) => listOutbox(db, kinds, limit, after),
    markDone: (ids) => markOutboxDone(db, ids),
    log,
  })
  const listener = listen({
    url: databaseUrl,
    channels: [OUTBOX_CHANNEL],
    onNotify: () => void relay.poke(),
    onConnect: () => void relay.poke(),
    onError: (error) => log.warn('the outbox is polled until the database can be listened to', { error }),
  })
  const close = async () => {
    await listener.close()
    await relay.close()
  }
  return { close, [Symbol.asyncDispose]: close }
}
