import type { Element } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { NS_REPORTING, NS_SID } from '../ns.ts'

const MAX_TEXT = 4_096
const MAX_REASON = 256
const MAX_MESSAGES = 100
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** XEP-0377: why somebody is blocked. */
export interface Report {
  /** A URN; XEP-0377 §4 has those for spam and for abuse. */
  readonly reason: string
  readonly text: string | undefined
  /** Stanza-ids in the reporter's archive. */
  readonly messageIds: readonly string[]
}

/**
 * The report inside an `<item/>` of a block request.
 * @throws StanzaFault `bad-request` without a reason
 */
export function parseReport(item: Element): Report | undefined {
  const report = item.getChild('report', NS_REPORTING)
  if (!report) return undefined
  const { reason } = report.attrs
  if (reason === undefined || reason === '' || reason.length > MAX_REASON) {
    throw new StanzaFault({ condition: 'bad-request', text: 'a report has a reason' })
  }
  const ids = report.getChildren('stanza-id', NS_SID).flatMap(({ attrs: { id } }) => id ?? [])
  const text = report.getChildText('text')?.trim().slice(0, MAX_TEXT).toWellFormed()
  return { reason, text: text || undefined, messageIds: ids.filter((id) => UUID.test(id)).slice(0, MAX_MESSAGES) }
}
