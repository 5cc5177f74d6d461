import type { Element } from '@drawbridge/xmpp'

const given = new WeakMap<Element, string>()

/** Stores an item under another id than its publisher chose, who will still be answered with the one he knows. */
export function renameItem(item: Element, id: string): void {
  const { id: chosen } = item.attrs
  if (chosen !== undefined && !given.has(item)) given.set(item, chosen)
  item.attrs['id'] = id
}

/** The id that the publisher gave an item, or would be told. Some clients take any other for an error (nbxmpp). */
export function idOfPublisher(item: Element | undefined): string | undefined {
  return item && (given.get(item) ?? item.attrs['id'])
}
