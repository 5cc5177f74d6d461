import { buildCarbon, isCarbonEligible, NS_CARBONS, NS_CLIENT, stripPrivate, xml } from '@drawbridge/xmpp'
import type { CarbonDirection, MessageStanza } from '@drawbridge/xmpp'
import { stampedFor } from '../routing/deliver.ts'
import { defineFeature } from '../routing/feature.ts'
import type { Context, Draft, IqRoute } from '../routing/feature.ts'
import { Broadcast, Outgoing } from '../routing/outgoing.ts'
import type { Framing } from '../routing/outgoing.ts'
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

// Kept by stanza, not by draft: a message that is decided anew because the policy changed has lost the element already.
const privateStanzas = new WeakSet<MessageStanza>()

/** §9: `<private/>` keeps copies from being made, and is removed before delivery. */
function markPrivate({ stanza }: Draft): void {
  if (stripPrivate(stanza.element)) privateStanzas.add(stanza)
}

function copy(draft: Draft, ctx: Context): void {
  const { stanza, sender, heldBy } = draft
  if (privateStanzas.has(stanza) || !isCarbonEligible(stanza.element)) return
  const from = stanza.from.bareString
  const to = stanza.to?.bareString
  const isDone = (session: Session) => session === sender || draft.deliveredTo.has(session)
  copyTo(draft, 'sent', from, ctx, isDone)
  // What a suspension holds back reaches nobody but its sender. To oneself, the sent copy is enough.
  if (heldBy === undefined && to !== undefined && to !== from) copyTo(draft, 'received', to, ctx, isDone)
}

function copyTo(
  draft: Draft,
  direction: CarbonDirection,
  owner: string,
  { sessions }: Context,
  isDone: (session: Session) => boolean,
): void {
  const recipients = sessions.of(owner).filter((session) => session.hasCarbons && !isDone(session))
  if (recipients.length === 0) return
  const { element, archived } = stampedFor(draft, owner)
  const { type } = element.attrs
  const broadcast = new Broadcast(
    xml('message', { xmlns: NS_CLIENT, from: owner, type }, buildCarbon(direction, element)),
  )
  // A received copy hands the message over just as the message itself does; one's own message needs no handing over.
  const handedOver = direction === 'received' ? archived : undefined
  for (const session of recipients) session.send(new Copy(broadcast, session.jid.toString(), handedOver))
}

/** A carbon for one device: it is addressed to the full JID (§7), yet all devices share the rest of the bytes. */
class Copy extends Outgoing {
  readonly #broadcast: Broadcast
  readonly #to: string

  constructor(broadcast: Broadcast, to: string, archived: Outgoing['archived']) {
    const { name, attrs, children } = broadcast.element
    super(xml(name, { ...attrs, to }, ...children), archived)
    this.#broadcast = broadcast
    this.#to = to
  }

  override text(framing: Framing): string {
    return this.#broadcast.text(framing, this.#to)
  }

  override get hasFileLinks(): boolean {
    return this.#broadcast.hasFileLinks
  }
}
