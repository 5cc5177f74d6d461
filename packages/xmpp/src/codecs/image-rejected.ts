import { xml, type Element } from '../element.ts'
import { NS_DRAWBRIDGE_IMAGE } from '../ns.ts'

/** Application condition of the error for an image that was not let through; `reason` is a word of the sanitizer. */
export function buildImageRejected(reason: string): Element {
  return xml('image-rejected', { xmlns: NS_DRAWBRIDGE_IMAGE, reason })
}

/** The reason, if the element holds such a condition. */
export function findImageRejected(parent: Element): string | undefined {
  return parent.getChild('image-rejected', NS_DRAWBRIDGE_IMAGE)?.attrs['reason']
}
