import { deletePepSubscription, listPepSubscriptions, putPepSubscription } from '@drawbridge/db'
import type { PepSubscription } from '@drawbridge/db'
import {
  buildForm,
  findForm,
  findFormValue,
  findJid,
  NS_CLIENT,
  NS_DATA,
  NS_PUBSUB,
  NS_PUBSUB_SUBSCRIBE_AUTHORIZATION,
  parseFormBoolean,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { AdHocCommand, Context, Draft } from '../../routing/feature.ts'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'
import { pubsubFault } from './errors.ts'
import { eventFrom } from './event.ts'
import { sessionsAt } from './notify.ts'

const NODE = 'pubsub#node'
const SUBSCRIBER = 'pubsub#subscriber_jid'
const ALLOW = 'pubsub#allow'

/** Asks the owner's devices about subscriptions that wait for an answer (XEP-0060 §8.6). */
export function askOwner(
  owner: Account,
  pending: readonly PepSubscription[],
  ctx: Context,
  sessions: readonly Session[] = sessionsAt(owner.bareJid, ctx),
): void {
  for (const { node, jid, subid } of pending) {
    const form = buildForm({
      type: 'form',
      formType: NS_PUBSUB_SUBSCRIBE_AUTHORIZATION,
      title: 'Somebody wants to subscribe',
      fields: [
        { name: 'pubsub#subid', type: 'hidden', values: [subid] },
        { name: NODE, type: 'text-single', label: 'Node', values: [node] },
        { name: SUBSCRIBER, type: 'jid-single', label: 'Address of the subscriber', values: [jid] },
        { name: ALLOW, type: 'boolean', label: 'Allow this?', values: ['0'] },
      ],
    })
    const message = new Broadcast(xml('message', { xmlns: NS_CLIENT, from: owner.bareJid }, form))
    for (const session of sessions) session.send(message.to(session.jid.toString()))
  }
}

/** Who comes online is asked what nobody has answered yet. */
export async function askAgain({ session }: { readonly session: Session }, ctx: Context): Promise<void> {
  if (!session.takesMessages) return
  const pending = await listPepSubscriptions(ctx.db, session.account.id, { state: 'pending' })
  askOwner(session.account, pending, ctx, [session])
}

/** XEP-0060 §8.7: the owner asks which subscriptions to a node wait, and is asked about each again. */
export const getPending: AdHocCommand = {
  node: `${NS_PUBSUB}#get-pending`,
  name: 'Get Pending Subscription Requests',
  at: ['own'],
  isAllowed: () => true,
  form: () => ({
    formType: NS_PUBSUB_SUBSCRIBE_AUTHORIZATION,
    fields: [{ name: NODE, type: 'text-single', label: 'Node', isRequired: true }],
  }),
  async execute(form, session, ctx) {
    const node = form && findFormValue(form, NODE)
    if (!node) throw pubsubFault('bad-request', 'nodeid-required')
    const pending = await listPepSubscriptions(ctx.db, session.account.id, { node, state: 'pending' })
    askOwner(session.account, pending, ctx, [session])
    return {}
  },
}

/** The owner's answer, a message to the own account: it is acted upon here, and the other devices see it (§8.6). */
export function takeAnswer({ stanza, sender }: Draft, ctx: Context): void {
  if (!sender || stanza.to?.toString() !== sender.account.bareJid) return
  if (!stanza.element.getChild('x', NS_DATA)) return
  void answer(sender.account, stanza.element, ctx).catch((error: unknown) =>
    ctx.log.warn('an answer to a subscription was not understood', { error: String(error) }),
  )
}

async function answer(owner: Account, message: Element, ctx: Context): Promise<void> {
  const form = findForm(message, NS_PUBSUB_SUBSCRIBE_AUTHORIZATION)
  if (form?.type !== 'submit') return
  const [node, jid, allow] = [NODE, SUBSCRIBER, ALLOW].map((name) => findFormValue(form, name))
  if (node === undefined || jid === undefined || allow === undefined) return
  const rows = await listPepSubscriptions(ctx.db, owner.id, {
    node,
    state: 'pending',
    bareJid: findJid(jid)?.bareString,
  })
  const pending = rows.find((row) => row.jid === jid)
  if (pending) await decide(owner, pending, parseFormBoolean(allow) ? 'subscribed' : 'none', ctx)
}

/** Gives a subscription another state and tells the subscriber (§8.6, §8.8.4). */
export async function decide(
  owner: Account,
  subscription: PepSubscription,
  state: PepSubscription['state'] | 'none',
  ctx: Context,
): Promise<void> {
  const { node, jid, subid } = subscription
  if (state === 'none') await deletePepSubscription(ctx.db, owner.id, node, jid)
  else await putPepSubscription(ctx.db, owner.id, { ...subscription, state })
  const event = eventFrom(owner.bareJid, xml('subscription', { node, jid, subid, subscription: state }))
  for (const session of sessionsAt(jid, ctx)) session.send(event.to(session.jid.toString()))
}
