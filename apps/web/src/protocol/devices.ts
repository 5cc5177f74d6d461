import { NS_CLIENT_ACCESS, NS_DRAWBRIDGE_CLIENT } from '@drawbridge/xmpp'
import type { Element, Xml } from '../connection/element.ts'

/** A client with access to the account (XEP-0494 §3.1). */
export interface Device {
  readonly id: string
  /** The one before the person. */
  readonly isThis: boolean
  readonly isConnected: boolean
  /** Product and version as far as known, such as `drawbridge-web 1.2.3`; undefined when it has said nothing. */
  readonly software: string | undefined
  /** Operating system, or what the person calls the device. */
  readonly place: string | undefined
  /** Milliseconds since 1970. */
  readonly lastSeenAt: number | undefined
  readonly firstSeenAt: number | undefined
  /** Ending its access keeps it out only until it gives the password again. */
  readonly knowsPassword: boolean
}

export function buildDevicesRequest(xml: Xml): Element {
  return xml('list', { xmlns: NS_CLIENT_ACCESS })
}

export function buildRevocation(xml: Xml, id: string): Element {
  return xml('revoke', { xmlns: NS_CLIENT_ACCESS, id })
}

/** The clients in an answer: this one first, then connected ones, then by when they were last here. */
export function parseDevices(iq: Element): Device[] {
  const clients = iq.getChild('clients', NS_CLIENT_ACCESS)?.getChildren('client') ?? []
  return clients
    .map(parseDevice)
    .toSorted(
      (a, b) =>
        Number(b.isThis) - Number(a.isThis) ||
        Number(b.isConnected) - Number(a.isConnected) ||
        (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0),
    )
}

function parseDevice(client: Element): Device {
  const agent = client.getChild('user-agent')
  const known = client.getChild('client', NS_DRAWBRIDGE_CLIENT)?.attrs ?? {}
  const named = known['name'] && [known['name'], known['version']].filter(Boolean).join(' ')
  return {
    id: client.attrs['id'] ?? '',
    isThis: client.getChild('this', NS_DRAWBRIDGE_CLIENT) !== undefined,
    isConnected: client.attrs['connected'] === 'true' || client.attrs['connected'] === '1',
    software: named || agent?.getChildText('software') || undefined,
    place: agent?.getChildText('device') || systemFrom(known['os']),
    lastSeenAt: timeFrom(client.getChildText('last-seen')),
    firstSeenAt: timeFrom(client.getChildText('first-seen')),
    knowsPassword: client.getChild('auth')?.getChild('password') !== undefined,
  }
}

const SYSTEMS: Readonly<Record<string, string>> = {
  android: 'Android',
  ios: 'iOS',
  linux: 'Linux',
  macos: 'macOS',
  windows: 'Windows',
}

/** Operating systems as our own clients announce them: a word in lower case. */
function systemFrom(word: string | undefined): string | undefined {
  return word !== undefined && Object.hasOwn(SYSTEMS, word) ? SYSTEMS[word] : word || undefined
}

function timeFrom(text: string | null | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
