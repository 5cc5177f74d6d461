import {
  deletePushDevice,
  deletePushTargets,
  findPushDevice,
  listArchive,
  notePushClient,
  notePushFailures,
} from '@drawbridge/db'
import type { Handler } from '@drawbridge/jobs'
import { parseJid } from '@drawbridge/xmpp'
import { setTimeout as wait } from 'node:timers/promises'
import { ask } from '../policy/gate.ts'
import type { Context } from '../routing/feature.ts'
import { clientOf, isAtHand, PUSH_TRIES, retryAtAfter, wasSeen } from '../routing/push-targets.ts'
import type { PushNews, PushTarget } from '../routing/push-targets.ts'
import { filterMessages } from '../routing/filter-stored.ts'
import { parseStored } from '../routing/parse-stored.ts'
import type { PushOutcome } from '../web-push/web-push.ts'
import { countPush } from './events.ts'
import { tellAppServer } from './app-server.ts'

/** Longest text in a notification, in characters; with its escapes it fits into one record of Web Push. */
const BODY_MAX = 500
/** Most unread messages that a notification counts: nobody reads a larger number, and it says how long one was away. */
const UNREAD_MAX = 999
/** App servers ring only where there is a text, so there is one, and always one of these (XEP-0357 §7). */
const NEW_MESSAGE = 'New message'
const UPDATE_NEEDED = 'Update needed'

export interface PushPayload extends PushNews {
  readonly owner: string
  readonly service: string
  readonly node: string
}

/**
 * Tells a device of what came since it was told last. A job that finds nothing to tell is done: another one told it, the
 * client came back, or it was disabled meanwhile. Rejects when the push service cannot be reached, to be tried again.
 */
export function sendPushHandler(ctx: Context): Handler<PushPayload> {
  return async ({ owner, service, node, message, room }, { signal }) => {
    const target = ctx.pushTargets.find(owner, service, node)
    if (!target) return
    const waitMs = target.toldAt + ctx.push.intervalMs - performance.now()
    if (waitMs > 0) await wait(waitMs, undefined, { signal })
    // What is committed from now on needs a job of its own.
    target.pending = undefined
    if (ctx.pushTargets.find(owner, service, node) !== target) return
    if (isAtHand(target, owner, ctx.sessions)) return wasSeen(target)
    // After a restart nothing is known of what it was told before.
    const unread = Math.max(target.unread, 1)
    if (unread === target.told) return
    const said = await sayable(ctx, owner, target, { message, room }, unread)
    if (!said) return
    const isAppServer = ctx.components.find(parseJid(service).domainpart) !== undefined
    const outcome = isAppServer
      ? await tellAppServer(ctx, owner, target, said.toAppServer)
      : await tellDevice(ctx, target, said.toDevice, signal)
    countPush({ by: isAppServer ? 'app-server' : 'web-push', outcome: outcome.status })
    if (outcome.status === 'gone') return disable(ctx, owner, target)
    if (outcome.status === 'failed') return failed(ctx, target, outcome.reason)
    target.told = unread
    target.toldAt = performance.now()
    if (said.rule !== undefined) {
      target.updateTold = said.rule
      await notePushClient(ctx.db, target, { updateTold: said.rule })
    }
    if (target.failures > 0) await note(ctx, target, 0)
  }
}

type Content = Readonly<Record<string, string | number | boolean>>

/** What a device may hear. */
interface Sayable {
  readonly toDevice: Content
  readonly toAppServer: Readonly<Record<string, string | number>>
  /** It is that this rule asks for another version, and nothing else. */
  readonly rule?: string
}

/**
 * What the rules let out now (control §3.4): everything; a number, where images are withheld from the client; once, that it
 * has to be updated, where it is locked out; nothing during a suspension, whose end is waited for. Rejects when nobody
 * knows, to be tried again.
 */
async function sayable(
  ctx: Context,
  owner: string,
  target: PushTarget,
  news: PushNews,
  unread: number,
): Promise<Sayable | undefined> {
  const account = ctx.accounts.findByBareJid(owner)
  if (!account) return undefined
  const count = Math.min(unread, UNREAD_MAX)
  const toAppServer = { 'message-count': count, 'last-message-body': NEW_MESSAGE }
  const verdict = ask(ctx.gate, 'push.send', { at: ctx.now().getTime(), account, client: clientOf(target, ctx) })
  if (verdict.action === 'pass') {
    return { toDevice: { account: owner, ...(await summaryOf(ctx, { owner, ...news }, count)) }, toAppServer }
  }
  const code = verdict.action === 'refuse' ? verdict.code : 'suspended'
  switch (code) {
    case 'media-withheld':
      return { toDevice: { account: owner, 'message-count': count }, toAppServer }
    case 'client-too-old':
    case 'client-not-allowed':
    case 'client-unknown': {
      const rule = (verdict.action === 'refuse' && verdict.details['rule']) || code
      if (target.updateTold === rule) return undefined
      return { toDevice: { 'update-needed': true }, toAppServer: { 'last-message-body': UPDATE_NEEDED }, rule }
    }
    case 'suspended':
      target.owed = news
      return undefined
    default:
      throw new Error(`nobody knows whether a device may be told: ${code}`)
  }
}

/** By Web Push, encrypted for the device. */
async function tellDevice(
  { db, webPush }: Context,
  { accountId, node }: PushTarget,
  content: Content,
  signal: AbortSignal,
): Promise<PushOutcome> {
  const device = await findPushDevice(db, accountId, node)
  if (!device) return { status: 'gone' }
  return webPush.send(webPush.open(device.sealed, accountId), JSON.stringify(content), signal)
}

/** The fields of `urn:xmpp:push:summary` that the operator lets out (XEP-0357 §7, §9). */
async function summaryOf(
  ctx: Context,
  { owner, message, room }: Pick<PushPayload, 'owner' | 'message' | 'room'>,
  unread: number,
): Promise<Content> {
  const { db, push } = ctx
  const count = { 'message-count': unread }
  if (push.content === 'count') return count
  if (room !== undefined) {
    // Whoever was removed since learns nothing more (threats MU-08).
    const address = parseJid(room)
    if (!ctx.findService(address.domainpart)?.audience?.(address, ctx)?.mayHear(owner)) return count
  }
  const page = await listArchive(db, room ?? owner, { ids: [message], page: { max: 1 } })
  const [found] = typeof page === 'string' ? [] : await filterMessages(page.messages, ctx)
  if (!found || found.retraction) return count
  const peer = room === undefined || found.resource === null ? found.peer : `${found.peer}/${found.resource}`
  const sender = { ...count, 'last-message-sender': peer }
  const body = parseStored(found.stanza).getChildText('body')
  if (push.content === 'sender' || body === undefined) return sender
  return { ...sender, 'last-message-body': body.slice(0, BODY_MAX) }
}

/** XEP-0357 §7.1: what the push service does not know any more, or refuses, is disabled. */
async function disable({ db, pushTargets }: Context, owner: string, target: PushTarget): Promise<void> {
  const { accountId, service, node } = target
  await deletePushTargets(db, accountId, service, [node])
  await deletePushDevice(db, accountId, node)
  pushTargets.remove(owner, (other) => other === target)
}

/** §7.1: an error that may pass disables only when it comes again and again, and then for a day. */
async function failed(ctx: Context, target: PushTarget, reason: string): Promise<void> {
  await note(ctx, target, target.failures + 1)
  if (target.failures >= PUSH_TRIES) return ctx.log.warn('a device cannot be reached and is left alone', { reason })
  throw new Error(reason)
}

async function note({ db, now }: Context, target: PushTarget, failures: number): Promise<void> {
  const at = now()
  target.failures = failures
  target.retryAt = retryAtAfter(failures, at)
  await notePushFailures(db, target, failures, failures === 0 ? null : at)
}
