import { xml, type Element } from '../element.ts'
import { NS_MARKERS, NS_RECEIPTS } from '../ns.ts'

/** Whether the sender asks for a receipt (XEP-0184). */
export function isReceiptRequested(message: Element): boolean {
  return message.getChild('request', NS_RECEIPTS) !== undefined
}

/** The id of the message that this one acknowledges (XEP-0184). */
export function findReceipt(message: Element): string | undefined {
  return message.getChild('received', NS_RECEIPTS)?.attrs['id']
}

export function buildReceipt(id: string): Element {
  return xml('received', { xmlns: NS_RECEIPTS, id })
}

export function buildReceiptRequest(): Element {
  return xml('request', { xmlns: NS_RECEIPTS })
}

/** The id of the message up to which the sender has read (XEP-0333). */
export function findDisplayedMarker(message: Element): string | undefined {
  return message.getChild('displayed', NS_MARKERS)?.attrs['id']
}

export function buildDisplayedMarker(id: string): Element {
  return xml('displayed', { xmlns: NS_MARKERS, id })
}

/** Whether the sender would like to know when the message has been read (XEP-0333). */
export function isMarkable(message: Element): boolean {
  return message.getChild('markable', NS_MARKERS) !== undefined
}
