import { NS_MDS, NS_PUBSUB_EVENT } from '@drawbridge/xmpp'
import type { Context, Draft } from '../../routing/feature.ts'
import { cleanItem } from './content.ts'
import { inOrder } from './order.ts'
import { publishItem } from './store.ts'

/**
 * SP-07: events come from an account or a service, never from one of its clients (XEP-0163 §4.3): a client that takes
 * one for what it says would believe whoever sent it. What is left of the message goes on.
 */
export function stripForgedEvents({ stanza: { element }, sender }: Draft): void {
  if (!sender) return
  for (const event of element.getChildren('event', NS_PUBSUB_EVENT)) element.remove(event)
}

/**
 * XEP-0490 §4.4: a client says in a message what it has displayed, so that it need not publish it as well. Nobody else
 * sees that, the archive included. Ids are the client's affair (§5.2).
 */
export function takeDisplayed({ stanza: { element, to }, sender }: Draft, ctx: Context): void {
  const displayed = sender && element.getChild('displayed', NS_MDS)
  if (!displayed) return
  element.remove(displayed)
  if (!to || displayed.getChildElements().length !== 1) return
  const { account } = sender
  const payload = displayed.clone()
  const publish = async () => {
    await cleanItem(account, { node: NS_MDS, publisher: account.bareJid }, payload, ctx)
    await publishItem(account, NS_MDS, { id: to.toString(), payload }, undefined, ctx)
  }
  void inOrder(account, NS_MDS, publish, ctx).catch((error: unknown) =>
    ctx.log.warn('what was displayed is not kept', { error: String(error) }),
  )
}
