import { xml, type Element } from '../element.ts'
import { NS_HINTS } from '../ns.ts'

/** XEP-0334: what the sender would like done with a message. */
export const HINTS = ['no-permanent-store', 'no-store', 'no-copy', 'store'] as const
export type Hint = (typeof HINTS)[number]

export function hasHint(message: Element, hint: Hint): boolean {
  return message.getChild(hint, NS_HINTS) !== undefined
}

export function buildHint(hint: Hint): Element {
  return xml(hint, { xmlns: NS_HINTS })
}

/** Takes hints out of a message. */
export function removeHints(message: Element, ...hints: readonly Hint[]): void {
  message.children = message.children.filter(
    (child) => typeof child === 'string' || !hints.some((hint) => child.is(hint, NS_HINTS)),
  )
}
