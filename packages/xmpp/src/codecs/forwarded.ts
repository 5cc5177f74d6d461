import { xml, type Element } from '../element.ts'
import { NS_DELAY, NS_FORWARD } from '../ns.ts'
import { buildDelay, findDelay } from './delay.ts'

/** XEP-0297: a stanza inside another, and when it was sent. */
export interface Forwarded {
  readonly stanza: Element
  readonly stamp?: Date | undefined
}

/**
 * Wraps a stanza. It is copied, so that one stanza can be wrapped for many, and its own delays are kept.
 */
export function buildForwarded({ stanza, stamp }: Forwarded): Element {
  return xml('forwarded', { xmlns: NS_FORWARD }, stamp ? buildDelay({ stamp }) : undefined, stanza.clone())
}

/** The stanza that `parent` forwards, if it forwards one. */
export function findForwarded(parent: Element): Forwarded | undefined {
  const forwarded = parent.getChild('forwarded', NS_FORWARD)
  const stanza = forwarded?.getChildElements().find((child) => child.getNS() !== NS_DELAY)
  if (!forwarded || !stanza) return undefined
  return { stanza, stamp: findDelay(forwarded)?.stamp }
}
