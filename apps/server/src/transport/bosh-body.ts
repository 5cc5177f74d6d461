import { parseElement, StreamFault, xml } from '@drawbridge/xmpp'
import type { Element, XmlLimits } from '@drawbridge/xmpp'

const NS_HTTPBIND = 'http://jabber.org/protocol/httpbind'
const NS_XBOSH = 'urn:xmpp:xbosh'
/** What a `<body/>` may be larger than the one stanza it may carry. */
export const WRAPPER_BYTES = 2_048
/** Largest number that a rid may begin with or reach: what a double counts exactly (XEP-0124 §14.1). */
export const RID_MAX = Number.MAX_SAFE_INTEGER

/** XEP-0124 §17.2: why a session ends, as far as we say so. */
export type Terminal = 'bad-request' | 'host-unknown' | 'item-not-found' | 'policy-violation' | 'remote-stream-error'

/** The protocol that is spoken here. */
const VERSION = [1, 11] as const

/** XEP-0124 §7.2: the client's version or ours, whichever is lower. */
export function versionFor(asked = ''): string {
  const [, major = '', minor = ''] = /^(\d{1,4})\.(\d{1,4})$/.exec(asked) ?? []
  if (major === '') return VERSION.join('.')
  const isLower = Number(major) - VERSION[0] || Number(minor) - VERSION[1]
  return isLower < 0 ? asked : VERSION.join('.')
}

/** XEP-0206 §5: whether the client asks for a new stream. Its namespace counts, not the prefix it has given it. */
export function isRestart({ attrs }: Element): boolean {
  return Object.entries(attrs).some(([name, value]) => {
    const [, prefix] = /^xmlns:(.+)$/.exec(name) ?? []
    return prefix !== undefined && value === NS_XBOSH && attrs[`${prefix}:restart`] === 'true'
  })
}

/** The text of a `<body/>` around what is serialized already (XEP-0206 §3). */
export function wrap(attrs: Readonly<Record<string, string | number>>, content: string): string {
  const declared = { xmlns: NS_HTTPBIND, 'xmlns:xmpp': NS_XBOSH, 'xmlns:stream': 'http://etherx.jabber.org/streams' }
  const empty = xml('body', { ...declared, ...attrs }).toString()
  return content === '' ? empty : `${empty.slice(0, -2)}>${content}</body>`
}

/** The `<body/>` that ends a session. */
export const terminate = (condition: Terminal) => wrap({ type: 'terminate', condition }, '')

/** A body carries one stanza of the largest size, or several smaller ones. */
export function bodyLimits(limits: XmlLimits): XmlLimits {
  return {
    ...limits,
    maxStanzaBytes: limits.maxStanzaBytes + WRAPPER_BYTES,
    maxDepth: limits.maxDepth + 1,
    maxElements: limits.maxElements + 1,
  }
}

/** The session a body names, before it is parsed: only a session that is signed in may send much. */
export function sidIn(text: Buffer): string | undefined {
  return /\bsid=["']([A-Za-z0-9_-]{24})["']/.exec(text.toString('latin1', 0, WRAPPER_BYTES))?.[1]
}

/** A request's `<body/>`; nothing for what is none. */
export function parseBody(text: Buffer, limits: XmlLimits): Element | undefined {
  try {
    const body = parseElement(text, limits)
    return body.is('body', NS_HTTPBIND) ? body : undefined
  } catch (error) {
    if (error instanceof StreamFault) return undefined
    throw error
  }
}

/** A number that a session can count on from; nothing for anything else. */
export function ridOf(body: Element | undefined): number | undefined {
  const text = body?.attrs['rid'] ?? ''
  const rid = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  return rid <= RID_MAX ? rid : undefined
}

/** An attribute that is a number, cut to `max`; nothing for anything else. */
export function numberIn({ attrs }: Element, name: string, max: number): number | undefined {
  const text = attrs[name] ?? ''
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), max) : undefined
}
