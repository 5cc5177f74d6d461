import type { Element } from '@drawbridge/xmpp'
import type { Visited } from './around.ts'

/**
 * Every element of a stanza, itself included, each before what is inside it; forwarded messages are no boundary. Not
 * recursive, since depth is the sender's choice. What is inside an element that was taken out on its visit is left alone.
 */
export function* walk(root: Element): Generator<Visited> {
  const work: Visited[] = [{ element: root, namespace: root.getNS() ?? '' }]
  for (let next = work.pop(); next; next = work.pop()) {
    const { element, namespace } = next
    yield next
    if (element !== root && element.parent === null) continue
    for (const child of element.children.toReversed()) {
      if (typeof child !== 'string') work.push({ element: child, namespace: child.attrs['xmlns'] ?? namespace })
    }
  }
}

/**
 * Leaves of an element these attributes and children, and nothing else: what is not known is not passed on. The children
 * are its own, so that what was found in them is still found there; texts are joined.
 */
export function reduce(element: Element, attributes: readonly string[], children: readonly Element[] | 'text'): void {
  for (const name of Object.keys(element.attrs)) {
    if (name !== 'xmlns' && !attributes.includes(name)) delete element.attrs[name]
  }
  const text = children === 'text' ? element.getText() : ''
  for (const child of element.getChildElements()) {
    if (children === 'text' || !children.includes(child)) child.parent = null
  }
  element.children = children === 'text' ? (text === '' ? [] : [text]) : [...children]
}

/** Takes an element out of its parent. */
export function cut(element: Element): void {
  element.parent?.remove(element)
}

/** Whether an element is still part of the stanza. */
export function isPartOf(element: Element, root: Element): boolean {
  let top = element
  while (top.parent) top = top.parent
  return top === root
}
