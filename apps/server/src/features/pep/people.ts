import {
  AFFILIATIONS,
  countPepAffiliations,
  deletePepSubscription,
  listPepAffiliations,
  listPepSubscriptions,
  putPepAffiliation,
} from '@drawbridge/db'
import type { Affiliation } from '@drawbridge/db'
import { findJid, NS_PUBSUB_OWNER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { nodeName, openToChange } from './access.ts'
import type { Access } from './access.ts'
import { decide } from './approval.ts'
import { LEGACY_BOOKMARKS } from './bookmarks.ts'
import { buildSubscription } from './subscribe.ts'

const STATES = ['none', 'subscribed'] as const

async function open(asked: Element, request: IqRequest, ctx: Context): Promise<Access & { readonly name: string }> {
  const name = nodeName(asked)
  const access = await openToChange(name, request, 'own', ctx)
  if (name === LEGACY_BOOKMARKS) throw new StanzaFault({ condition: 'not-allowed' })
  return { ...access, name }
}

/** XEP-0060 §8.9.1: who is more to a node than anybody else, its owner included. */
export async function listAffiliations(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { owner, name } = await open(asked, request, ctx)
  const others = await listPepAffiliations(ctx.db, owner.id, { node: name })
  const rows = [{ jid: owner.bareJid, affiliation: 'owner' }, ...others]
  const elements = rows.map(({ jid, affiliation }) => xml('affiliation', { jid, affiliation }))
  return xml('pubsub', { xmlns: NS_PUBSUB_OWNER }, xml('affiliations', { node: name }, elements))
}

/** XEP-0060 §8.9.2: all of them change, or none. */
export async function setAffiliations(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { owner, name } = await open(asked, request, ctx)
  const changes = asked.getChildren('affiliation').map(parseAffiliation)
  // §8.9.2.2: the account remains the owner of what is at its address.
  if (changes.some(({ jid }) => jid === owner.bareJid)) throw new StanzaFault({ condition: 'not-acceptable' })
  await ctx.db.transaction(async (tx) => {
    for (const { jid, affiliation } of changes) {
      await putPepAffiliation(tx, owner.id, { node: name, jid, affiliation })
      if (affiliation !== 'outcast') continue
      // §4.1: an outcast is not a subscriber.
      const had = await listPepSubscriptions(tx, owner.id, { node: name, bareJid: jid })
      for (const subscription of had) await deletePepSubscription(tx, owner.id, name, subscription.jid)
    }
    if ((await countPepAffiliations(tx, owner.id, name)) > ctx.limits.maxPepSubscriptions) {
      throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint' })
    }
  })
  return undefined
}

function parseAffiliation({ attrs }: Element): { readonly jid: string; readonly affiliation: Affiliation | 'none' } {
  const jid = findJid(attrs['jid'])?.bareString
  const affiliation = [...AFFILIATIONS, 'none' as const].find((known) => known === attrs['affiliation'])
  if (jid === undefined) throw new StanzaFault({ condition: 'jid-malformed' })
  if (affiliation === undefined) throw new StanzaFault({ condition: 'bad-request', text: 'unknown affiliation' })
  return { jid, affiliation }
}

/** XEP-0060 §8.8.1. */
export async function listSubscriptions(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { owner, name } = await open(asked, request, ctx)
  const rows = await listPepSubscriptions(ctx.db, owner.id, { node: name })
  return xml('pubsub', { xmlns: NS_PUBSUB_OWNER }, xml('subscriptions', { node: name }, rows.map(buildSubscription)))
}

/** XEP-0060 §8.8.2: an owner lets somebody in or ends a subscription; nobody is subscribed who has not asked to be. */
export async function setSubscriptions(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context) {
  const { owner, name } = await open(asked, request, ctx)
  const there = await listPepSubscriptions(ctx.db, owner.id, { node: name })
  const changes = asked.getChildren('subscription').map(({ attrs }) => {
    const subscription = there.find(({ jid }) => jid === findJid(attrs['jid'])?.toString())
    const state = STATES.find((known) => known === attrs['subscription'])
    if (state === undefined) throw new StanzaFault({ condition: 'bad-request', text: 'subscribed or none expected' })
    if (!subscription) throw new StanzaFault({ condition: 'not-allowed', text: 'Nobody is subscribed without asking.' })
    return { subscription, state }
  })
  for (const { subscription, state } of changes) await decide(owner, subscription, state, ctx)
  return undefined
}
