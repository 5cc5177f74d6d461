import { xml, type Element } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { findJid, type Jid } from '../jid.ts'
import { NS_DATA, NS_DRAWBRIDGE_PUSH, NS_PUBSUB_PUBLISH_OPTIONS } from '../ns.ts'
import { findBase64 } from '../payload/base64.ts'

/** XEP-0357 §5, §6: what a client enables or disables. */
export interface PushRequest {
  readonly service: Jid
  readonly node: string | undefined
}

const NODE_MAX_CHARACTERS = 512
const OPTIONS_MAX_CHARACTERS = 4_096

const badRequest = (text: string) => new StanzaFault({ condition: 'bad-request', text })

/** Reads `<enable/>` or `<disable/>`. @throws StanzaFault `bad-request` without a usable `jid`, or with a huge node */
export function parsePushRequest({ attrs: { jid = '', node } }: Element): PushRequest {
  const service = findJid(jid)
  if (!service) throw badRequest('a push service has to be named')
  if (node === '' || (node ?? '').length > NODE_MAX_CHARACTERS) throw badRequest('no node that could be used')
  return { service, node }
}

/**
 * The publish options in `<enable/>`, to be sent along with each notification.
 * @throws StanzaFault `bad-request` for a form of another kind, or a huge one
 */
export function findPushOptions(enable: Element): Element | undefined {
  const form = enable.getChild('x', NS_DATA)
  if (!form) return undefined
  const kind = form.getChildren('field').find(({ attrs }) => attrs['var'] === 'FORM_TYPE')
  if (kind?.getChildText('value') !== NS_PUBSUB_PUBLISH_OPTIONS) throw badRequest('these are no publish options')
  if (form.toString().length > OPTIONS_MAX_CHARACTERS) throw badRequest('too many publish options')
  return form
}

/** A browser's `PushSubscription`, registered at our own push service (urn:drawbridge:push:1). */
export interface PushRegistration {
  readonly endpoint: string
  readonly p256dh: Uint8Array
  readonly auth: Uint8Array
}

/** Reads `<register/>`. @throws StanzaFault `bad-request` where something is missing or no base64url */
export function parsePushRegistration(register: Element): PushRegistration {
  const bytes = (name: string) => {
    const text = register.getChildText(name, NS_DRAWBRIDGE_PUSH) ?? ''
    const decoded = text.length > 200 ? undefined : findBase64(text.replaceAll('-', '+').replaceAll('_', '/'))
    if (!decoded || decoded.length === 0) throw badRequest(`${name} expected, as base64url`)
    return decoded
  }
  const endpoint = register.getChildText('endpoint', NS_DRAWBRIDGE_PUSH)
  if (endpoint === undefined) throw badRequest('endpoint expected')
  return { endpoint, p256dh: bytes('p256dh'), auth: bytes('auth') }
}

/** The answer to `<register/>`: the node to enable. */
export function buildPushRegistered(node: string): Element {
  return xml('registered', { xmlns: NS_DRAWBRIDGE_PUSH, node })
}

/** What a client needs to know before it subscribes at its browser: our public key, base64url (RFC 8292). */
export function buildPushService(publicKey: string): Element {
  return xml('service', { xmlns: NS_DRAWBRIDGE_PUSH }, xml('public-key', {}, publicKey))
}
