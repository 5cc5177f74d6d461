import { buildCarbon, hasHint, isCarbonEligible, NS_CARBONS, NS_CLIENT, stripPrivate, xml } from '@drawbridge/xmpp'
import type { CarbonDirection, MessageStanza } from '@drawbridge/xmpp'
import { stampedFor } from '../routing/deliver.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft, IqRoute } from '../routing/feature.ts'
import { Broadcast } from '../routing/outgoing.ts'
import type { Session } from '../stream/session.ts'

/** XEP-0280: Message Carbons. Every device of a person sees both sides of each conversation, live. */
export const carbons = defineFeature({
  name: 'carbons',
  implements: [{ xep: 280, version: '1.0.1' }],
  disco: [NS_CARBONS],
  // Repeating a request is no error (§10.1).
  iq: [toggle('enable', true), toggle('disable', false)],
  bindInline: [
    {
      xmlns: NS_CARBONS,
      enable({ name }, session) {
        if (name === 'enable') session.hasCarbons = true
        return undefined
      },
    },
  ],
  message: { amend: markPrivate, copy },
})

function toggle(name: 'enable' | 'disable', isOn: boolean): IqRoute {
  return {
    type: 'set',
    to: 'own',
    xmlns: NS_CARBONS,
    name,
    handle(_payload, { session }) {
      session.hasCarbons = isOn
      return undefined
    },
  }
}

// By stanza, since a message that is decided anew because the policy changed has lost the element already; and by draft,
// since a service says it in a stanza of its own.
const privateStanzas = new WeakSet<MessageStanza>()
const privateDrafts = new WeakSet<Draft>()

/** §9: `<private/>` keeps copies from being made, and is removed before delivery. */
function markPrivate(draft: Draft): void {
  const { stanza } = draft
  if (stripPrivate(stanza.element)) privateStanzas.add(stanza)
  if (privateStanzas.has(stanza)) privateDrafts.add(draft)
}

function copy(draft: Draft, ctx: Context): void {
  const { stanza, sender, heldBy } = draft
  if (privateDrafts.has(draft)) return
  const from = stanza.from.bareString
  if (sender && from !== sender.account.bareJid) return copyAmongCompanions(draft, sender, ctx)
  if (!isCarbonEligible(stanza.element)) return
  const to = stanza.to?.bareString
  const isDone = (session: Session) => session === sender || draft.deliveredTo.has(session)
  copyTo(draft, 'sent', from, ctx.sessions.of(from), isDone)
  // What a suspension holds back reaches nobody but its sender. To oneself, the sent copy is enough.
  if (heldBy === undefined && to !== undefined && to !== from) {
    copyTo(draft, 'received', to, ctx.sessions.of(to), isDone)
  }
}

/**
 * §6.1: what one device says in private in a room, the others hear that are there under the same nick. What the room
 * hands over, it hands to all of them by itself.
 */
function copyAmongCompanions(draft: Draft, sender: Session, ctx: Context): void {
  const { stanza } = draft
  const isToOneself = stanza.to.toString() === stanza.from.toString()
  if (stanza.type === 'groupchat' || isToOneself || hasHint(stanza.element, 'no-copy')) return
  const companions = ctx.findService(stanza.from.domainpart)?.companions?.(stanza.from, sender, ctx) ?? []
  copyTo(draft, 'sent', sender.account.bareJid, companions, (session) => session === sender, sender.jid.toString())
}

function copyTo(
  draft: Draft,
  direction: CarbonDirection,
  owner: string,
  devices: readonly Session[],
  isDone: (session: Session) => boolean,
  /** Who says it, where that is not what the message says by now. */
  author?: string,
): void {
  const recipients = devices.filter((session) => session.hasCarbons && !isDone(session))
  if (recipients.length === 0) return
  const { element: stamped, archived } = stampedFor(draft, owner)
  const element = author === undefined ? stamped : xml('message', { ...stamped.attrs, from: author }, stamped.children)
  const { type } = element.attrs
  const broadcast = new Broadcast(
    xml('message', { xmlns: NS_CLIENT, from: owner, type }, buildCarbon(direction, element)),
  )
  // It is addressed to the full JID (§7), yet all devices share the rest of the bytes.
  for (const session of recipients) {
    // A device that messages wait for has the message by its copy. To another a copy is nothing but that (RFC 6121
    // §8.5.2.2): what waits goes on waiting. One's own message waits for nobody.
    const isHandedOver = direction === 'received' && session.takesMessages
    session.send(broadcast.to(session.jid.toString(), isHandedOver ? archived : undefined))
  }
}
