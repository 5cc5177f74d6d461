import { xml, type Element } from '../element.ts'
import { NS_DRAWBRIDGE_SUSPENSION } from '../ns.ts'
import { findDateTime, formatDateTime } from './date-time.ts'

/** A suspension in force, as clients are told about it. `scope` and `mode` are words of the policy. */
export interface SuspensionNotice {
  readonly id: string
  readonly scopes: readonly string[]
  readonly mode: string
  readonly reason: string
  /** The reason in other languages, by language tag. */
  readonly reasons: Readonly<Record<string, string>>
  readonly since?: Date | undefined
  readonly until?: Date | undefined
}

/** One suspension, for a stream error. */
export function buildSuspension(notice: SuspensionNotice): Element {
  return xml('suspension', { xmlns: NS_DRAWBRIDGE_SUSPENSION, ...attributesOf(notice) }, reasonsOf(notice))
}

/** All suspensions in force; an empty list says that service is back to normal. */
export function buildSuspensions(notices: readonly SuspensionNotice[]): Element {
  return xml(
    'suspensions',
    { xmlns: NS_DRAWBRIDGE_SUSPENSION },
    notices.map((notice) => xml('suspension', attributesOf(notice), reasonsOf(notice))),
  )
}

/** The suspensions that an element tells about; `undefined` if it says nothing about them. */
export function findSuspensions(parent: Element): SuspensionNotice[] | undefined {
  const list = parent.getChild('suspensions', NS_DRAWBRIDGE_SUSPENSION)
  const items = (list ?? parent).getChildren('suspension', NS_DRAWBRIDGE_SUSPENSION)
  if (!list && items.length === 0) return undefined
  return items.map((item) => ({
    id: item.attrs['id'] ?? '',
    scopes: (item.attrs['scopes'] ?? '').split(' ').filter((scope) => scope !== ''),
    mode: item.attrs['mode'] ?? '',
    ...findReasons(item),
    since: findDateTime(item.attrs['since'] ?? ''),
    until: findDateTime(item.attrs['until'] ?? ''),
  }))
}

/** A message that the server keeps back. What its sender knows it by may be absent: then the archive's id is all there is. */
export interface HeldNotice {
  /** Origin-id, or id of the stanza. */
  readonly id: string | undefined
  /** In the archive (XEP-0359). */
  readonly stanzaId: string
  readonly suspension: string
}

export function buildHeld({ id, stanzaId, suspension }: HeldNotice): Element {
  return xml('held', { xmlns: NS_DRAWBRIDGE_SUSPENSION, id, 'stanza-id': stanzaId, suspension })
}

/** Messages that are kept back no longer, by what their sender knows them by. */
export function buildReleased(messages: readonly Omit<HeldNotice, 'suspension'>[]): Element {
  const names = messages.map(({ id, stanzaId }) => xml('message', { id, 'stanza-id': stanzaId }))
  return xml('released', { xmlns: NS_DRAWBRIDGE_SUSPENSION }, names)
}

/** What is so for one session: the suspensions that concern it, and messages of its account that are kept back. */
export function buildServiceState(notices: readonly SuspensionNotice[], held: readonly HeldNotice[]): Element {
  return xml('state', { xmlns: NS_DRAWBRIDGE_SUSPENSION }, buildSuspensions(notices), held.map(buildHeld))
}

/** Same-named elements told apart by their language (RFC 6120 §4.7.4, as in RFC 6121 §5.2.3). */
function reasonsOf({ reason, reasons }: SuspensionNotice): Element[] {
  const others = Object.entries(reasons).map(([language, text]) => xml('reason', { 'xml:lang': language }, text))
  return [xml('reason', {}, reason), ...others]
}

function findReasons(item: Element): Pick<SuspensionNotice, 'reason' | 'reasons'> {
  const all = item.getChildren('reason')
  const reason = all.find(({ attrs }) => attrs['xml:lang'] === undefined)?.getText() ?? ''
  const reasons = all.flatMap((element) => {
    const language = element.attrs['xml:lang']
    return language === undefined ? [] : [[language, element.getText()] as const]
  })
  return { reason, reasons: Object.fromEntries(reasons) }
}

function attributesOf({ id, scopes, mode, since, until }: SuspensionNotice) {
  return {
    id,
    scopes: scopes.join(' '),
    mode,
    since: since && formatDateTime(since),
    until: until && formatDateTime(until),
  }
}
