import { utf8Bytes } from './characters.ts'
import type { Element } from './element.ts'
import { StanzaFault } from './errors.ts'
import { JidFault, parseJid, type Jid } from './jid.ts'
import { NS_CLIENT, NS_SID } from './ns.ts'

export const MESSAGE_TYPES = ['normal', 'chat', 'groupchat', 'headline', 'error'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** `available` is what a presence without type says. */
export const PRESENCE_TYPES = [
  'available',
  'unavailable',
  'subscribe',
  'subscribed',
  'unsubscribe',
  'unsubscribed',
  'probe',
  'error',
] as const
export type PresenceType = (typeof PRESENCE_TYPES)[number]

export const IQ_TYPES = ['get', 'set', 'result', 'error'] as const
export type IqType = (typeof IQ_TYPES)[number]

interface StanzaBase {
  readonly element: Element
  readonly from: Jid
  readonly to: Jid | undefined
}

export interface MessageStanza extends StanzaBase {
  readonly kind: 'message'
  readonly to: Jid
  readonly id: string | undefined
  readonly type: MessageType
}

export interface PresenceStanza extends StanzaBase {
  readonly kind: 'presence'
  readonly id: string | undefined
  readonly type: PresenceType
}

export interface IqStanza extends StanzaBase {
  readonly kind: 'iq'
  readonly id: string
  readonly type: IqType
}

/** A checked stanza: what the rest of the server works with. */
export type Stanza = MessageStanza | PresenceStanza | IqStanza

/** What the stream knows about a stanza before it is looked at. */
export interface StanzaOrigin {
  /** The sender as authenticated; a `from` inside the stanza is not believed. */
  readonly from: Jid
}

/** The longest `id`, `xml:lang` or origin-id, in bytes of UTF-8. */
export const MAX_ID_BYTES = 1023

/** Whether this is a message, presence or iq of a client stream, whatever may be wrong with it. */
export function isStanzaElement(element: Element): boolean {
  const name = element.getName()
  return (name === 'message' || name === 'presence' || name === 'iq') && element.getNS() === NS_CLIENT
}

/** Checks a first-level element and makes it a stanza. @throws StanzaFault */
export function stanzaFrom(element: Element, origin: StanzaOrigin): Stanza {
  if (!isStanzaElement(element)) throw new StanzaFault({ condition: 'bad-request', text: 'not a stanza' })
  const { id } = element.attrs
  assertShort('id', id)
  assertShort('xml:lang', element.attrs['xml:lang'])
  const to = prepareTo(element)
  const base = { element, from: origin.from, to }
  switch (element.getName()) {
    case 'message': {
      // RFC 6120 §10.3.1: without `to` it is for the sender's own account.
      const own = to ?? origin.from.bare
      if (to === undefined) element.attrs['to'] = own.toString()
      for (const name of ['origin-id', 'stanza-id']) {
        assertShort(name, element.getChild(name, NS_SID)?.attrs['id'])
      }
      const type = messageType(element.attrs['type'])
      // So that whoever gets it takes it for the same: `normal` is what no type means.
      if (type !== element.attrs['type']) delete element.attrs['type']
      return { kind: 'message', ...base, to: own, id, type }
    }
    case 'presence':
      return { kind: 'presence', ...base, id, type: presenceType(element.attrs['type']) }
    default: {
      const type = iqType(element)
      if (id === undefined || id === '') throw new StanzaFault({ condition: 'bad-request', text: 'iq without id' })
      return { kind: 'iq', ...base, id, type }
    }
  }
}

/** The one child element of an iq of type `get` or `set`; also that of a result, if there is one. */
export function findIqPayload(stanza: IqStanza): Element | undefined {
  return stanza.element.getChildElements()[0]
}

/** A type that RFC 6121 §5.2.2 does not define means `normal`. */
function messageType(type: string | undefined): MessageType {
  return MESSAGE_TYPES.find((known) => known === type) ?? 'normal'
}

function presenceType(type: string | undefined): PresenceType {
  if (type === undefined) return 'available'
  const known = PRESENCE_TYPES.find((candidate) => candidate === type)
  if (known === undefined || known === 'available') {
    throw new StanzaFault({ condition: 'bad-request', text: 'unknown type of presence' })
  }
  return known
}

/** RFC 6120 §8.2.3: a request has exactly one child element, a result at most one. */
function iqType(element: Element): IqType {
  const type = IQ_TYPES.find((known) => known === element.attrs['type'])
  if (type === undefined) throw new StanzaFault({ condition: 'bad-request', text: 'unknown type of iq' })
  const count = element.getChildElements().length
  if ((type === 'get' || type === 'set') && count !== 1) {
    throw new StanzaFault({ condition: 'bad-request', text: 'a request has exactly one child element' })
  }
  if (type === 'result' && count > 1) {
    throw new StanzaFault({ condition: 'bad-request', text: 'a result has at most one child element' })
  }
  return type
}

/** RFC 7622 §4: what goes on says the prepared address, so that nobody who gets it has to compare what was typed. */
function prepareTo({ attrs }: Element): Jid | undefined {
  const { to } = attrs
  if (to === undefined) return undefined
  const jid = jidOrFault(to)
  const prepared = jid.toString()
  if (prepared !== to) attrs['to'] = prepared
  return jid
}

/** An address that somebody wrote. @throws StanzaFault `jid-malformed` */
export function jidOrFault(text: string): Jid {
  try {
    return parseJid(text)
  } catch (cause) {
    if (!(cause instanceof JidFault)) throw cause
    throw new StanzaFault({ condition: 'jid-malformed' }, { cause })
  }
}

function assertShort(what: string, value: string | undefined): void {
  if (value === undefined || value.length * 3 <= MAX_ID_BYTES) return
  if (utf8Bytes(value) > MAX_ID_BYTES)
    throw new StanzaFault({ condition: 'policy-violation', text: `${what} too long` })
}
