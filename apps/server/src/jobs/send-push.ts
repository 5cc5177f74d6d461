import { deletePushDevice, deletePushTargets, findPushDevice, listArchive, notePushFailures } from '@drawbridge/db'
import type { Handler } from '@drawbridge/jobs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Context } from '../routing/feature.ts'
import { isAtHand, PUSH_TRIES, retryAtAfter } from '../routing/push-targets.ts'
import type { PushTarget } from '../routing/push-targets.ts'
import { parseStored } from '../routing/stored.ts'
import { countPush } from './events.ts'

/** Longest text in a notification, in characters; with its escapes it fits into one record of Web Push. */
const BODY_MAX = 500

export interface PushPayload {
  readonly owner: string
  readonly service: string
  readonly node: string
  readonly message: string
}

type PushContext = Pick<Context, 'db' | 'push' | 'pushTargets' | 'sessions' | 'webPush' | 'now' | 'log'>

/**
 * Tells a device of what came since it was told last. A job that finds nothing to tell is done: another one told it, the
 * client came back, or it was disabled meanwhile. Rejects when the push service cannot be reached, to be tried again.
 */
export function sendPushHandler(ctx: PushContext): Handler<PushPayload> {
  return async ({ owner, service, node, message }, { signal }) => {
    const target = ctx.pushTargets.find(owner, service, node)
    if (!target) return
    const waitMs = target.toldAt + ctx.push.intervalMs - performance.now()
    if (waitMs > 0) await wait(waitMs, undefined, { signal })
    // What is committed from now on needs a job of its own.
    target.isPending = false
    if (ctx.pushTargets.find(owner, service, node) !== target) return
    if (isAtHand(target, owner, ctx.sessions)) return skip(target)
    // After a restart nothing is known of what it was told before.
    const unread = Math.max(target.unread, 1)
    if (unread === target.told) return
    const device = await findPushDevice(ctx.db, target.accountId, node)
    if (!device) return disable(ctx, owner, target)
    const text = JSON.stringify({ account: owner, ...(await summaryOf(ctx, owner, message, unread)) })
    const outcome = await ctx.webPush.send(ctx.webPush.open(device.sealed, target.accountId), text, signal)
    countPush({ outcome: outcome.status })
    if (outcome.status === 'gone') return disable(ctx, owner, target)
    if (outcome.status === 'failed') return failed(ctx, target, outcome.reason)
    target.told = unread
    target.toldAt = performance.now()
    if (target.failures > 0) await note(ctx, target, 0)
  }
}

/** The client sees for itself; it counts from zero when it goes. */
function skip(target: PushTarget): void {
  target.unread = 0
  target.told = 0
}

/** The fields of `urn:xmpp:push:summary` that the operator lets out (XEP-0357 §7, §9). */
async function summaryOf({ db, push }: PushContext, owner: string, message: string, unread: number) {
  const count = { 'message-count': unread }
  if (push.content === 'count') return count
  const page = await listArchive(db, owner, { ids: [message], page: { max: 1 } })
  const [found] = typeof page === 'string' ? [] : page.messages
  if (!found || found.retraction) return count
  const sender = { ...count, 'last-message-sender': found.peer }
  const body = parseStored(found.stanza).getChildText('body')
  if (push.content === 'sender' || body === undefined) return sender
  return { ...sender, 'last-message-body': body.slice(0, BODY_MAX) }
}

/** XEP-0357 §7.1: what the push service does not know any more is disabled. */
async function disable({ db, pushTargets }: PushContext, owner: string, target: PushTarget): Promise<void> {
  const { accountId, service, node } = target
  await deletePushTargets(db, accountId, service, [node])
  await deletePushDevice(db, accountId, node)
  pushTargets.remove(owner, (other) => other === target)
}

/** §7.1: an error that may pass disables only when it comes again and again, and then for a day. */
async function failed(ctx: PushContext, target: PushTarget, reason: string): Promise<void> {
  await note(ctx, target, target.failures + 1)
  if (target.failures >= PUSH_TRIES) return ctx.log.warn('a device cannot be reached and is left alone', { reason })
  throw new Error(reason)
}

async function note({ db, now }: PushContext, target: PushTarget, failures: number): Promise<void> {
  const at = now()
  target.failures = failures
  target.retryAt = retryAtAfter(failures, at)
  await notePushFailures(db, target, failures, failures === 0 ? null : at)
}
