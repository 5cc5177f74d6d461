import { xml, type Element } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { findJid, type Jid } from '../jid.ts'
import { NS_DATA, NS_DRAWBRIDGE_PUSH, NS_PUBSUB, NS_PUBSUB_PUBLISH_OPTIONS, NS_PUSH, NS_PUSH_SUMMARY } from '../ns.ts'
import { findBase64 } from '../payload/base64.ts'
import { buildForm } from './forms.ts'

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
 * The publish options in `<enable/>`, to be sent along with each notification: its fields, as a form that is submitted.
 * @throws StanzaFault `bad-request` for a form of another kind, or a huge one
 */
export function findPushOptions(enable: Element): Element | undefined {
  const form = enable.getChild('x', NS_DATA)
  if (!form) return undefined
  const kind = form.getChildren('field').find(({ attrs }) => attrs['var'] === 'FORM_TYPE')
  if (kind?.getChildText('value') !== NS_PUBSUB_PUBLISH_OPTIONS) throw badRequest('these are no publish options')
  const fields = form.getChildren('field').flatMap((field) => {
    const { var: name } = field.attrs
    const values = field.getChildren('value').map((value) => value.getText())
    return name === undefined || name === 'FORM_TYPE' ? [] : [{ name, values }]
  })
  const options = buildForm({ type: 'submit', formType: NS_PUBSUB_PUBLISH_OPTIONS, fields })
  if (options.toString().length > OPTIONS_MAX_CHARACTERS) throw badRequest('too many publish options')
  return options
}

/** What an app server is told (XEP-0357 §7). */
export interface PushNotification {
  readonly node: string | undefined
  /** Fields of `urn:xmpp:push:summary`. */
  readonly summary: Readonly<Record<string, string | number>>
  /** See `findPushOptions`. */
  readonly options: Element | undefined
}

/** XEP-0357 §7: the payload that publishes a notification at a push service. */
export function buildPushPublish({ node, summary, options }: PushNotification): Element {
  const fields = Object.entries(summary).map(([name, value]) => ({ name, values: [String(value)] }))
  const form = buildForm({ type: 'submit', formType: NS_PUSH_SUMMARY, fields })
  return xml(
    'pubsub',
    { xmlns: NS_PUBSUB },
    xml('publish', { node }, xml('item', {}, xml('notification', { xmlns: NS_PUSH }, form))),
    options && xml('publish-options', {}, options),
  )
}

/** XEP-0357 §8: the node that its push service takes no more notifications for, if an element says so to `account`. */
export function findPushStop(message: Element, account: string): string | undefined {
  const pubsub = message.getChild('pubsub', NS_PUBSUB)
  const affiliations = pubsub?.getChildren('affiliation') ?? []
  const isStop = affiliations.some(({ attrs }) => attrs['affiliation'] === 'none' && attrs['jid'] === account)
  return isStop ? pubsub?.attrs['node'] : undefined
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
