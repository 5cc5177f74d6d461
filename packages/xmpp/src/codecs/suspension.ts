import { xml, type Element } from '../element.ts'
import { NS_DRAWBRIDGE_SUSPENSION } from '../ns.ts'
import { findDateTime, formatDateTime } from './date-time.ts'

/** A suspension in force, as clients are told about it. `scope` and `mode` are words of the policy. */
export interface SuspensionNotice {
  readonly id: string
  readonly scope: string
  readonly mode: string
  readonly reason: string
  readonly since?: Date | undefined
  readonly until?: Date | undefined
}

/** One suspension, for a stream error. */
export function buildSuspension(notice: SuspensionNotice): Element {
  return xml(
    'suspension',
    { xmlns: NS_DRAWBRIDGE_SUSPENSION, ...attributesOf(notice) },
    xml('reason', {}, notice.reason),
  )
}

/** All suspensions in force; an empty list says that service is back to normal. */
export function buildSuspensions(notices: readonly SuspensionNotice[]): Element {
  return xml(
    'suspensions',
    { xmlns: NS_DRAWBRIDGE_SUSPENSION },
    notices.map((notice) => xml('suspension', attributesOf(notice), xml('reason', {}, notice.reason))),
  )
}

/** The suspensions that an element tells about; `undefined` if it says nothing about them. */
export function findSuspensions(parent: Element): SuspensionNotice[] | undefined {
  const list = parent.getChild('suspensions', NS_DRAWBRIDGE_SUSPENSION)
  const items = (list ?? parent).getChildren('suspension', NS_DRAWBRIDGE_SUSPENSION)
  if (!list && items.length === 0) return undefined
  return items.map((item) => ({
    id: item.attrs['id'] ?? '',
    scope: item.attrs['scope'] ?? '',
    mode: item.attrs['mode'] ?? '',
    reason: item.getChildText('reason') ?? '',
    since: findDateTime(item.attrs['since'] ?? ''),
    until: findDateTime(item.attrs['until'] ?? ''),
  }))
}

function attributesOf({ id, scope, mode, since, until }: SuspensionNotice) {
  return { id, scope, mode, since: since && formatDateTime(since), until: until && formatDateTime(until) }
}
