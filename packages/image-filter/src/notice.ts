import { holdsDataImage } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'

/** What stands where an image was written into a text. */
export const NOTICE = '[image removed]'

/** A `data:` URI in running text: its base64 may be broken by white space, its scheme by what a URL parser ignores. */
const DATA_URI =
  /d[\t\r\n]*a[\t\r\n]*t[\t\r\n]*a[\t\r\n]*:[^\s"'<>),]*(?:,\s*[^\s"'<>)]*(?:\s+[A-Za-z0-9+/=_%-]{16,}(?![^\s"'<>)]))*)?/gi

/** Replaces images in a text by a notice; the words around them stay where that is safe. */
export function withoutDataImages(text: string): string {
  const replaced = text.replace(DATA_URI, (uri) => (holdsDataImage(uri) ? NOTICE : uri))
  // Written in a way that leaves something over: then nothing of the text can be kept.
  return holdsDataImage(replaced) ? NOTICE : replaced
}

/** The same for the own text of an element, or for one of its attributes. */
export function stripDataImages(element: Element, attribute: string | undefined): void {
  if (attribute !== undefined) {
    element.attrs[attribute] = withoutDataImages(element.attrs[attribute] ?? '')
    return
  }
  // The text may be spread around child elements: joined first, as a client would read it.
  const children = element.getChildElements()
  element.children = [withoutDataImages(element.getText()), ...children]
}
