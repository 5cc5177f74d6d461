import { NOTICE } from '@drawbridge/image-filter'
import { holdsDataImage, holdsEncodedImage } from '@drawbridge/xmpp'

// Ids of items and names of nodes are not rewritten, as payloads are: they are addresses, which retractions, references and
// bookmarks of others repeat (ADR 30). Whatever let one in that is an image by itself, nobody is shown it.

/** Whether the id of an item or the name of a node may be shown. */
export function isShown(name: string): boolean {
  return !holdsDataImage(name) && !holdsEncodedImage(name)
}

/** What a node is said to be: words, which can be replaced. */
export function shownText(text: string): string {
  return isShown(text) ? text : NOTICE
}
