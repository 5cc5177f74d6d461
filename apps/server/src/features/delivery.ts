import { planDelivery, stampedFor } from '../routing/deliver.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft } from '../routing/feature.ts'

/** RFC 6121 §8.5: hands a committed message to the sessions that are to have it. `planDelivery` has the rules. */
export const delivery = defineFeature({
  name: 'delivery',
  implements: [],
  message: { deliver },
})

function deliver(draft: Draft, ctx: Context): void {
  const { stanza, heldBy, deliveredTo } = draft
  // It is archived for the sender; the recipients get it when the suspension ends.
  if (heldBy !== undefined) return
  const service = stanza.to && ctx.findService(stanza.to.domainpart)
  if (service) return service.deliver(draft, ctx)
  const account = stanza.to && ctx.accounts.findByBareJid(stanza.to.bareString)
  const plan = planDelivery(stanza, account?.isDisabled ? undefined : account, ctx.sessions)
  if (plan.to !== 'sessions' || !account) return
  const outgoing = stampedFor(draft, account.bareJid)
  for (const session of plan.sessions) {
    session.send(outgoing)
    deliveredTo.add(session)
  }
}
