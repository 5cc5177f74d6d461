import { xml, type Element } from '../element.ts'
import { NS_DELAY, NS_DELAY_LEGACY } from '../ns.ts'
import { findDateTime, formatDateTime } from './date-time.ts'

/** XEP-0203: when a stanza was sent first, and by whose word. */
export interface Delay {
  readonly stamp: Date
  readonly from?: string | undefined
  readonly reason?: string | undefined
}

export function buildDelay({ stamp, from, reason }: Delay): Element {
  return xml('delay', { xmlns: NS_DELAY, from, stamp: formatDateTime(stamp) }, reason)
}

/** The first delay of a stanza whose date can be read. */
export function findDelay(stanza: Element): Delay | undefined {
  for (const element of stanza.getChildren('delay', NS_DELAY)) {
    const stamp = findDateTime(element.attrs['stamp'] ?? '')
    if (stamp) return { stamp, from: element.attrs['from'], reason: element.getText() || undefined }
  }
  return undefined
}

/** Whether this says when a stanza was sent first, also in the way of XEP-0091, which older clients still read. */
export function isDelay(child: Element): boolean {
  return child.is('delay', NS_DELAY) || child.is('x', NS_DELAY_LEGACY)
}

/** Removes delays whose `from` satisfies `isOurs`: nobody may speak for us (SP-08). Returns how many there were. */
export function stripDelays(stanza: Element, isOurs: (from: string | undefined) => boolean): number {
  const forged = stanza.getChildElements().filter((child) => isDelay(child) && isOurs(child.attrs['from']))
  for (const element of forged) stanza.remove(element)
  return forged.length
}
