import { xml, type Element } from '../element.ts'
import { NS_CARBONS, NS_MUC_USER } from '../ns.ts'
import { isDurable } from './durable.ts'
import { buildForwarded, findForwarded } from './forwarded.ts'
import { hasHint } from './hints.ts'
import { findPayload } from './payloads.ts'

export type CarbonDirection = 'sent' | 'received'

/** XEP-0280: the payload of a carbon. The message is copied. */
export function buildCarbon(direction: CarbonDirection, message: Element): Element {
  return xml(direction, { xmlns: NS_CARBONS }, buildForwarded({ stanza: message }))
}

/** The carbon in a message: only to be believed if the message comes from one's own bare JID (CVE-2017-5589). */
export function findCarbon(
  message: Element,
): { readonly direction: CarbonDirection; readonly stanza: Element } | undefined {
  for (const direction of ['sent', 'received'] as const) {
    const carbon = message.getChild(direction, NS_CARBONS)
    const forwarded = carbon && findForwarded(carbon)
    if (forwarded) return { direction, stanza: forwarded.stanza }
  }
  return undefined
}

/** Removes carbons from what a client sends: only the server makes them (SP-02). Returns how many there were. */
export function stripCarbons(message: Element): number {
  const forged = [...message.getChildren('sent', NS_CARBONS), ...message.getChildren('received', NS_CARBONS)]
  for (const element of forged) message.remove(element)
  return forged.length
}

/** Removes `<private/>`, which the server must do before delivery (XEP-0280 §9). Returns whether it was there. */
export function stripPrivate(message: Element): boolean {
  const element = message.getChild('private', NS_CARBONS)
  if (element) message.remove(element)
  return element !== undefined
}

/**
 * Whether other devices should get a copy (XEP-0280 §6.1): not if the sender marked the message `<private/>` or
 * `no-copy`, not for room messages and what comes through a room, and of type `normal` only what belongs to a
 * conversation. Errors are for the device that caused them: which other answers something that was copied nobody knows,
 * and anybody could put text on every device by one.
 */
export function isCarbonEligible(message: Element): boolean {
  if (message.getChild('private', NS_CARBONS) || hasHint(message, 'no-copy')) return false
  const { type } = message.attrs
  if (type === 'groupchat' || type === 'headline' || type === 'error') return false
  if (message.getChild('x', NS_MUC_USER) && !message.getChild('x', NS_MUC_USER)?.getChild('invite')) return false
  if (type === 'chat') return true
  return isDurable(message) || message.getChildElements().some((child) => findPayload(child)?.carbon)
}
