import type { Element } from '../connection/element.ts'
import { bareJid } from './jid.ts'
import { NS_ROSTER } from '@drawbridge/xmpp'

/** A contact (RFC 6121 §2.1). */
export interface RosterItem {
  readonly jid: string
  readonly name: string | undefined
  readonly subscription: 'none' | 'to' | 'from' | 'both' | 'remove'
  /** We asked to see their presence and wait for the answer. */
  readonly isPending: boolean
}

export function parseRoster(query: Element): RosterItem[] {
  return query.getChildren('item', NS_ROSTER).flatMap((item) => {
    const { jid, name, subscription, ask } = item.attrs
    if (jid === undefined) return []
    const known = (['none', 'to', 'from', 'both', 'remove'] as const).find((state) => state === subscription)
    return [
      { jid: bareJid(jid), name: name || undefined, subscription: known ?? 'none', isPending: ask === 'subscribe' },
    ]
  })
}

/** We may see this contact's presence. */
export function isSubscribed(item: RosterItem | undefined): boolean {
  return item?.subscription === 'to' || item?.subscription === 'both'
}
