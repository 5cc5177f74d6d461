import { deletePushDevice, deletePushTargets, findPushDevice, listPushTargets, putPushTarget } from '@drawbridge/db'
import { sendPush } from '@drawbridge/jobs'
import { findPushOptions, NS_PUSH, parsePushRequest, StanzaFault } from '@drawbridge/xmpp'
import type { Element, Jid } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, DomainEvents, Draft, IqRequest } from '../../routing/feature.ts'
import { isAtHand, newPushTarget, retryAtAfter } from '../../routing/push-targets.ts'
import type { PushTarget } from '../../routing/push-targets.ts'
import { listedId } from '../../stream/clients.ts'
import { pushService, SERVICE_LABEL } from './service.ts'
import { warrantsPush } from './warrants.ts'

/** Push services that one account may have enabled. */
const TARGETS_MAX = 20

/**
 * XEP-0357: Push Notifications. What is enabled is in memory (`ctx.pushTargets`). A message that somebody must be woken
 * up for commits a job along with itself, and the job tells the device (`jobs/send-push.ts`). The only push service is
 * our own, by Web Push, as long as no gateway reaches another.
 */
export const push = defineFeature({
  name: 'push',
  implements: [{ xep: 357, version: '0.4.1' }],
  accountDisco: [NS_PUSH],
  iq: [
    { type: 'set', to: 'own', xmlns: NS_PUSH, name: 'enable', handle: enable },
    { type: 'set', to: 'own', xmlns: NS_PUSH, name: 'disable', handle: disable },
  ],
  service: pushService,
  message: { record, notify },
  on: {
    'account.deleted': ({ localpart }, ctx) => ctx.pushTargets.remove(`${localpart}@${ctx.domain}`, () => true),
    'client.revoked': forgetClient,
  },
  async start(ctx) {
    for (const { localpart, failedAt, failures, clientId, ...target } of await listPushTargets(ctx.db)) {
      const errors = { failures, retryAt: retryAtAfter(failures, failedAt) }
      ctx.pushTargets.put(
        `${localpart}@${ctx.domain}`,
        newPushTarget({ ...target, clientId: clientId ?? undefined }, errors),
      )
    }
  },
})

// --- enabling (§5, §6) ------------------------------------------------------------------------------------------------

async function enable(payload: Element, { session }: IqRequest, ctx: Context): Promise<undefined> {
  const { service, node } = parsePushRequest(payload)
  const options = findPushOptions(payload)
  refuseForeign(service, ctx)
  const { id: accountId, bareJid } = session.account
  // One answer for a node of somebody else and for none at all.
  if (node === undefined || !(await findPushDevice(ctx.db, accountId, node)))
    throw new StanzaFault({ condition: 'item-not-found', text: 'Register the device at the push service first.' })
  const { clientId, jid } = session
  const target = { accountId, service: service.toString(), node, resource: jid.resourcepart ?? '', clientId }
  const others = ctx.pushTargets.of(bareJid).filter((other) => other.node !== node)
  if (others.length >= TARGETS_MAX) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'Too many devices have push.' })
  }
  await putPushTarget(ctx.db, { ...target, ...(options ? { options: options.toString() } : {}) })
  ctx.pushTargets.put(bareJid, newPushTarget(target))
  return undefined
}

async function disable(payload: Element, { session }: IqRequest, ctx: Context): Promise<undefined> {
  const { service, node } = parsePushRequest(payload)
  const { id, bareJid } = session.account
  await deletePushTargets(ctx.db, id, service.toString(), node === undefined ? 'all' : [node])
  ctx.pushTargets.remove(
    bareJid,
    (target) => target.service === service.toString() && (node === undefined || target.node === node),
  )
  return undefined
}

/** XEP-0494: a client that is signed out does not hear of messages either; its device is forgotten with it. */
function forgetClient({ account, id }: DomainEvents['client.revoked'], ctx: Context): void {
  const { bareJid } = account
  const gone = ctx.pushTargets.of(bareJid).filter(({ clientId, resource }) => listedId(clientId, resource) === id)
  ctx.pushTargets.remove(bareJid, (target) => gone.includes(target))
  const forget = gone.map(async ({ service, node }) => {
    await deletePushTargets(ctx.db, account.id, service, [node])
    await deletePushDevice(ctx.db, account.id, node)
  })
  Promise.all(forget).catch((error: unknown) => ctx.log.warn('a push was not disabled', { error: String(error) }))
}

function refuseForeign(service: Jid, { domain }: Context): void {
  const own = `${SERVICE_LABEL}.${domain}`
  if (service.toString() === own) return
  throw new StanzaFault({
    type: 'cancel',
    condition: 'feature-not-implemented',
    text: `Only the push service of this server can be used: ${own}.`,
  })
}

// --- publishing (§7) --------------------------------------------------------------------------------------------------

/** Targets of those who get this message and are not there to see it. */
function* targetsOf({ stanza, archives, heldBy }: Draft, ctx: Context): Generator<[owner: string, target: PushTarget]> {
  if (heldBy !== undefined || !warrantsPush(stanza)) return
  for (const { owner, direction } of archives) {
    if (direction !== 'in' || owner === stanza.from.bareString) continue
    for (const target of ctx.pushTargets.of(owner)) {
      if (target.retryAt <= ctx.now().getTime() && !isAtHand(target, owner, ctx.sessions)) yield [owner, target]
    }
  }
}

const payloadOf = (owner: string, { service, node }: PushTarget, message: string) => ({ owner, service, node, message })

function record(draft: Draft, ctx: Context): void {
  for (const [owner, target] of targetsOf(draft, ctx)) {
    if (!target.isPending) draft.outbox.push({ kind: sendPush.name, payload: payloadOf(owner, target, draft.id) })
  }
}

function notify(draft: Draft, ctx: Context): void {
  for (const [owner, target] of targetsOf(draft, ctx)) {
    target.unread++
    const isOwnRow = draft.outbox.some(
      ({ kind, payload }) => kind === sendPush.name && (payload as { node: string }).node === target.node,
    )
    if (isOwnRow) {
      target.isPending = true
    } else if (!target.isPending) {
      // The job that was to tell of this message as well has begun before its commit.
      ctx.jobs
        .enqueue(sendPush, payloadOf(owner, target, draft.id))
        .catch((error: unknown) => ctx.log.warn('a push was not enqueued', { error: String(error) }))
    }
  }
}
