import { xml, type Element } from '../element.ts'
import { NS_SID } from '../ns.ts'

/** XEP-0359: the id that the entity `by` gave to a message. */
export interface StanzaId {
  readonly id: string
  readonly by: string
}

/** Adds the id under which the archive of `by` knows the message. */
export function addStanzaId(message: Element, { id, by }: StanzaId): void {
  message.append(xml('stanza-id', { xmlns: NS_SID, id, by }))
}

/**
 * Removes ids whose `by` satisfies `isOurs`: only we give ids in our name (SP-04). An id without `by` is removed too.
 * Returns how many there were.
 */
export function stripStanzaIds(message: Element, isOurs: (by: string) => boolean): number {
  const forged = message.getChildren('stanza-id', NS_SID).filter((element) => {
    const by = element.attrs['by']
    return by === undefined || isOurs(by)
  })
  for (const element of forged) message.remove(element)
  return forged.length
}

/** The id that `by` gave to the message. */
export function findStanzaId(message: Element, by: string): string | undefined {
  return message.getChildren('stanza-id', NS_SID).find((element) => element.attrs['by'] === by)?.attrs['id']
}

/** The id that the sender's client gave to the message (XEP-0359 §3.2). Chosen by the client: no secret, not unique. */
export function findOriginId(message: Element): string | undefined {
  return message.getChild('origin-id', NS_SID)?.attrs['id']
}

export function buildOriginId(id: string): Element {
  return xml('origin-id', { xmlns: NS_SID, id })
}
