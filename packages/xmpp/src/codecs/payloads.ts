import type { Element } from '../element.ts'
import {
  NS_BOB,
  NS_CHAT_STATES,
  NS_CLIENT,
  NS_CONFERENCE,
  NS_CORRECTION,
  NS_EME,
  NS_FALLBACK,
  NS_FASTEN,
  NS_JINGLE_MESSAGE,
  NS_MARKERS,
  NS_MARKUP,
  NS_MODERATION,
  NS_MUC_USER,
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OOB,
  NS_OPENPGP,
  NS_OPENPGP_LEGACY,
  NS_REACTIONS,
  NS_RECEIPTS,
  NS_REFERENCE,
  NS_REPLY,
  NS_RETRACTION,
  NS_RETRACTION_0,
  NS_SERVER,
  NS_SFS,
  NS_SIMS,
  NS_XHTML_IM,
} from '../ns.ts'

/** What the server does for one kind of content of a message. A message gets the best of what its contents get. */
export interface Payload {
  readonly xmlns: string
  /** Only these elements of the namespace; all of them if not given. */
  readonly names?: readonly string[]
  /** Only with one of these child elements. */
  readonly with?: readonly string[]
  /**
   * Kept in the archives (XEP-0313 §5.1.1), whence it also comes to who was offline (XEP-0160). `always`: a hint not to
   * store it is not heeded (XEP-0424 §5: the archive "MUST store the retraction message").
   */
  readonly durable: boolean | 'always'
  /** Makes a message of type `normal` one that other devices get too (XEP-0280 §6.1); those of type `chat` they get anyway. */
  readonly carbon: boolean
  /** Worth waking a device that sleeps (XEP-0357). */
  readonly push: boolean
}

const STORED = { durable: true, carbon: true, push: true } as const
const SILENT = { durable: true, carbon: true, push: false } as const
const LIVE = { durable: false, carbon: true, push: false } as const
const ATTACHED = { durable: false, carbon: false, push: false } as const

/** Every payload that the server treats in a way of its own. What is not here is passed on and forgotten. */
export const PAYLOADS: readonly Payload[] = [
  // RFC 6121 §5.2
  { xmlns: NS_CLIENT, names: ['body'], ...STORED },
  { xmlns: NS_SERVER, names: ['body'], ...STORED },
  { xmlns: NS_CLIENT, names: ['subject'], ...SILENT },
  { xmlns: NS_SERVER, names: ['subject'], ...SILENT },
  // Encrypted: XEP-0384, XEP-0373, XEP-0027, XEP-0380
  { xmlns: NS_OMEMO, ...STORED },
  { xmlns: NS_OMEMO_LEGACY, ...STORED },
  { xmlns: NS_OPENPGP, ...STORED },
  { xmlns: NS_OPENPGP_LEGACY, ...STORED },
  { xmlns: NS_EME, ...STORED },
  // Files: XEP-0066, XEP-0385, XEP-0447, XEP-0231; XEP-0071, which may hold images
  { xmlns: NS_OOB, ...STORED },
  { xmlns: NS_SIMS, ...STORED },
  { xmlns: NS_SFS, ...STORED },
  { xmlns: NS_BOB, ...STORED },
  { xmlns: NS_XHTML_IM, ...STORED },
  // How a text may be shown (XEP-0394): nothing by itself
  { xmlns: NS_MARKUP, ...ATTACHED },
  // About other messages: XEP-0308, XEP-0424, XEP-0425, XEP-0422, XEP-0444, XEP-0372, XEP-0461, XEP-0428
  { xmlns: NS_CORRECTION, ...SILENT },
  { xmlns: NS_RETRACTION, names: ['retract'], ...SILENT, durable: 'always' },
  { xmlns: NS_RETRACTION_0, ...SILENT },
  { xmlns: NS_MODERATION, ...SILENT },
  { xmlns: NS_FASTEN, ...SILENT, durable: 'always' },
  { xmlns: NS_REACTIONS, ...SILENT },
  { xmlns: NS_REFERENCE, ...SILENT },
  { xmlns: NS_REPLY, ...ATTACHED },
  { xmlns: NS_FALLBACK, ...ATTACHED },
  // Invitations: XEP-0249, XEP-0045 §7.8.2
  { xmlns: NS_CONFERENCE, ...STORED },
  { xmlns: NS_MUC_USER, with: ['invite', 'decline'], ...STORED },
  // Read, received, typing: XEP-0333, XEP-0184, XEP-0085. That a message arrived is told while it is news; a client that
  // wants it kept says so (XEP-0334). What somebody has read is kept for the devices that come later.
  { xmlns: NS_MARKERS, names: ['displayed', 'received', 'acknowledged'], ...SILENT },
  { xmlns: NS_MARKERS, names: ['markable'], ...ATTACHED },
  { xmlns: NS_RECEIPTS, names: ['received'], ...LIVE },
  { xmlns: NS_RECEIPTS, names: ['request'], ...ATTACHED },
  { xmlns: NS_CHAT_STATES, ...LIVE },
  // Calls: XEP-0353. A call is over when an archive is read.
  { xmlns: NS_JINGLE_MESSAGE, names: ['propose'], ...LIVE, push: true },
  { xmlns: NS_JINGLE_MESSAGE, ...LIVE },
]

const BY_NAMESPACE = Map.groupBy(PAYLOADS, ({ xmlns }) => xmlns)

/** The row for an element inside a message, if there is one. */
export function findPayload(child: Element): Payload | undefined {
  const rows = BY_NAMESPACE.get(child.getNS() ?? '')
  if (!rows) return undefined
  const name = child.getName()
  return rows.find(
    (row) =>
      (!row.names || row.names.includes(name)) &&
      (!row.with || row.with.some((inner) => child.getChild(inner) !== undefined)),
  )
}

/** Whether a message is worth waking a device that sleeps (XEP-0357): something to read, an invitation, a call. */
export function isPushWorthy(message: Element): boolean {
  const { type } = message.attrs
  if (type === 'error' || type === 'headline') return false
  const payloads = message.getChildElements().map(findPayload)
  // The text of a retraction is for clients that do not know it; a correction's is an old message's.
  return (
    payloads.some((row) => row?.push) &&
    !payloads.some((row) => row?.xmlns === NS_RETRACTION || row?.xmlns === NS_CORRECTION)
  )
}
