import type { Element, Xml } from '../connection/element.ts'
import {
  NS_AVATAR_METADATA_NOTIFY,
  NS_CAPS,
  NS_CARBONS,
  NS_DISCO_INFO,
  NS_PING,
  NS_RECEIPTS,
  NS_STYLING,
  NS_VERSION,
} from '@drawbridge/xmpp'

/** What people set and see. `offline` is never set but stands for unavailable. */
export const AVAILABILITIES = ['online', 'away', 'dnd', 'offline'] as const
export type Availability = (typeof AVAILABILITIES)[number]

export interface Presence {
  readonly availability: Availability
  readonly status: string
  readonly priority: number
}

const SHOW_TO_AVAILABILITY: Record<string, Availability> = { away: 'away', xa: 'away', dnd: 'dnd', chat: 'online' }

export function parsePresence(stanza: Element): Presence {
  const show = stanza.getChildText('show') ?? ''
  return {
    availability: stanza.attrs['type'] === 'unavailable' ? 'offline' : (SHOW_TO_AVAILABILITY[show] ?? 'online'),
    status: stanza.getChildText('status') ?? '',
    priority: Number(stanza.getChildText('priority')) || 0,
  }
}

/** The presence to show for a contact with several devices: highest priority, then most available. */
export function bestPresence(presences: Iterable<Presence>): Presence | undefined {
  const rank = { online: 3, dnd: 2, away: 1, offline: 0 }
  let best: Presence | undefined
  for (const presence of presences) {
    if (
      best === undefined ||
      presence.priority > best.priority ||
      (presence.priority === best.priority && rank[presence.availability] > rank[best.availability])
    ) {
      best = presence
    }
  }
  return best
}

/** Features the client answers disco#info with, sorted by codepoint as XEP-0115 §5.1 needs. */
export const FEATURES = [
  NS_DISCO_INFO,
  NS_CAPS,
  NS_VERSION,
  NS_CARBONS,
  NS_PING,
  NS_RECEIPTS,
  NS_AVATAR_METADATA_NOTIFY,
  NS_STYLING,
].sort()

const IDENTITY = { category: 'client', type: 'web', name: 'Drawbridge' }

export const CAPS_NODE = 'https://drawbridge.im/web'

/** The verification string (XEP-0115 §5.1). SHA-1 is what the XEP names; nothing rests on its strength. */
export async function capsHash(): Promise<string> {
  const { category, type, name } = IDENTITY
  const input = [`${category}/${type}//${name}`, ...FEATURES].map((part) => `${part}<`).join('')
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(input))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
}

export function buildDiscoInfo(xml: Xml, node: string | undefined): Element {
  return xml(
    'query',
    { xmlns: NS_DISCO_INFO, node },
    xml('identity', IDENTITY),
    ...FEATURES.map((feature) => xml('feature', { var: feature })),
  )
}

export function buildPresence(xml: Xml, availability: Availability, status: string, caps: string): Element {
  return xml(
    'presence',
    {},
    (availability === 'away' || availability === 'dnd') && xml('show', {}, availability),
    status !== '' && xml('status', {}, status),
    xml('c', { xmlns: NS_CAPS, hash: 'sha-1', node: CAPS_NODE, ver: caps }),
  )
}
