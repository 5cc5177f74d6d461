import {
  countPepSubscriptions,
  deletePepSubscription,
  listLastPepItems,
  listPepAffiliations,
  listPepNodes,
  listPepSubscriptions,
  putPepSubscription,
} from '@drawbridge/db'
import type { PepSubscription } from '@drawbridge/db'
import {
  buildForm,
  findForm,
  findFormValue,
  findJid,
  NS_PUBSUB,
  NS_PUBSUB_SUBSCRIBE_OPTIONS,
  parseFormBoolean,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomUUID } from 'node:crypto'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { isKnown, lookUp, nodeName, openToRead } from './access.ts'
import type { Access } from './access.ts'
import { askOwner } from './approval.ts'
import { filterItem } from '../../routing/filter-stored.ts'
import { notSubscribed, pubsubFault, unavailable } from './errors.ts'
import { buildEvent } from './event.ts'
import { isShown } from './names.ts'
import { lastItem, sessionsAt } from './notify.ts'

/** Most subscriptions of one person to one node, by bare and by full addresses (XEP-0060 §6.1.3.9). */
const MAX_OWN = 10

/** XEP-0060 §6.1. An address has one subscription to a node; a SubID says by which of his addresses somebody hears of it. */
export async function subscribe(pubsub: Element, asked: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const name = nodeName(asked)
  const jid = subscriber(asked, request)
  const access = await openToRead(name, request, 'subscribe', ctx)
  const before = access.subscriptions.find((subscription) => subscription.jid === jid)
  const isFree = access.node.accessModel !== 'authorize' || access.affiliation !== 'none' || access.isSubscribed
  if (before?.state === 'pending' && !isFree) throw pubsubFault('not-authorized', 'pending-subscription')
  if (!before) await refuseTooMany(access, ctx)
  const isDelivered = parseOptions(pubsub.getChild('options')) ?? before?.isDelivered ?? true
  const state = isFree ? 'subscribed' : 'pending'
  const { owner, node } = access
  const row = { node: name, jid, subid: randomUUID(), state, isDelivered } as const
  const subscription = await putPepSubscription(ctx.db, owner.id, row)
  if (state === 'pending') askOwner(owner, [subscription], ctx)
  else if (!before && node.sendLast !== 'never') await sendLast(access, subscription, ctx)
  return xml('pubsub', { xmlns: NS_PUBSUB }, buildSubscription(subscription))
}

/** The address to subscribe, which is the requester's own (§6.1.3.1). */
function subscriber(element: Element, { session }: IqRequest): string {
  const jid = findJid(element.attrs['jid'])
  if (jid?.bareString !== session.account.bareJid) throw pubsubFault('bad-request', 'invalid-jid')
  return jid.toString()
}

/** PE-05: subscriptions are bounded, for each person and for each node. */
async function refuseTooMany({ owner, node, subscriptions }: Access, ctx: Context): Promise<void> {
  if (subscriptions.length >= MAX_OWN) throw pubsubFault('policy-violation', 'too-many-subscriptions')
  if ((await countPepSubscriptions(ctx.db, owner.id, node.node)) >= ctx.limits.maxPepSubscriptions) {
    throw pubsubFault('resource-constraint', 'too-many-subscriptions')
  }
}

/** §6.1.7: a new subscriber gets the last item at once, where the node says so. */
async function sendLast(
  { owner, node, subscriptions }: Access,
  { jid, subid }: PepSubscription,
  ctx: Context,
): Promise<void> {
  const [item] = await listLastPepItems(ctx.db, owner.id, [node.node])
  if (!item || !isShown(item.itemId)) return
  const subids = subscriptions.length > 0 ? [subid] : []
  const last = lastItem(node, await filterItem(owner, item, ctx))
  const event = buildEvent(owner.bareJid, last, { publishedAt: item.publishedAt, subids })
  for (const session of sessionsAt(jid, ctx)) session.send(event.to(session.jid.toString()))
}

/** XEP-0060 §6.2. */
export async function unsubscribe(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { owner, subscription } = await ownSubscription(asked, request, ctx)
  await deletePepSubscription(ctx.db, owner.id, subscription.node, subscription.jid)
  return undefined
}

/** A subscription of the requester; whoever has one knows that the node is there, whatever became of access to it. */
async function ownSubscription(element: Element, request: IqRequest, ctx: Context) {
  const name = nodeName(element)
  const { access } = await lookUp(name, request, ctx)
  const mine = access?.subscriptions ?? []
  if (!access || mine.length === 0) {
    await openToRead(name, request, 'subscribe', ctx)
    throw notSubscribed(element)
  }
  const jid = findJid(element.attrs['jid'])
  // §6.2.3.3: somebody else's subscription.
  if (jid && jid.bareString !== request.session.account.bareJid) throw new StanzaFault({ condition: 'forbidden' })
  if (!jid) throw pubsubFault('bad-request', 'jid-required')
  const subscription = mine.find((one) => one.jid === jid.toString())
  if (!subscription) throw notSubscribed(element)
  const { subid = subscription.subid } = element.attrs
  if (subid !== subscription.subid) throw pubsubFault('not-acceptable', 'invalid-subid')
  return { owner: access.owner, subscription }
}

/** `<subscription/>`, as it is told to the subscriber. */
export function buildSubscription({ node, jid, subid, state }: PepSubscription): Element {
  return xml('subscription', { node, jid, subid, subscription: state })
}

// --- options --------------------------------------------------------------------------------------------------------

/** XEP-0060 §6.3.2. */
export async function getOptions(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const { subscription } = await ownSubscription(asked, request, ctx)
  const { node, jid, subid } = subscription
  return xml(
    'pubsub',
    { xmlns: NS_PUBSUB },
    xml('options', { node, jid, subid }, buildOptions(subscription.isDelivered)),
  )
}

/** XEP-0060 §6.3.5. */
export async function setOptions(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { owner, subscription } = await ownSubscription(asked, request, ctx)
  const isDelivered = parseOptions(asked) ?? subscription.isDelivered
  await putPepSubscription(ctx.db, owner.id, { ...subscription, isDelivered })
  return undefined
}

/** XEP-0060 §6.4: what a subscription is when nothing is said of it. */
export function getDefaultOptions(_pubsub: Element, asked: Element): Element {
  const { node } = asked.attrs
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('default', { node }, buildOptions(true)))
}

const DELIVER = 'pubsub#deliver'

function buildOptions(isDelivered: boolean): Element {
  const field = { name: DELIVER, type: 'boolean', label: 'Whether notifications are sent' } as const
  const fields = [{ ...field, values: [isDelivered ? '1' : '0'] }]
  return buildForm({ type: 'form', formType: NS_PUBSUB_SUBSCRIBE_OPTIONS, fields })
}

/** Whether notifications are wanted; `undefined`: not said. */
function parseOptions(options: Element | undefined): boolean | undefined {
  const form = options && findForm(options, NS_PUBSUB_SUBSCRIBE_OPTIONS)
  if (!form || form.type === 'cancel') return undefined
  // §6.3.5.3: options that are not here must not be taken for granted.
  if ([...form.values.keys()].some((name) => name !== 'FORM_TYPE' && name !== DELIVER)) {
    throw pubsubFault('bad-request', 'invalid-options')
  }
  const value = findFormValue(form, DELIVER)
  return value === undefined ? undefined : parseFormBoolean(value)
}

// --- what one has -----------------------------------------------------------------------------------------------------

/** XEP-0060 §5.6: the requester's subscriptions at this account, or at one node of it. */
export async function getSubscriptions(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { node } = asked.attrs
  const bareJid = request.session.account.bareJid
  const rows = await ofAccount(request, ctx, (id) => listPepSubscriptions(ctx.db, id, { node, bareJid }))
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('subscriptions', { node }, rows.map(buildSubscription)))
}

/** XEP-0060 §5.7: the requester's affiliations at this account, or with one node of it. */
export async function getAffiliations(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { node: name } = asked.attrs
  const jid = request.session.account.bareJid
  const rows = await ofAccount(request, ctx, async (id) => {
    if (!request.isOwn) return listPepAffiliations(ctx.db, id, { node: name, jid })
    const nodes = await listPepNodes(ctx.db, id)
    return nodes.map(({ node }) => ({ node, affiliation: 'owner' })).filter(({ node }) => node === (name ?? node))
  })
  const elements = rows.map(({ node, affiliation }) => xml('affiliation', { node, affiliation }))
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('affiliations', { node: name }, elements))
}

/** What a stranger has none of is not there for a stranger (SP-12). */
async function ofAccount<T>(request: IqRequest, ctx: Context, list: (id: string) => Promise<readonly T[]>) {
  // Any name will do: what is asked is who the requester is to the owner.
  const { owner, contact } = await lookUp('', request, ctx)
  const rows = owner ? await list(owner.id) : []
  if (rows.length === 0 && !(owner && isKnown(request, contact))) throw unavailable()
  return rows
}
