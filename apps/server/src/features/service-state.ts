import { listHeldOf } from '@drawbridge/db'
import {
  buildHeld,
  buildReleased,
  buildServiceState,
  findOriginId,
  NS_CLIENT,
  NS_DRAWBRIDGE_SUSPENSION,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { publicSuspensions } from '../policy/enforce.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft, IqRequest, Released } from '../routing/feature.ts'
import { parseStored } from '../routing/parse-stored.ts'
import { noticesFrom } from '../stream/notices.ts'

/** Messages that a client is told of when it asks: the last ones. */
const MAX_LISTED = 500

/**
 * What suspensions mean for whoever is signed in (control §4.4): a client asks what holds for it, and which of its
 * messages wait; it hears of each that begins to, and of those that no longer do. Whether the suspension that held them
 * is still in force makes no difference: it may have ended for review.
 */
export const serviceState = defineFeature({
  name: 'service-state',
  implements: [],
  disco: [NS_DRAWBRIDGE_SUSPENSION],
  iq: [{ type: 'get', to: 'server', xmlns: NS_DRAWBRIDGE_SUSPENSION, name: 'state', handle: answerState }],
  message: { deliver: tellHeld },
  released: tellReleased,
})

async function answerState(_payload: Element, { session }: IqRequest, { db, gate }: Context): Promise<Element> {
  const { account, client, remoteAddress: address } = session
  const held = await listHeldOf(db, account.bareJid, MAX_LISTED)
  const subject = { account: gate.factsOf(account), client, address }
  return buildServiceState(
    noticesFrom(publicSuspensions(gate.settings.suspensions, { subject })),
    held.map(({ id, suspensionId, stanza }) => ({
      id: nameOf(parseStored(stanza)),
      stanzaId: id,
      suspension: suspensionId,
    })),
  )
}

/** On every device: what it shows as sent has not been. */
function tellHeld({ stanza, sender, heldBy, id }: Draft, ctx: Context): void {
  if (heldBy === undefined || !sender) return
  tell(ctx, sender.account.bareJid, buildHeld({ id: nameOf(stanza.element), stanzaId: id, suspension: heldBy }))
}

function tellReleased(messages: readonly Released[], ctx: Context): void {
  const bySender = Map.groupBy(messages, ({ stanza }) => stanza.from.bareString)
  for (const [sender, own] of bySender) {
    const names = own.map(({ id, stanza }) => ({ id: nameOf(stanza.element), stanzaId: id }))
    tell(ctx, sender, buildReleased(names))
  }
}

function tell({ domain, sessions }: Context, account: string, what: Element): void {
  for (const session of sessions.of(account)) {
    const to = session.jid.toString()
    session.send(xml('message', { xmlns: NS_CLIENT, type: 'headline', from: domain, to }, what))
  }
}

/** What the sending client knows the message by. */
function nameOf(element: Element): string | undefined {
  return findOriginId(element) ?? element.attrs['id']
}
