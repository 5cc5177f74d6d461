import type { ReleasedMessage } from '@drawbridge/db'
import { buildDelay, parseJid, stanzaFrom } from '@drawbridge/xmpp'
import { planDelivery, withStanzaId } from './deliver.ts'
import { filterMessages, isFiltered } from './filter-stored.ts'
import { Outgoing } from './outgoing.ts'
import { parseStored } from './parse-stored.ts'
import { serviceAt } from './registry.ts'
import type { Routing } from './registry.ts'

/**
 * Delivers what a suspension had held back, now that it is in its recipients' archives, in this order. The stamp is the
 * time at which it was accepted (XEP-0203). At once, unless an older image filter had let some of them in.
 *
 * @param isElsewhere - another node has released them: sessions of this node get them, and that is all.
 */
export function deliverReleased(
  routing: Routing,
  messages: readonly ReleasedMessage[],
  isElsewhere = false,
): Promise<void> | void {
  if (messages.every(isFiltered)) return handOver(routing, messages, isElsewhere)
  return filterMessages(messages, routing.ctx).then(
    (filtered) => handOver(routing, filtered, isElsewhere),
    (error: unknown) => routing.ctx.log.error('released messages stay in the archive', { error: String(error) }),
  )
}

function handOver(routing: Routing, messages: readonly ReleasedMessage[], isElsewhere: boolean): void {
  const { ctx, registry } = routing
  const released = messages.flatMap(({ id, stanza: text, sentAt, archives, retraction }) => {
    if (retraction) return []
    const element = parseStored(text)
    const stanza = stanzaFrom(element, { from: parseJid(element.attrs['from'] ?? '') })
    return stanza.kind === 'message' ? [{ id, stanza, sentAt, archives }] : []
  })
  // Whoever is nowhere is told once, by the node that has released it.
  for (const feature of isElsewhere ? [] : registry.features) {
    try {
      feature.released?.(released, ctx)
    } catch (error) {
      ctx.log.error('a feature failed after a release', { feature: feature.name, error: String(error) })
    }
  }
  for (const { id, stanza, sentAt, archives } of released) {
    const { element } = stanza
    element.append(buildDelay({ stamp: sentAt, from: ctx.domain }))
    const service = serviceAt(routing, stanza)
    if (service) {
      const positions = new Map(archives.map(({ owner, position }) => [owner, position]))
      service.deliver({ stanza, sender: undefined, id, sentAt, positions }, ctx)
      continue
    }
    for (const { owner, position } of archives) {
      const plan = planDelivery(stanza, ctx.accounts.findByBareJid(owner), ctx.sessions)
      if (plan.to !== 'sessions') continue
      const outgoing = new Outgoing(withStanzaId(element, owner, id), { owner, position })
      for (const session of plan.sessions) session.send(outgoing)
    }
  }
}
