import {
  deletePushDevice,
  deletePushTargets,
  findPushDevice,
  insertOutbox,
  keepPushNodes,
  listPushTargets,
  notePushClient,
  putPushTarget,
} from '@drawbridge/db'
import { sendPush } from '@drawbridge/jobs'
import type { ClientIdentity } from '@drawbridge/policy'
import { findPushOptions, findPushStop, NS_PUSH, parsePushRequest, StanzaFault } from '@drawbridge/xmpp'
import type { Element, Jid, SettingIdentity } from '@drawbridge/xmpp'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, DomainEvents, Draft, IqRequest, Released } from '../../routing/feature.ts'
import { newPushTarget, retryAtAfter, wasSeen } from '../../routing/push-targets.ts'
import type { PushTarget } from '../../routing/push-targets.ts'
import { noteWakes, pushPayload, roomOf, wakeRows } from '../../routing/wakes.ts'
import type { WakeRow } from '../../routing/wakes.ts'
import type { Session } from '../../stream/session.ts'
import { listedId } from '../../stream/clients.ts'
import { assertMayRegister, pushService, SERVICE_LABEL } from './service.ts'
import { changeBookmarks, followBookmarks, loadBookmarks } from './bookmarks.ts'

/** Push services that one account may have enabled. */
const TARGETS_MAX = 20

/**
 * XEP-0357: Push Notifications. What is enabled is in memory (`ctx.pushTargets`). A message that somebody must be woken
 * up for commits a job along with itself, and the job tells the device (`jobs/send-push.ts`). Push services are our own,
 * by Web Push, and the app servers of mobile clients that a component speaks for (XEP-0114).
 */
export const push = defineFeature({
  name: 'push',
  implements: [
    {
      xep: 357,
      version: '0.4.1',
      status: 'partial',
      missing:
        'app servers at other domains are reached through a component that the operator names for them, not by federation',
    },
  ],
  accountDisco: [NS_PUSH],
  iq: [
    { type: 'set', to: 'own', xmlns: NS_PUSH, name: 'enable', handle: enable },
    { type: 'set', to: 'own', xmlns: NS_PUSH, name: 'disable', handle: disable },
  ],
  service: pushService,
  message: { record, notify },
  released,
  on: {
    'account.deleted': ({ localpart }, ctx) => ctx.pushTargets.remove(`${localpart}@${ctx.domain}`, () => true),
    'client.revoked': forgetClient,
    'password.changed': forgetOthers,
    'session.active': seen,
    'client.known': learnClient,
    'suspensions.changed': payDebts,
    'disco.known': learnIdentity,
    'pep.changed': changeBookmarks,
  },
  async start(ctx) {
    for (const { localpart, failedAt, failures, ...row } of await listPushTargets(ctx.db)) {
      const errors = { failures, retryAt: retryAtAfter(failures, failedAt) }
      const known = {
        ...row,
        clientId: row.clientId ?? undefined,
        deviceKey: row.deviceKey ?? undefined,
        identity: identityFrom(row.identity),
        // As we have written it.
        client: (row.client ?? undefined) as ClientIdentity | undefined,
      }
      const target = newPushTarget(known, errors)
      target.updateTold = row.updateTold ?? undefined
      ctx.pushTargets.put(`${localpart}@${ctx.domain}`, target)
    }
    await loadBookmarks(ctx)
  },
})

/** What the client of this session has enabled. */
const targetsOf = ({ account, jid }: Session, ctx: Context): readonly PushTarget[] =>
  ctx.pushTargets.of(account.bareJid).filter(({ resource }) => resource === jid.resourcepart)

// --- enabling (§5, §6) ------------------------------------------------------------------------------------------------

async function enable(payload: Element, { session }: IqRequest, ctx: Context): Promise<undefined> {
  assertMayRegister(session, ctx)
  // The node is a SHOULD (§5): an app server may know one account by its address.
  const { service, node = '' } = parsePushRequest(payload)
  const options = findPushOptions(payload)
  const { id: accountId, bareJid } = session.account
  if (isOwn(service, ctx)) await assertRegistered(ctx, accountId, node)
  else if (!ctx.components.find(service.domainpart)) throw unreachable(service)
  const { clientId, jid } = session
  const identity = session.notes.get('disco.identity') as SettingIdentity | undefined
  const { client } = session
  const target = {
    ...{ accountId, service: service.toString(), node, resource: jid.resourcepart ?? '' },
    ...{ clientId, identity, client, deviceKey: deviceKeyOf(session) },
  }
  const others = ctx.pushTargets.of(bareJid).filter((other) => other.node !== node)
  if (others.length >= TARGETS_MAX) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'Too many devices have push.' })
  }
  await putPushTarget(ctx.db, { ...target, options: options?.toString(), identity: textOf(identity) })
  await followBookmarks(session.account, ctx)
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

/** AU-23: whoever knew the old password hears of nothing any more; the client that has given the new one does. */
async function forgetOthers({ account, keep }: DomainEvents['password.changed'], ctx: Context): Promise<void> {
  const kept = new Set(keep && targetsOf(keep, ctx))
  ctx.pushTargets.remove(`${account.localpart}@${ctx.domain}`, (target) => !kept.has(target))
  await keepPushNodes(
    ctx.db,
    account.id,
    Array.from(kept, ({ node }) => node),
  )
}

// --- kinds of clients (XEP-0492 §2.2) -----------------------------------------------------------------------------------

const textOf = (identity: SettingIdentity | undefined) => identity && `${identity.category}/${identity.type}`

function identityFrom(text: string | null): SettingIdentity | undefined {
  const [category, type] = text?.split('/') ?? []
  return category && type ? { category, type } : undefined
}

/** A client says what it is when it has signed in, maybe after it has enabled push. */
async function learnIdentity({ session, identity }: DomainEvents['disco.known'], ctx: Context): Promise<void> {
  const text = textOf(identity)
  if (text === undefined) return
  for (const target of targetsOf(session, ctx)) {
    if (textOf(target.identity) === text) continue
    target.identity = identity
    await notePushClient(ctx.db, target, { identity: text })
  }
}

/** Somebody looks at the client. */
function seen({ session }: DomainEvents['session.active'], ctx: Context): void {
  targetsOf(session, ctx).forEach(wasSeen)
}

/** More is known of an installation, or less: by that its devices are judged, whatever it was as it enabled them. */
async function learnClient({ session }: DomainEvents['client.known'], ctx: Context): Promise<void> {
  const { account, client, clientId, jid } = session
  if (client.family === undefined) return
  const deviceKey = deviceKeyOf(session)
  const isOf = (target: PushTarget) =>
    target.clientId === undefined ? target.resource === jid.resourcepart : target.clientId === clientId
  for (const target of ctx.pushTargets.of(account.bareJid).filter(isOf)) {
    if (isSameClient(client, target.client) && target.deviceKey === deviceKey) continue
    Object.assign(target, { client, deviceKey, updateTold: undefined })
    await notePushClient(ctx.db, target, { client, deviceKey: deviceKey ?? null, updateTold: null })
  }
}

const deviceKeyOf = ({ proofs }: Session) => proofs.find(({ deviceKey }) => deviceKey !== undefined)?.deviceKey

function isSameClient(a: ClientIdentity, b: ClientIdentity | undefined): boolean {
  return a.family === b?.family && a.version === b?.version && a.tier === b?.tier && a.isSuspect === b?.isSuspect
}

/** What a suspension has kept devices from hearing of they hear now; what another one keeps is owed once more. */
async function payDebts(_: DomainEvents['suspensions.changed'], ctx: Context): Promise<void> {
  for (const [owner, target] of [...ctx.pushTargets.owing()]) {
    const { owed } = target
    target.owed = undefined
    if (!owed || target.pending !== undefined) continue
    target.pending = owed.message
    await ctx.jobs.enqueue(sendPush, pushPayload({ owner, target }, owed.message, owed.room))
  }
}

const isOwn = (service: Jid, { domain }: Context) => service.toString() === `${SERVICE_LABEL}.${domain}`

/** One answer for a node of somebody else and for none at all. */
async function assertRegistered({ db }: Context, accountId: string, node: string): Promise<void> {
  if (await findPushDevice(db, accountId, node)) return
  throw new StanzaFault({ condition: 'item-not-found', text: 'Register the device at the push service first.' })
}

const unreachable = (service: Jid) =>
  new StanzaFault({
    type: 'cancel',
    condition: 'feature-not-implemented',
    text: `This server cannot reach ${service.domainpart}. Its operator can connect app servers as components.`,
  })

/** XEP-0357 §8: an app server does not want to hear of a device any more. */
function heedStop({ stanza: { from, to, element }, origin }: Draft, ctx: Context): void {
  if (origin !== 'component' || to === undefined) return
  const owner = to.bareString
  const node = findPushStop(element, owner)
  const target = node === undefined ? undefined : ctx.pushTargets.find(owner, from.toString(), node)
  if (!target) return
  ctx.pushTargets.remove(owner, (other) => other === target)
  deletePushTargets(ctx.db, target.accountId, target.service, [target.node]).catch((error: unknown) =>
    ctx.log.warn('a push was not disabled', { error: String(error) }),
  )
}

// --- publishing (§7) --------------------------------------------------------------------------------------------------

function record(draft: Draft, ctx: Context): void {
  if (draft.heldBy === undefined) draft.outbox.push(...wakeRows(draft, draft.id, ctx))
}

function notify(draft: Draft, ctx: Context): void {
  heedStop(draft, ctx)
  if (draft.heldBy !== undefined) return
  const room = roomOf(draft)
  for (const wake of noteWakes(draft, draft.id, draft.outbox, ctx)) {
    // The job that was to tell of this message as well has begun before its commit.
    ctx.jobs
      .enqueue(sendPush, pushPayload(wake, draft.id, room))
      .catch((error: unknown) => ctx.log.warn('a push was not enqueued', { error: String(error) }))
  }
}

/** What was held back is news now. Its rows follow the commit: the messages are where each client looks for them anyway. */
function released(messages: readonly Released[], ctx: Context): void {
  const rows: WakeRow[] = []
  for (const message of messages) {
    const own = wakeRows(message, message.id, ctx)
    noteWakes(message, message.id, own, ctx)
    rows.push(...own)
  }
  insertOutbox(ctx.db, rows).catch((error: unknown) =>
    ctx.log.warn('pushes of released messages were not enqueued', { error: String(error) }),
  )
}
