import { buildDelay, buildHeaders, NS_CLIENT, NS_PUBSUB_EVENT, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { PepChange, PublishedItem } from '../../routing/feature.ts'
import { Broadcast } from '../../routing/outgoing.ts'
import { buildNodeConfig } from './config.ts'

/** What is said of a change to those who may hear of it (XEP-0060 §7.1.2, §7.2.2, §8.2.5, §8.4.2, §8.5.2). */
function contentOf(change: PepChange): Element {
  const { node } = change
  const attrs = { node: node.node }
  switch (change.what) {
    case 'published':
      return xml('items', attrs, buildPublished(change.item, node.deliverPayloads))
    case 'retracted':
      return xml('items', attrs, xml('retract', { id: change.itemId }))
    case 'purged':
      return xml('purge', attrs)
    case 'configured':
      return xml('configuration', attrs, node.deliverPayloads ? buildNodeConfig(node, 'result') : undefined)
    case 'deleted':
      return xml('delete', attrs, change.redirect && xml('redirect', { uri: change.redirect }))
  }
}

function buildPublished({ id, payload, publisher }: PublishedItem, withPayload: boolean): Element {
  return xml('item', { id, publisher }, withPayload ? payload.clone() : undefined)
}

/** Whether the node tells anybody of such a change (XEP-0060 §16.4.4). */
export function isTold({ node, what, isSilent }: PepChange): boolean {
  if (isSilent || !node.deliverNotifications) return false
  if (what === 'configured') return node.notifyConfig
  return what !== 'deleted' || node.notifyDelete
}

/**
 * One event for however many, from the bare JID of the owner (XEP-0163 §4.3); a headline, so that nothing stores it.
 *
 * @param publishedAt - of an item that was published before (XEP-0060 §6.1.7).
 * @param subids - of the subscriptions by which its recipient hears of it, where there are several (§7.1.2.4)
 */
export function buildEvent(
  owner: string,
  change: PepChange,
  { publishedAt, subids = [] }: { readonly publishedAt?: Date; readonly subids?: readonly string[] } = {},
): Broadcast {
  const delay = publishedAt && buildDelay({ stamp: publishedAt, from: owner })
  const headers = subids.length > 0 ? buildHeaders(subids.map((value) => ({ name: 'SubID', value }))) : undefined
  return eventFrom(owner, contentOf(change), delay, headers)
}

/** An event of another kind, about a subscription for example. */
export function eventFrom(owner: string, content: Element, ...more: (Element | undefined)[]): Broadcast {
  const event = xml('event', { xmlns: NS_PUBSUB_EVENT }, content)
  return new Broadcast(xml('message', { xmlns: NS_CLIENT, type: 'headline', from: owner }, event, more))
}
